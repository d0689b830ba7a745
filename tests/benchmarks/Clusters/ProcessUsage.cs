using System.Globalization;
using Kilonova.Integration.Cluster;

namespace Kilonova.Benchmarks.Clusters;

/// <summary>What a process of a cluster has used, from /proc.</summary>
/// <param name="Cpu">CPU time so far, of user and kernel.</param>
/// <param name="ResidentBytes">Memory that it holds now.</param>
internal sealed record ProcessUsage(TimeSpan Cpu, long ResidentBytes)
{
    private const double TicksPerSecond = 100; // USER_HZ of Linux on every architecture that .NET runs on

    /// <summary>Reads a component started by <c>tests/local-cluster</c>, for instance <c>operator-1</c>.</summary>
    public static ProcessUsage Of(TestCluster cluster, string component) => Of(Pid(Path.Combine(cluster.Directory, "pids", component)));

    /// <summary>Reads the API server or etcd.</summary>
    public static ProcessUsage OfPlane(TestCluster cluster, string process) => Of(Pid(Path.Combine(cluster.Directory, "plane", $"{process}.pid")));

    private static ProcessUsage Of(int pid)
    {
        // The command, in parentheses, may hold anything; the fields after it are numbers, utime and stime the 12th and 13th of them.
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        var resident = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return new ProcessUsage(TimeSpan.FromSeconds(ticks / TicksPerSecond), long.Parse(resident, CultureInfo.InvariantCulture) * 1024);
    }

    private static int Pid(string file) => int.Parse(File.ReadAllText(file).Split(' ', '\n')[0], CultureInfo.InvariantCulture);
}
