using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Kilonova.Benchmarks;

/// <summary>What a reader must know of the machine to judge the figures.</summary>
internal static partial class Machine
{
    /// <summary>Whether this program was compiled with optimisation.</summary>
    public static bool IsOptimised => Assembly.GetExecutingAssembly().GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled != true;

    /// <summary>Load of the last minute, 5 and 15 minutes: others share the machine.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";

    /// <summary>CPU time that the calling thread has used.</summary>
    public static double ThreadCpuMicroseconds()
    {
        if (ClockGetTime(ThreadCpuClock, out var time) != 0) throw new InvalidOperationException($"clock_gettime: {Marshal.GetLastPInvokeErrorMessage()}");
        return (time.Seconds * 1e6) + (time.Nanoseconds / 1e3);
    }

    private const int ThreadCpuClock = 3; // CLOCK_THREAD_CPUTIME_ID

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
