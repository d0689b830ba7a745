using System.Diagnostics;
using System.Reflection;

namespace Kilonova.Benchmarks;

/// <summary>What a reader must know of the machine to judge the figures.</summary>
internal static class Machine
{
    /// <summary>Whether this program was compiled with optimisation.</summary>
    public static bool IsOptimised => Assembly.GetExecutingAssembly().GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled != true;

    /// <summary>Load of the last minute, 5 and 15 minutes: others share the machine.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";
}
