using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>Domains that nobody asked for are never destroyed.</summary>
public sealed class StrayTests
{
    [Fact]
    public async Task A_foreign_domain_is_left_alone()
    {
        await using var cluster = await TestCluster.StartAsync(new ClusterShape(Hosts: 1, AgentArguments: "--full-pass-interval 2s"));
        var fleet = new Fleet(cluster);
        await fleet.PrepareAsync();
        var host = cluster.Host("node-a");
        var definition = Path.Combine(host.State, "foreign.xml");
        await File.WriteAllTextAsync(definition, """
            <domain type='qemu'>
              <name>somebody-elses</name><uuid>6a0f3f0a-9f0e-4c39-8d6e-0d5b6f1f2c11</uuid>
              <memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os>
            </domain>
            """);
        _ = (await host.VirshAsync("create", "/var/lib/kilonova/foreign.xml")).Ensured;
        var before = await host.QemuPidsAsync();

        // A whole build and removal around it, and a restart: every occasion to mistake it for ours.
        await fleet.ApplyAsync("neighbour");
        await fleet.ReadyAsync("neighbour");
        await fleet.DeleteAsync("neighbour");
        await cluster.KillAsync("agent-node-a");
        await cluster.StartAsync("agent-node-a");
        await fleet.ApplyAsync("neighbour");
        await fleet.ReadyAsync("neighbour");
        await fleet.DeleteAsync("neighbour");

        Assert.Equal(before, await host.QemuPidsAsync());
        Assert.Empty((await cluster.Kubectl.GetAsync("hypervisor", "node-a"))!["status"]!["strays"]?.AsArray() ?? []);
    }

    [Fact]
    public async Task A_guest_whose_Instance_vanished_runs_on_as_a_stray_and_its_server_is_scheduled_nowhere()
    {
        // Watched by the test itself: it takes away by hand what no guest may run without, and that must be noticed.
        await using var cluster = await TestCluster.StartAsync(new ClusterShape(Hosts: 2, AgentArguments: "--full-pass-interval 2s", Watched: false));
        var fleet = new Fleet(cluster);
        await fleet.PrepareAsync();
        await fleet.ApplyAsync("lost");
        var server = await fleet.ReadyAsync("lost");
        var (id, home) = (Fleet.Id(server), Fleet.Host(server)!);
        var live = await LiveInvariants.StartAsync(cluster);
        var pids = await cluster.Host(home).QemuPidsAsync();

        // As after a restored store: no operator saw it, the Instance and the ledger's entry are not there, and the Server has no host.
        await cluster.KillAsync("operator-1");
        await cluster.KillAsync($"agent-{home}");
        var instances = $"kilonova-host-{home}";
        await cluster.Kubectl.RunAsync("-n", instances, "patch", "instance", id, "--type", "merge", "-p", """{"metadata":{"finalizers":null}}""");
        await cluster.Kubectl.RunAsync("-n", instances, "delete", "instance", id, "--ignore-not-found");
        await cluster.Kubectl.RunAsync(
            "patch", "resourceprovider", home, "--subresource=status", "--type", "merge", "-p", """{"status":{"allocations":[]}}""");
        await cluster.Kubectl.RunAsync(
            "-n", fleet.Project, "patch", "server", "lost", "--subresource=status", "--type", "merge", "-p",
            """{"status":{"host":null,"hostEpoch":null,"claimID":null,"placementEpoch":null}}""");
        await cluster.StartAsync($"agent-{home}");
        await Eventually.True(
            "the host reports the stray",
            async () => ((await cluster.Kubectl.GetAsync("hypervisor", home))!["status"]!["strays"]?.AsArray() ?? []).Any(s => (string?)s!["instanceID"] == id));

        await cluster.StartAsync("operator-1");
        var blocked = await Eventually.Get("the server is blocked", () => fleet.GetAsync("lost"), s => (string?)Fleet.Condition(s, "Blocked")?["status"] == "True");
        Assert.Equal("FoundOn", (string?)Fleet.Condition(blocked, "Blocked")!["reason"]);
        Assert.Contains(home, (string?)Fleet.Condition(blocked, "Blocked")!["message"], StringComparison.Ordinal);
        Assert.Null(Fleet.Host(blocked));
        foreach (var host in cluster.Hosts)
            Assert.Empty(Fleet.Allocations(await cluster.Kubectl.GetAsync("resourceprovider", host)));
        Assert.Equal(pids, await cluster.Host(home).QemuPidsAsync());
        var noticed = await Assert.ThrowsAnyAsync<Exception>(async () => await live.DisposeAsync());
        Assert.True(noticed.Message.Contains($"{id} runs on {home} under 1, and its entry is gone", StringComparison.Ordinal), noticed.Message);
    }
}
