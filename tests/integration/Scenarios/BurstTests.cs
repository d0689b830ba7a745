using System.Text.Json.Nodes;
using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>Many servers at once.</summary>
public sealed class BurstTests
{
    [Fact]
    public async Task Sixty_servers_at_once_run_on_two_hosts()
    {
        await using var cluster = await TestCluster.StartAsync(new ClusterShape(Hosts: 2));
        var fleet = new Fleet(cluster);
        await fleet.PrepareAsync();
        foreach (var host in cluster.Hosts)
            await SetRatiosAsync(cluster, host, cpu: 64);

        await cluster.Kubectl.ApplyAsync(Servers(fleet, 60), "--server-side");
        await PhasesAsync(cluster, fleet, "Active", 60, minutes: 8);
        var running = 0;
        foreach (var host in cluster.Hosts)
            running += (await cluster.Host(host).QemuPidsAsync()).Count;
        Assert.Equal(60, running);

        await cluster.Kubectl.RunAsync("-n", fleet.Project, "delete", "servers", "--all", "--wait=false");
        await Eventually.True(
            "all are gone", async () => (await cluster.Kubectl.ListAsync("servers", fleet.Project)).Count == 0, TimeSpan.FromMinutes(3));

        foreach (var host in cluster.Hosts)
            await fleet.AssertNothingLeftAsync(host);
    }

    [Fact]
    public async Task Of_two_hundred_servers_as_many_run_as_there_is_room_for_and_the_rest_wait_with_the_reason()
    {
        const int Hosts = 5, RoomPerHost = 30, All = 200, Room = Hosts * RoomPerHost;
        await using var cluster = await TestCluster.StartAsync(new ClusterShape(Hosts: 0, TestHosts: Hosts));
        var fleet = new Fleet(cluster);
        await fleet.PrepareAsync();
        foreach (var host in cluster.Hosts)
        {
            var provider = await cluster.Kubectl.GetAsync("resourceprovider", host);
            var cpus = (double)provider!["spec"]!["inventories"]!.AsArray().Single(i => (string?)i!["resourceClass"] == "VCPU")!["total"]!;
            await SetRatiosAsync(cluster, host, RoomPerHost / cpus);
        }

        await cluster.Kubectl.ApplyAsync(Servers(fleet, All), "--server-side");
        var servers = await PhasesAsync(cluster, fleet, "Active", Room, minutes: 5);
        var waiting = await Eventually.Get(
            "the others say why they wait",
            async () => (await cluster.Kubectl.ListAsync("servers", fleet.Project)).Where(s => Fleet.Host(s) is null).ToList(),
            w => w.Count == All - Room && w.All(s => (string?)Fleet.Condition(s, "Scheduled")?["reason"] == "NoValidHost"));
        Assert.Equal(Room, servers.Count(s => Fleet.Phase(s) == "Active"));
        foreach (var server in waiting)
        {
            Assert.Contains($"0/{Hosts} hosts", (string?)Fleet.Condition(server, "Scheduled")!["message"], StringComparison.Ordinal);
            var counts = server["status"]!["scheduling"]!["rejected"]!.AsArray();
            Assert.Equal(Hosts, counts.Sum(c => (int)c!["hosts"]!));
        }

        var leave = servers.Where(s => Fleet.Phase(s) == "Active").Take(All - Room).Select(s => (string)s["metadata"]!["name"]!);
        await cluster.Kubectl.RunAsync(["-n", fleet.Project, "delete", "servers", "--wait=false", .. leave]);
        await PhasesAsync(cluster, fleet, "Active", Room, minutes: 5, exactly: Room);
    }

    private static string Servers(Fleet fleet, int count) =>
        string.Join("\n---\n", Enumerable.Range(0, count).Select(i => fleet.Manifest($"burst-{i:000}")));

    private static Task<string> SetRatiosAsync(TestCluster cluster, string host, double cpu) =>
        cluster.Kubectl.RunAsync(
            "patch", "hypervisor", host, "--type", "merge", "-p",
            FormattableString.Invariant($$$"""{"spec":{"cpuAllocationRatio":{{{cpu}}},"ramAllocationRatio":16,"diskAllocationRatio":16}}"""));

    private static Task<IReadOnlyList<JsonNode>> PhasesAsync(
        TestCluster cluster, Fleet fleet, string phase, int count, int minutes, int? exactly = null) =>
        Eventually.Get(
            $"{count} servers are {phase} and Ready",
            () => cluster.Kubectl.ListAsync("servers", fleet.Project),
            servers => servers.Count(s => Fleet.Phase(s) == phase && Fleet.IsReady(s)) == count && (exactly is null || servers.Count == exactly),
            TimeSpan.FromMinutes(minutes),
            servers => string.Join(", ", servers.GroupBy(s => $"{Fleet.Phase(s)}/{(string?)s["status"]?["taskState"]}").Select(g => $"{g.Key}: {g.Count()}")));
}
