using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

public sealed class SnapshotTests
{
    public static TheoryData<string, HostFacts, HostFacts, ClusterEvents> Changes
    {
        get
        {
            var host = Given.Host();
            var full = host with { Allocations = [Given.Entry("x", vcpus: 16)] };
            return new()
            {
                { "nothing", host, host, ClusterEvents.None },
                { "goes down", host, host with { Up = false }, ClusterEvents.None },
                { "comes up", host with { Up = false }, host, ClusterEvents.HostUp },
                { "is disabled", host, host with { Disabled = true }, ClusterEvents.None },
                { "is enabled", host with { Disabled = true }, host, ClusterEvents.HostEnabled },
                { "is held back", host, host with { Blocked = "x" }, ClusterEvents.None },
                { "is let go", host with { Blocked = "x" }, host, ClusterEvents.HostUnblocked },
                { "a guest comes", host, full, ClusterEvents.InstanceArrived },
                { "a guest leaves", full, host, ClusterEvents.CapacityGrown | ClusterEvents.InstanceLeft | ClusterEvents.LoadFell },
                { "a guest leaves and another takes all its room", full, host with { Allocations = [Given.Entry("y", vcpus: 16)] }, ClusterEvents.InstanceLeft | ClusterEvents.InstanceArrived },
                { "shrinks", host, Given.Host(memory: 1024), ClusterEvents.None },
                { "grows", host, Given.Host(memory: 65536), ClusterEvents.CapacityGrown },
                { "smaller step", Stepped(4), Stepped(2), ClusterEvents.CapacityGrown },
                { "other zone", host with { Zones = ["a"] }, host with { Zones = ["b"] }, ClusterEvents.ZonesChanged },
                { "same zones, other list", host with { Zones = ["a"] }, host with { Zones = new List<string> { "a" } }, ClusterEvents.None },
                { "other traits", host, host with { Traits = ["T"] }, ClusterEvents.TraitsChanged },
                { "other aggregates", host, host with { Aggregates = [new("g", new Dictionary<string, string>())] }, ClusterEvents.AggregatesChanged },
                { "an aggregate says something else", host with { Aggregates = [new("g", new Dictionary<string, string> { ["k"] = "1" })] }, host with { Aggregates = [new("g", new Dictionary<string, string> { ["k"] = "2" })] }, ClusterEvents.AggregatesChanged },
                { "an aggregate says the same", host with { Aggregates = [new("g", new Dictionary<string, string> { ["k"] = "1" })] }, host with { Aggregates = [new("g", new Dictionary<string, string> { ["k"] = "1" })] }, ClusterEvents.None },
                { "another CPU", host, host with { Capabilities = new() { CpuModel = "EPYC" } }, ClusterEvents.CapabilitiesChanged },
                { "the same CPU, said again", host with { Capabilities = new() { CpuFeatures = ["aes"] } }, host with { Capabilities = new() { CpuFeatures = ["aes"] } }, ClusterEvents.None },
                { "a build ends", host with { Activity = new() { IoOperations = 2 } }, host with { Activity = new() { IoOperations = 1 } }, ClusterEvents.LoadFell },
                { "a build begins", host with { Activity = new() { IoOperations = 1 } }, host with { Activity = new() { IoOperations = 2 } }, ClusterEvents.None },
                { "other metrics", host with { Activity = new() { Metrics = new Dictionary<string, double> { ["m"] = 1 } } }, host with { Activity = new() { Metrics = new Dictionary<string, double> { ["m"] = 2 } } }, ClusterEvents.MetricsChanged },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Applying_a_host_says_what_may_help_a_rejected_server(string what, HostFacts before, HostFacts after, ClusterEvents expected)
    {
        var snapshot = Given.Snapshot(before);
        // Any figure that is another is an event too, for conditions that somebody wrote; see below.
        Assert.True((snapshot.Apply(after) & ~ClusterEvents.FiguresChanged) is var events && events == expected, $"{what}: {events}, not {expected}");
    }

    public static TheoryData<string, HostFacts, bool> Figures
    {
        get
        {
            var host = Given.Host();
            return new()
            {
                { "nothing", host, false },
                { "goes down", host with { Up = false }, false },
                { "a guest with nothing comes", host with { Allocations = [Given.Entry("x")] }, true },
                { "shrinks", Given.Host(memory: 1024), true },
                { "grows", Given.Host(disk: 2000), true },
                { "less disk can be had", host with { DiskAvailableLeastGiB = 3 }, true },
                { "a build fails", host with { Activity = new() { FailedBuilds = 1 } }, true },
                { "a build begins", host with { Activity = new() { IoOperations = 1 } }, true },
                { "other traits", host with { Traits = ["T"] }, false },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Figures))]
    public void A_figure_that_is_another_is_an_event_whichever_way_it_went(string what, HostFacts after, bool expected) =>
        Assert.True(Given.Snapshot(Given.Host()).Apply(after).HasFlag(ClusterEvents.FiguresChanged) == expected, what);

    [Fact]
    public void A_new_host_is_an_event() => Assert.True(new Snapshot().Apply(Given.Host()).HasFlag(ClusterEvents.HostAdded));

    [Fact]
    public void A_removed_host_is_gone_and_its_row_serves_the_next()
    {
        var snapshot = Given.Snapshot(
            Given.Host("a") with { Zones = ["az1"], Traits = ["T"], Allocations = [Given.Entry("wanted", vcpus: 1)] }, Given.Host("b") with { Zones = ["az1"] });
        Assert.True(snapshot.Remove("a"));
        Assert.False(snapshot.Remove("a"));
        Assert.Equal(["b"], Given.Scheduler().Decide(snapshot, Given.Request()).Ranked.Select(r => r.Name));

        snapshot.Apply(Given.Host("c"));
        Assert.Equal(2, snapshot.Count);
        Assert.Equal(["b"], Given.Scheduler().Decide(snapshot, Given.Request(zone: "az1")).Ranked.Select(r => r.Name));
        Assert.Equal(["c", "b"], Given.Scheduler().Decide(snapshot, Given.Request()).Ranked.Select(r => r.Name));
    }

    [Fact]
    public void A_thousand_hosts_keep_what_was_said_of_each()
    {
        var hosts = Enumerable.Range(0, 1000).Select(i => Given.Host($"host{i}", vcpus: i + 1) with { Zones = [$"az{i % 7}"], Up = i % 3 != 0 });
        var snapshot = Given.Snapshot(hosts);
        var trace = new DecisionTrace();
        Given.Scheduler().Decide(snapshot, Given.Request(vcpus: 500, zone: "az2"), trace);
        var expected = Enumerable.Range(0, 1000).Where(i => i + 1 >= 500 && i % 7 == 2 && i % 3 != 0).Select(i => $"host{i}");
        Assert.Equal(expected, trace.Steps[^1].Survivors);
    }

    [Fact]
    public void An_instance_that_moves_is_held_by_both_hosts_until_it_left()
    {
        var on = Given.Host("x") with { Allocations = [Given.Entry("wanted", vcpus: 1), Given.Entry("b", vcpus: 1), Given.Entry("b", vcpus: 1, epoch: 2), Given.Entry("a", vcpus: 1)] };
        var snapshot = Given.Snapshot(on with { Name = "a" }, on with { Name = "b" }, Given.Host("c"));
        Assert.Equal(["a", "b", "wanted"], snapshot.View.InstancesOn(0).ToArray());
        Assert.Equal(["c"], Ranked());
        snapshot.Apply(Given.Host("a"));
        Assert.Equal(["a", "c"], Ranked());
        snapshot.Apply(Given.Host("b"));
        Assert.Equal(["a", "b", "c"], Ranked());

        IEnumerable<string> Ranked() => Given.Scheduler().Decide(snapshot, Given.Request()).Ranked.Select(r => r.Name).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Facts_are_gathered_from_the_hosts_objects()
    {
        var hypervisor = new Hypervisor { Metadata = new ObjectMeta { Name = "host" }, Spec = new HypervisorSpec { Disabled = true, DisabledReason = "memory" } };
        var provider = Given.Provider(Given.Entry("x", vcpus: 1)) with
        {
            Spec = new ResourceProviderSpec { HostID = "id", Traits = ["T"], Inventories = [new() { ResourceClass = "VCPU", Total = 4 }] },
        };
        var aggregates = new[] { Given.Aggregate("two", zone: "az2"), Given.Aggregate("one", zone: "az1"), Given.Aggregate("none", zone: "", metadata: new() { ["ram_weight_multiplier"] = "2" }) };
        var facts = HostFacts.Of(hypervisor, provider, aggregates, up: true);
        Assert.Equal("host", facts.Name);
        Assert.True(facts.Up && facts.Disabled && facts.Blocked is null, facts.ToString());
        Assert.Equal("memory", facts.DisabledReason);
        Assert.Equal(["az1", "az2"], facts.Zones);
        Assert.Equal(["none", "one", "two"], facts.Aggregates.Select(a => a.Name));
        Assert.Equal(["T"], facts.Traits);
        Assert.Equal(2.0, facts.WeightMultipliers!["ram_weight_multiplier"]);
        Assert.Equal([16L], facts.Inventory.Inventories.Select(i => i.Capacity));
        Assert.Equal(["x"], facts.Allocations.Select(a => a.Id));
    }

    [Theory]
    [InlineData(true, false, true, false, true, null)]
    [InlineData(false, false, true, false, false, null)]
    [InlineData(true, true, true, false, false, null)]
    [InlineData(true, false, false, false, true, "its agent has reported no inventory yet")]
    [InlineData(true, false, true, true, true, "it is being deleted")]
    public void A_host_is_up_unless_forced_down_and_held_back_without_inventory_or_when_deleted(
        bool fresh, bool forcedDown, bool hasProvider, bool deleted, bool up, string? blocked)
    {
        var hypervisor = new Hypervisor
        {
            Metadata = new ObjectMeta { Name = "host", DeletionTimestamp = deleted ? Given.Time : null },
            Spec = new HypervisorSpec { ForcedDown = forcedDown },
        };
        var facts = HostFacts.Of(hypervisor, hasProvider ? Given.Provider() : null, [], fresh);
        Assert.Equal((up, blocked), (facts.Up, facts.Blocked));
    }

    private static HostFacts Stepped(long step) => Given.Host() with { Inventory = new EffectiveInventory([new("VCPU", 16, 0, 1, 16, step, 1.0)]) };
}
