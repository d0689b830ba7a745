using System.Diagnostics;
using Kilonova.Benchmarks.Clusters;
using Kilonova.Crds;
using Kilonova.Integration.Cluster;
using Kilonova.Operator.Tests.Live;

namespace Kilonova.Benchmarks;

/// <summary>
/// How fast servers find their hosts: a hundred at once on five hosts with libvirt's test driver, from the create call to Active; and placements per second
/// through the real API server, on hollow hosts that do not answer, so that claim, bind and Instance are all there is to do.
/// </summary>
internal static class PlacementsLane
{
    private const int Burst = 100;
    private const int HollowHosts = 20;

    public static async Task RunAsync(LaneOptions options, Figures figures)
    {
        var placements = options.Number("--placements", 800);
        options.End();
        await using var cluster = await BenchCluster.StartAsync(new ClusterShape(Hosts: 0, TestHosts: 5));
        await BurstAsync(cluster, figures);
        await PlacementsPerSecondAsync(cluster, figures, placements);
    }

    private static async Task BurstAsync(BenchCluster cluster, Figures figures)
    {
        // Compiles what is run, and has each host fetch the image.
        await RoundAsync(cluster, "warm", 25);
        var table = new Table($"{Burst} at once", "p50", "p95");
        var ids = await RoundAsync(cluster, "burst", Burst);
        Row("create call → answered and bound", Milestone.Asked, Milestone.Bound);
        Row("bound → Instance written", Milestone.Bound, Milestone.Ordered);
        Row("Instance written → its status says Running", Milestone.Ordered, Milestone.Reported);
        Row("… → Server Active and Ready", Milestone.Reported, Milestone.Active);
        var active = Row("create call → Active and Ready", Milestone.Asked, Milestone.Active);
        table.Print($"{Burst} Servers at once on {cluster.Parts.Hosts.Count} test-driver hosts");
        figures.AtMost($"{Burst} at once on test-driver hosts: create call → Active, p50", active.P50, 1.5e6, Table.Time);
        figures.AtMost($"{Burst} at once on test-driver hosts: create call → Active, p95", active.P95, 3e6, Table.Time);

        Series Row(string what, Milestone from, Milestone to)
        {
            var series = new Series();
            foreach (var id in ids)
                series.Add(cluster.Seen.Between(id, from, to));
            table.Add(what, Table.Time(series.P50), Table.Time(series.P95));
            return series;
        }
    }

    private static async Task<IReadOnlyList<string>> RoundAsync(BenchCluster cluster, string prefix, int count)
    {
        var ids = await cluster.CreateAsync(prefix, count);
        await cluster.WaitAsync(ids, Milestone.Active);
        await cluster.DeleteAsync(ids);
        return ids;
    }

    // The servers wait for an image first: their creation, finalizers and the operator's first look are over when the clock starts.
    private static async Task PlacementsPerSecondAsync(BenchCluster cluster, Figures figures, int count)
    {
        foreach (var host in cluster.Parts.Hosts)
            await cluster.EnableAsync(host, false);
        await using var hollow = new HollowHosts(cluster.Client) { Answers = _ => false };
        await hollow.AddAsync(HollowHosts, slots: 1 + (2 * count / HollowHosts), prefix: "hollow");
        hollow.Start();
        var ids = await cluster.CreateAsync("placed", count, image: "late");
        await Operator.Tests.Live.Eventually.Is(
            () => cluster.Servers.List().Count(s => s.Status?.Conditions?.Any(c => c is { Type: "Ready", Reason: "ImageNotFound" }) == true) == count, "all servers wait for their image", seconds: 120);

        string[] processes = ["operator-1", "api", "etcd"];
        var before = processes.Select(Usage).ToArray();
        var own = Process.GetCurrentProcess().TotalProcessorTime;
        var began = Stopwatch.GetTimestamp();
        await cluster.CreateImageAsync("late");
        await cluster.WaitAsync(ids, Milestone.Ordered);
        var elapsed = Stopwatch.GetElapsedTime(began);
        var after = processes.Select(Usage).ToArray();
        own = Process.GetCurrentProcess().TotalProcessorTime - own;

        var order = ids.Select(id => cluster.Seen.At(id, Milestone.Bound)).Order().ToArray();
        var (first, last) = (order[count / 10], order[count * 9 / 10]);
        var sustained = (count * 0.8) / Stopwatch.GetElapsedTime(first, last).TotalSeconds;
        var table = new Table($"{count} placements on {HollowHosts} hosts", "value");
        table.Add("placements per s, from the 10th to the 90th of a hundred", Table.Count(sustained));
        table.Add("placements per s, all, Instances written", Table.Count(count / elapsed.TotalSeconds));
        foreach (var (name, used) in processes.Zip(before.Zip(after, (b, a) => a.Cpu - b.Cpu)).Append(("this benchmark, which watches", own)))
            table.Add($"CPU of {name}, per placement", $"{Table.Time(used.TotalMicroseconds / count)}, {100 * used / elapsed:0} % of a core");
        table.Print("Placements through the API server: claim, bind, Instance");
        figures.AtLeast("placements per s through the API server", sustained, 150, Table.Count);

        ProcessUsage Usage(string name) => name is "api" or "etcd" ? ProcessUsage.OfPlane(cluster.Parts, name) : ProcessUsage.Of(cluster.Parts, name);
    }
}
