using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>What an admin does after the store was restored from a copy, and what follows.</summary>
public sealed class RestoreTests
{
    [Fact]
    public async Task Until_every_host_has_said_what_it_runs_nothing_is_scheduled_or_destroyed_and_then_everything_goes_on()
    {
        await using var cluster = await TestCluster.StartAsync(new ClusterShape(Hosts: 2, AgentArguments: "--full-pass-interval 2s"));
        var fleet = new Fleet(cluster);
        await fleet.PrepareAsync();
        await fleet.ApplyAsync("before");
        var home = Fleet.Host(await fleet.ReadyAsync("before"))!;
        var pids = await cluster.Host(home).QemuPidsAsync();

        // As docs/protocol.md says: everything of ours is stopped; guests run on.
        string[] ours = ["operator-1", .. cluster.Hosts.Select(h => $"agent-{h}")];
        foreach (var component in ours)
            await cluster.KillAsync(component);
        await cluster.Kubectl.RunAsync("patch", "cell", "local", "--type", "merge", "-p", """{"spec":{"generation":1}}""");
        await cluster.StartAsync("operator-1");
        await cluster.StartAsync($"agent-{home}");
        var other = cluster.Hosts.Single(h => h != home);
        await Eventually.True("the cell waits for the other host alone", async () =>
            (await cluster.Kubectl.GetAsync("cell", "local"))!["status"]!["conditions"]!.AsArray().Any(c => (string?)c!["reason"] == "StoreRestored" && ((string)c["message"]!).EndsWith($": {other}.", StringComparison.Ordinal)));

        await fleet.ApplyAsync("meanwhile");
        await cluster.Kubectl.RunAsync("-n", fleet.Project, "delete", "server", "before", "--wait=false");
        var waiting = await Eventually.Get("the new server says why it waits", () => fleet.GetAsync("meanwhile"), s => (string?)Fleet.Condition(s, "Blocked")?["reason"] == "StoreRestored");
        Assert.Null(Fleet.Host(waiting));
        Assert.Equal(pids, await cluster.Host(home).QemuPidsAsync());

        await cluster.StartAsync($"agent-{other}");
        await fleet.ReadyAsync("meanwhile");
        Assert.Null(Fleet.Condition(await fleet.GetAsync("meanwhile"), "Blocked"));
        await Eventually.True("what was deleted goes", async () => await fleet.GetAsync("before") is null);
        Assert.Equal(1, (int)(await cluster.Kubectl.GetAsync("cell", "local"))!["status"]!["completedGeneration"]!);
        await fleet.DeleteAsync("meanwhile");
    }
}
