using Kilonova.Benchmarks.Clusters;
using Kilonova.Integration.Cluster;

namespace Kilonova.Benchmarks;

/// <summary>
/// What a Server costs the API server: writes of ours from apply to Active, and for its deletion, counted by the API server. One server on a host with QEMU,
/// then twenty at once on hosts with libvirt's test driver.
/// </summary>
internal static class WritesLane
{
    private const int Many = 20;

    public static async Task RunAsync(LaneOptions options, Figures figures)
    {
        options.End();
        await using var cluster = await BenchCluster.StartAsync(new ClusterShape(Hosts: 1, TestHosts: 2));
        var (qemu, others) = (cluster.Parts.Hosts[0], cluster.Parts.Hosts.Skip(1).ToList());

        // The first fetches the image and whatever else is done once.
        foreach (var host in others)
            await cluster.EnableAsync(host, false);
        await RoundAsync(cluster, "warm", 1);
        var one = await RoundAsync(cluster, "one", 1);
        foreach (var host in others)
            await cluster.EnableAsync(host, true);
        await cluster.EnableAsync(qemu, false);
        await RoundAsync(cluster, "warm-many", others.Count);
        var many = await RoundAsync(cluster, "many", Many);

        Print("Writes from apply to Active, per Server (its user's own create included)", one.Create, many.Create);
        Print("Writes for a deletion, per Server (its user's own delete included)", one.Delete, many.Delete);
        foreach (var (count, writes) in new[] { (1, one.Create), (Many, many.Create) })
        {
            var of = count == 1 ? "1 server" : $"{count} servers";
            figures.AtMost($"{of}: writes on the Server by us, each", Sum(writes, "servers", userVerb: "POST") / count, 3, Number);
            figures.AtMost($"{of}: writes on the host's provider, each", Sum(writes, "resourceproviders") / count, 1, Number);
            figures.AtMost($"{of}: writes on the Instance, each", Sum(writes, "instances") / count, 3, Number);
        }
    }

    private static async Task<(IReadOnlyDictionary<RequestKind, long> Create, IReadOnlyDictionary<RequestKind, long> Delete)> RoundAsync(BenchCluster cluster, string prefix, int count)
    {
        var before = await RequestCounts.SettledAsync(cluster.Parts.Kubectl);
        var ids = await cluster.CreateAsync(prefix, count);
        await cluster.WaitAsync(ids, Milestone.Active);
        var active = await RequestCounts.SettledAsync(cluster.Parts.Kubectl);
        await cluster.DeleteAsync(ids);
        var gone = await RequestCounts.SettledAsync(cluster.Parts.Kubectl);
        return (active.WritesSince(before), gone.WritesSince(active));
    }

    private static double Sum(IReadOnlyDictionary<RequestKind, long> writes, string resource, string? userVerb = null) => writes
        .Where(w => w.Key.Accepted && (w.Key.Resource == resource || w.Key.Resource.StartsWith(resource + "/", StringComparison.Ordinal)) && (userVerb is null || w.Key.Resource != resource || w.Key.Verb != userVerb))
        .Sum(w => w.Value);

    private static void Print(string title, IReadOnlyDictionary<RequestKind, long> one, IReadOnlyDictionary<RequestKind, long> many)
    {
        var table = new Table("write", "1 server", $"{Many} servers, each");
        foreach (var kind in one.Keys.Union(many.Keys).OrderByDescending(k => k.Accepted).ThenBy(k => k.Resource, StringComparer.Ordinal).ThenBy(k => k.Verb, StringComparer.Ordinal))
            table.Add($"{kind.Verb} {kind.Resource}{(kind.Accepted ? "" : ", refused")}", Number(one.GetValueOrDefault(kind)), Number(many.GetValueOrDefault(kind) / (double)Many));
        table.Print(title);
    }

    private static string Number(double value) => value.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture);
}
