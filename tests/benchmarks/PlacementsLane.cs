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
        var placements = options.Number("--placements", 400);
        options.End();
        await using var cluster = await BenchCluster.StartAsync(new ClusterShape(Hosts: 0, TestHosts: 5));
        await BurstAsync(cluster, figures);
        await PlacementsPerSecondAsync(cluster, figures, placements);
    }

    private static async Task BurstAsync(BenchCluster cluster, Figures figures)
    {
        // A round as large before: compiles what is run, and has each host fetch the image.
        var warm = await cluster.CreateAsync("warm", Burst);
        await cluster.WaitAsync(warm, Milestone.Active);
        await cluster.DeleteAsync(warm);
        var table = new Table($"{Burst} at once", "p50", "p95");
        var cpu = new CpuMeter(cluster.Parts);
        var ids = await cluster.CreateAsync("burst", Burst);
        await cluster.WaitAsync(ids, Milestone.Active);
        cpu.Print($"{Burst} Servers at once, from the create call to Active", Burst);
        await cluster.DeleteAsync(ids);
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
            () => cluster.Servers.List().Count(s => s.Status?.Conditions?.Any(c => c is { Type: "Ready", Reason: "ImageNotFound" }) == true) == count, "all servers wait for their image", seconds: 240);

        var cpu = new CpuMeter(cluster.Parts);
        var began = Stopwatch.GetTimestamp();
        await cluster.CreateImageAsync("late");
        await cluster.WaitAsync(ids, Milestone.Ordered, TimeSpan.FromMinutes(4));
        var all = count / Stopwatch.GetElapsedTime(began).TotalSeconds;
        cpu.Print($"{count} placements (claim, bind, Instance) on {HollowHosts} hosts", count);

        var order = ids.Select(id => cluster.Seen.At(id, Milestone.Bound)).Order().ToArray();
        var sustained = (count * 0.8) / Stopwatch.GetElapsedTime(order[count / 10], order[count * 9 / 10]).TotalSeconds;
        Console.WriteLine($"\nplacements per second: {all:0} from the first to the last Instance, {sustained:0} from the 10th to the 90th of a hundred binds");
        figures.AtLeast("placements per s through the API server", sustained, 150, Table.Count);
    }
}
