using System.Diagnostics;
using Kilonova.Integration.Cluster;

namespace Kilonova.Benchmarks.Clusters;

/// <summary>Which process of a cluster uses how much CPU: what a figure is bounded by, whoever else uses the machine.</summary>
internal sealed class CpuMeter
{
    private readonly (string Name, Func<TimeSpan> Read)[] processes;
    private readonly TimeSpan[] before;
    private readonly long began = Stopwatch.GetTimestamp();

    /// <summary>Begins.</summary>
    public CpuMeter(TestCluster cluster)
    {
        processes =
        [
            ("API server", () => ProcessUsage.OfPlane(cluster, "api").Cpu),
            ("etcd", () => ProcessUsage.OfPlane(cluster, "etcd").Cpu),
            ("operator", () => ProcessUsage.Of(cluster, "operator-1").Cpu),
            ("agents", () => cluster.Hosts.Aggregate(TimeSpan.Zero, (sum, host) => sum + ProcessUsage.Of(cluster, $"agent-{host}").Cpu)),
            ("this benchmark, which creates and watches", () => Process.GetCurrentProcess().TotalProcessorTime),
        ];
        before = [.. processes.Select(p => p.Read())];
    }

    /// <summary>Ends, and prints what each process used for one of so many things.</summary>
    public void Print(string title, int count)
    {
        var elapsed = Stopwatch.GetElapsedTime(began);
        var used = processes.Select((p, i) => p.Read() - before[i]).ToArray();
        var all = used.Aggregate(TimeSpan.Zero, (sum, time) => sum + time);
        var table = new Table("process", "CPU, each", "of a core");
        foreach (var (name, time) in processes.Select(p => p.Name).Zip(used).Append(("all of them", all)))
            table.Add(name, Table.Time(time.TotalMicroseconds / count), $"{100 * time / elapsed:0} %");
        table.Print($"{title}: CPU time, by which {Environment.ProcessorCount} cores of our own could do {Environment.ProcessorCount * count / all.TotalSeconds:0} in a second");
    }
}
