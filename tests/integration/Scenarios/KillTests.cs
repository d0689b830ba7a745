using System.Collections.Concurrent;
using System.Globalization;
using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>Crashes of every component of ours, and of libvirtd, at random moments; the seed is printed, and <c>KILONOVA_SEED</c> sets another.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Creations = 50;
    private const int AliveAtMost = 8;

    [Fact]
    public async Task A_killed_agent_and_its_process_group_leave_every_guest_running()
    {
        await using var cluster = await TestCluster.StartAsync(new ClusterShape(Hosts: 1));
        var fleet = new Fleet(cluster);
        await fleet.PrepareAsync();
        await fleet.ApplyAsync("survivor");
        var server = await fleet.ReadyAsync("survivor");
        var host = cluster.Host("node-a");
        var before = await host.QemuPidsAsync();

        await cluster.KillAsync("agent-node-a");
        Assert.Equal(before, await host.QemuPidsAsync());
        await cluster.StartAsync("agent-node-a");
        await fleet.PowerAsync("survivor", "Stopped"); // the new agent has taken the guest over: it can stop it
        await fleet.ReadyAsync("survivor", "Shutoff");
        Assert.Empty(await host.QemuPidsAsync());
        Assert.Contains("kilonova-guest: power button", host.Console(Fleet.Id(server)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kills_at_random_moments_lose_no_guest_and_everything_converges()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("KILONOVA_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given : 1;
        output.WriteLine($"seed {seed}");
        await using var cluster = await TestCluster.StartAsync(new ClusterShape(Hosts: 2, AgentArguments: "--full-pass-interval 10s"));
        var fleet = new Fleet(cluster);
        await fleet.PrepareAsync();
        foreach (var host in cluster.Hosts)
            await cluster.Kubectl.RunAsync("patch", "hypervisor", host, "--type", "merge", "-p", """{"spec":{"cpuAllocationRatio":16}}""");

        var active = new ConcurrentDictionary<string, int>();
        using var over = new CancellationTokenSource();
        var killing = KillAsync(cluster, new Random(seed), over.Token);
        var alive = await ChurnAsync(cluster, fleet, new Random(seed + 1), active);
        await over.CancelAsync();
        output.WriteLine($"{await killing} kills");

        foreach (var name in alive)
            await NoteActiveAsync(cluster, fleet, name, active, TimeSpan.FromMinutes(3));
        var left = await Eventually.Get(
            "the deleted ones are gone", () => cluster.Kubectl.ListAsync("servers", fleet.Project), s => s.Count == alive.Count, TimeSpan.FromMinutes(3));
        Assert.Equal(alive.Order(), left.Select(s => (string)s["metadata"]!["name"]!).Order());

        var running = new Dictionary<string, int>();
        foreach (var host in cluster.Hosts)
        {
            foreach (var (id, pid) in await cluster.Host(host).QemuPidsAsync())
                Assert.True(running.TryAdd(id, pid), $"{id} runs twice");
        }

        Assert.Equal(left.Select(Fleet.Id).Order(), running.Keys.Order());
        Assert.All(running, guest => Assert.Equal(active[guest.Key], guest.Value));

        await cluster.Kubectl.RunAsync("-n", fleet.Project, "delete", "servers", "--all", "--timeout=120s");

        foreach (var host in cluster.Hosts)
            await fleet.AssertNothingLeftAsync(host);
    }

    /// <summary>Fifty creations, and deletions at random moments of whatever is there, whether it runs yet or not.</summary>
    private static async Task<List<string>> ChurnAsync(TestCluster cluster, Fleet fleet, Random random, ConcurrentDictionary<string, int> active)
    {
        var alive = new List<string>();
        for (var i = 0; i < Creations; i++)
        {
            var name = $"churn-{i:00}";
            await fleet.ApplyAsync(name);
            alive.Add(name);
            while (alive.Count > AliveAtMost || (alive.Count > 0 && random.Next(3) == 0))
            {
                var victim = alive[random.Next(alive.Count)];
                if (random.Next(2) == 0 && alive.Count <= AliveAtMost)
                    await NoteActiveAsync(cluster, fleet, victim, active, TimeSpan.FromMinutes(3)); // a guest that runs, next to those that are being built
                await cluster.Kubectl.RunAsync("-n", fleet.Project, "delete", "server", victim, "--wait=false");
                alive.Remove(victim);
            }
        }

        return alive;
    }

    /// <summary>Waits until a server is Active, and remembers the process that its guest is.</summary>
    private static async Task NoteActiveAsync(
        TestCluster cluster, Fleet fleet, string name, ConcurrentDictionary<string, int> active, TimeSpan limit)
    {
        var server = await Eventually.Get($"{name} is Active", () => fleet.GetAsync(name), s => Fleet.Phase(s) == "Active" && Fleet.IsReady(s), limit, Describe);
        var pids = await cluster.Host(Fleet.Host(server)!).QemuPidsAsync();
        Assert.True(pids.TryGetValue(Fleet.Id(server!), out var pid), $"{name} is Active and has no QEMU");
        Assert.Equal(pid, active.GetOrAdd(Fleet.Id(server!), pid));
    }

    private static string Describe(System.Text.Json.Nodes.JsonNode? server) => server?["status"]?.ToJsonString() ?? "nothing";

    private static async Task<int> KillAsync(TestCluster cluster, Random random, CancellationToken over)
    {
        string[] victims = ["operator-1", .. cluster.Hosts.Select(h => $"agent-{h}"), .. cluster.Hosts.Select(h => $"libvirtd-{h}")];
        for (var kills = 0; ; kills++)
        {
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(500, 4000)), over); // the moment of a kill is the test's input
            }
            catch (OperationCanceledException)
            {
                return kills;
            }

            var victim = victims[random.Next(victims.Length)];
            await cluster.KillAsync(victim);
            await cluster.StartAsync(victim);
        }
    }
}
