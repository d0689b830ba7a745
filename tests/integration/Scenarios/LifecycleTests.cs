using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>One cluster with two QEMU hosts for the scenarios of a server's plain life.</summary>
public sealed class LifecycleCluster() : ClusterFixture(new ClusterShape(Hosts: 2))
{
    private Fleet? fleet;

    public Fleet Fleet => Made(fleet);

    protected override async Task PrepareAsync()
    {
        fleet = new Fleet(Cluster);
        await fleet.PrepareAsync();
    }
}

/// <summary>Create, stop, start, delete; and what the guest saw.</summary>
public sealed class LifecycleTests(LifecycleCluster shared) : IClassFixture<LifecycleCluster>
{
    private readonly TestCluster cluster = shared.Cluster;
    private readonly Fleet fleet = shared.Fleet;

    [Fact]
    public async Task A_guest_boots_and_says_who_it_is_and_goes_without_a_trace()
    {
        await fleet.ApplyAsync("hello", """
              metadata: {colour: blue}
              userData: |
                #!/bin/sh
                echo words from the user
            """);
        var server = await fleet.ReadyAsync("hello");
        var host = cluster.Host(Fleet.Host(server)!);
        var id = Fleet.Id(server);
        var console = await Eventually.Get(
            "the guest has run its user data", () => Task.FromResult(host.Console(id)), c => c.Contains("user-data-exit=", StringComparison.Ordinal));
        Assert.Contains("kilonova-guest: hostname=hello", console, StringComparison.Ordinal);
        Assert.Contains($"kilonova-guest: uuid={id}", console, StringComparison.Ordinal);
        Assert.Contains("kilonova-guest: meta.colour=blue", console, StringComparison.Ordinal);
        Assert.Contains("\nwords from the user", console.Replace("\r", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("kilonova-guest: user-data-exit=0", console, StringComparison.Ordinal);

        await fleet.DeleteAsync("hello");
        await fleet.AssertNothingLeftAsync(host.Name);
    }

    [Fact]
    public async Task A_stopped_server_keeps_its_place_and_its_disk_and_starts_again()
    {
        await fleet.ApplyAsync("sleeper");
        var server = await fleet.ReadyAsync("sleeper");
        var host = cluster.Host(Fleet.Host(server)!);
        var id = Fleet.Id(server);
        await Eventually.True("it is up", () => Task.FromResult(host.Console(id).Contains("boot=1", StringComparison.Ordinal)));

        await fleet.PowerAsync("sleeper", "Stopped");
        await fleet.ReadyAsync("sleeper", "Shutoff");
        Assert.Empty(await host.QemuPidsAsync());
        Assert.Contains("kilonova-guest: power button", host.Console(id), StringComparison.Ordinal);
        Assert.Single(Fleet.Allocations(await cluster.Kubectl.GetAsync("resourceprovider", host.Name)));

        await fleet.PowerAsync("sleeper", "Running");
        await fleet.ReadyAsync("sleeper");
        Assert.Single(await host.QemuPidsAsync());
        await Eventually.True("the same disk booted again", () => Task.FromResult(host.Console(id).Contains("boot=2", StringComparison.Ordinal)));

        await fleet.DeleteAsync("sleeper");
        await fleet.AssertNothingLeftAsync(host.Name);
    }

    [Fact]
    public async Task A_guest_that_powered_itself_off_stays_off_until_it_is_asked_to_run()
    {
        await fleet.ApplyAsync("leaver", """
              userData: |
                #!/bin/sh
                poweroff
            """);
        var server = await Eventually.Get("it is off", () => fleet.GetAsync("leaver"), s => Fleet.Phase(s) == "Shutoff");
        Assert.Equal("Running", (string?)server!["spec"]!["powerState"]);
        Assert.False(Fleet.IsReady(server));
        await fleet.DeleteAsync("leaver");
    }

    [Fact]
    public async Task A_stopped_server_is_built_without_being_started()
    {
        await fleet.ApplyAsync("idle", "  powerState: Stopped");
        var server = await fleet.ReadyAsync("idle", "Shutoff");
        var host = cluster.Host(Fleet.Host(server)!);
        Assert.Empty(host.Console(Fleet.Id(server)));
        Assert.Contains(Fleet.Id(server), Directory.GetDirectories(Path.Combine(host.State, "instances")).Select(Path.GetFileName));
        await fleet.DeleteAsync("idle");
        await fleet.AssertNothingLeftAsync(host.Name);
    }
}
