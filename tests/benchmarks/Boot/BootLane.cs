using Kilonova.Benchmarks.Clusters;
using Kilonova.Integration.Cluster;
using Kilonova.Libvirt.Domains;

namespace Kilonova.Benchmarks.Boot;

/// <summary>
/// From the create call to a running guest, on one host with QEMU that has the image: against libvirt's define and start of the same domain, turn by turn. The
/// baseline speaks to libvirtd over an open connection, which is less than virsh does.
/// </summary>
internal static class BootLane
{
    private const int WarmUp = 2;

    public static async Task RunAsync(LaneOptions options, Figures figures)
    {
        var rounds = options.Number("--rounds", 10);
        var consoles = options.Number("--consoles", 4);
        options.End();
        await using var cluster = await BenchCluster.StartAsync(new ClusterShape(Hosts: 1));
        await using var host = await BenchHost.ConnectAsync(cluster, cluster.Parts.Hosts[0]);

        var ours = new Parts();
        var theirs = new BaselineSeries();
        Baseline? baseline = null;
        for (var round = -WarmUp; round < rounds; round++)
        {
            // Whoever comes second finds warmer caches: they take turns in that too.
            // A guest takes seconds under emulation to its first line: not all of them are waited for.
            var listens = round >= rounds - consoles;
            if (round % 2 != 0 && baseline is not null)
                theirs.Add(await baseline.RunAsync(listens), round >= 0);
            var id = await cluster.CreateAsync(BenchCluster.NewServer($"boot-{round + WarmUp:00}"));
            await cluster.Seen.WaitAsync(id, Milestone.Active);
            await cluster.Seen.WaitAsync(id, Milestone.Reported); // seen by another watch, which may lag
            if (listens)
            {
                await BenchHost.SpokenAsync(Path.Combine(host.Host.State, "instances", id, "console.log"));
                cluster.Seen.Note(id, Milestone.Spoke);
                ours.Console.Add(cluster.Seen.Between(id, Milestone.Asked, Milestone.Spoke));
            }

            baseline ??= await BaselineOfAsync(host, id);
            if (round >= 0)
                ours.Add(cluster.Seen, id, host.TimesOf(id));
            await cluster.DeleteAsync([id]);
            if (round % 2 == 0)
                theirs.Add(await baseline.RunAsync(listens), round >= 0);
        }

        Print(ours, theirs);
        var limit = (1.3 * theirs.Running.P50) + 150_000;
        figures.AtMost("apply → domain running, p50 (1.3 × define+start + 150 ms)", ours.Running.P50, limit, Table.Time);
        figures.AtMost("apply → Active and Ready, p50 (the same)", ours.Active.P50, limit, Table.Time);
    }

    private static async Task<Baseline> BaselineOfAsync(BenchHost host, string id)
    {
        var drive = Directory.EnumerateFiles(Path.Combine(host.Host.State, "instances", id), "*.iso").Single();
        return new Baseline(host, await host.Libvirt.Domains.GetXmlAsync(Guid.ParseExact(id, "D"), DomainXmlFlags.Inactive), id, await File.ReadAllBytesAsync(drive));
    }

    private static void Print(Parts ours, BaselineSeries theirs)
    {
        var table = new Table($"{ours.Running.Count} guests each", "p50", "p95", "libvirt p50", "p95", "ratio of p50", "difference of p50");
        Row("apply → domain running", ours.Running, theirs.Running);
        Row("apply → Active and Ready", ours.Active, theirs.Running);
        Row($"apply → guest's first line ({ours.Console.Count} guests each)", ours.Console, theirs.Console);
        table.Print("From the create call, against define + start of the same XML by libvirt alone (open connection, disks made before)");

        var parts = new Table("part", "p50", "p95", "libvirt p50");
        foreach (var (what, series) in ours.All)
            parts.Add(what, Table.Time(series.P50), Table.Time(series.P95), what == Parts.Define ? Table.Time(theirs.Define.P50) : what == Parts.Start ? Table.Time(theirs.Start.P50) : "");
        parts.Print("Where the time goes: the parts of apply → Active and Ready, one after the other");

        void Row(string what, Series mine, Series other) => table.Add(
            what, Table.Time(mine.P50), Table.Time(mine.P95), Table.Time(other.P50), Table.Time(other.P95), Table.Ratio(mine.P50 / other.P50), Table.Time(mine.P50 - other.P50));
    }

    /// <summary>Times of the baseline.</summary>
    private sealed class BaselineSeries
    {
        public Series Define { get; } = new();

        public Series Start { get; } = new();

        public Series Running { get; } = new();

        public Series Console { get; } = new();

        public void Add(Baseline.Times times, bool counts)
        {
            if (!counts)
                return;
            Define.Add(times.Define);
            Start.Add(times.Start);
            Running.Add(times.Running);
            if (times.Console is { } console)
                Console.Add(console);
        }
    }
}
