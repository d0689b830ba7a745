using System.Diagnostics;

namespace Kilonova.Benchmarks;

/// <summary>Times of one operation, repeated.</summary>
internal sealed class Measurement
{
    private readonly double[] wall;
    private readonly double[] cpu;

    private Measurement(double[] wall, double[] cpu, long bytes)
    {
        Array.Sort(wall);
        Array.Sort(cpu);
        this.wall = wall;
        this.cpu = cpu;
        Bytes = bytes;
    }

    /// <summary>Mean CPU time of one operation: what it costs, whoever else uses the machine.</summary>
    public double CpuMicroseconds => cpu.Average();

    /// <summary>Bytes allocated by one operation.</summary>
    public long Bytes { get; }

    /// <summary>Median time by the clock.</summary>
    public double P50 => At(wall, 0.50);

    /// <summary>99th percentile by the clock, waits for a CPU included.</summary>
    public double P99 => At(wall, 0.99);

    /// <summary>99th percentile of CPU time.</summary>
    public double P99Cpu => At(cpu, 0.99);

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
        var (wall, cpu) = (new double[count], new double[count]);
        GC.Collect();
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < count; i++)
        {
            var cpuStart = Machine.ThreadCpuMicroseconds();
            var start = Stopwatch.GetTimestamp();
            operation();
            wall[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            cpu[i] = Machine.ThreadCpuMicroseconds() - cpuStart;
        }

        bytes = (GC.GetAllocatedBytesForCurrentThread() - bytes) / count;
        return new Measurement(wall, cpu, bytes);
    }

    private static double At(double[] sorted, double quantile) => sorted[(int)(quantile * (sorted.Length - 1))];
}
