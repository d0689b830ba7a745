using System.Diagnostics;

namespace Kilonova.Benchmarks;

/// <summary>Times of one operation, repeated.</summary>
internal sealed class Measurement
{
    private readonly double[] microseconds;

    private Measurement(double[] microseconds, TimeSpan cpu, long bytes)
    {
        this.microseconds = microseconds;
        CpuMicroseconds = cpu.TotalMicroseconds / microseconds.Length;
        Bytes = bytes;
    }

    /// <summary>CPU time of one operation: what it costs, whoever else uses the machine.</summary>
    public double CpuMicroseconds { get; }

    /// <summary>Bytes allocated by one operation.</summary>
    public long Bytes { get; }

    public double P50 => At(0.50);

    public double P99 => At(0.99);

    /// <summary>Operations in a second of one core.</summary>
    public double PerSecond => 1e6 / CpuMicroseconds;

    /// <summary>Runs an operation for about a second after warming up, and at least 20 times.</summary>
    public static Measurement Of(Action operation, double seconds = 1.0)
    {
        var warmUp = Stopwatch.StartNew();
        var rounds = 0;
        // Tiered compilation replaces code in the background; half a second is enough for it to settle.
        while (warmUp.Elapsed.TotalSeconds < seconds / 2 || rounds < 5)
        {
            operation();
            rounds++;
        }

        var count = Math.Clamp((int)(rounds * seconds / warmUp.Elapsed.TotalSeconds), 20, 100_000);
        var times = new double[count];
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var cpu = process.TotalProcessorTime;
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            operation();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        process.Refresh();
        cpu = process.TotalProcessorTime - cpu;
        bytes = (GC.GetAllocatedBytesForCurrentThread() - bytes) / count;
        Array.Sort(times);
        return new Measurement(times, cpu, bytes);
    }

    private double At(double quantile) => microseconds[(int)(quantile * (microseconds.Length - 1))];
}
