using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

public sealed class WeigherTests
{
    [Fact]
    public void Memory_is_weighed_without_its_ratio()
    {
        var inventory = new EffectiveInventory([new(ResourceClass.MemoryMb, 4096, 512, 1, 4096, 1, 2.0)]);
        Assert.Equal([3072.0, 3584.0], Raw("RAMWeigher", inventory, Given.Entry("x", memory: 512)));
    }

    [Fact]
    public void Cpus_are_weighed_with_their_ratio_but_the_reservation_is_not_multiplied()
    {
        var inventory = new EffectiveInventory([new(ResourceClass.Vcpu, 8, 2, 1, 8, 1, 4.0)]);
        Assert.Equal([25.0, 30.0], Raw("CPUWeigher", inventory, Given.Entry("x", vcpus: 5)));
    }

    [Fact]
    public void Disk_is_weighed_in_MiB_and_never_above_what_can_really_be_had()
    {
        var inventory = new EffectiveInventory([new(ResourceClass.DiskGb, 100, 10, 1, 100, 1, 3.0)]);
        Assert.Equal([70.0 * 1024, 90.0 * 1024], Raw("DiskWeigher", inventory, Given.Entry("x", disk: 20)));
        var thin = Given.Host("thin") with { Inventory = inventory, DiskAvailableLeastGiB = 5 };
        Assert.Equal([5.0 * 1024, 90.0 * 1024], Weigh("DiskWeigher", thin, Given.Host("empty") with { Inventory = inventory }).Select(v => v.Raw));
    }

    [Theory]
    [InlineData(new[] { 100L, 50, 0 }, new[] { 1.0, 0.5, 0.0 })]
    [InlineData(new[] { 70L, 70, 70 }, new[] { 1.0, 1.0, 1.0 })]
    [InlineData(new[] { 100L, 0, -100 }, new[] { 1.0, 0.0, 0.0 })]
    [InlineData(new[] { -1L, -2, -3 }, new[] { 0.0, 0.0, 0.0 })]
    public void Values_are_scaled_from_zero_to_the_largest(long[] free, double[] expected)
    {
        var hosts = free.Select((f, i) => Given.Host($"host{i}", memory: 1000) with { Allocations = [Given.Entry("x", memory: 1000 - f)] });
        Assert.Equal(expected, Weigh("RAMWeigher", [.. hosts]).Select(v => v.Normalized));
    }

    [Fact]
    public void Weights_are_multiplied_and_added_up()
    {
        var snapshot = Given.Snapshot(Given.Host("wide", vcpus: 32, memory: 16384), Given.Host("deep", vcpus: 16, memory: 65536));
        var configuration = new SchedulerConfiguration { CpuWeightMultiplier = 2.0, RamWeightMultiplier = -1.0, DiskWeightMultiplier = 0.5 };
        var decision = Given.Scheduler(configuration).Decide(snapshot, Given.Request());
        Assert.Equal([new RankedHost("wide", 2.0 + 0.5 - 0.25), new RankedHost("deep", 1.0 + 0.5 - 1.0)], decision.Ranked);
    }

    [Fact]
    public void A_single_host_is_not_weighed()
    {
        var trace = new DecisionTrace();
        var decision = Given.Scheduler().Decide(Given.Snapshot(Given.Host()), Given.Request(), trace);
        Assert.Equal([new RankedHost("host", 0.0)], decision.Ranked);
        Assert.Empty(trace.Weighers);
    }

    [Theory]
    [InlineData(new[] { "3", "0.5" }, 0.5)]
    [InlineData(new[] { "-1" }, -1.0)]
    [InlineData(new[] { " 2 " }, 2.0)]
    [InlineData(new[] { "1e1" }, 10.0)]
    [InlineData(new[] { "3", "bad" }, 1.0)]
    [InlineData(new[] { "nan" }, 1.0)]
    [InlineData(new[] { "inf" }, 1.0)]
    [InlineData(new[] { "" }, 1.0)]
    [InlineData(new string[0], 1.0)]
    public void An_aggregate_overrides_the_multiplier_the_smallest_counts_and_a_bad_value_spoils_it(string[] values, double expected)
    {
        var aggregates = values.Select((v, i) => Given.Aggregate($"agg{i}", metadata: new() { ["ram_weight_multiplier"] = v })).ToList();
        var member = Given.Host("member") with { WeightMultipliers = AggregateMetadata.Multipliers(aggregates) };
        Assert.Equal([expected, 1.0], Weigh("RAMWeigher", member, Given.Host("other")).Select(v => v.Multiplier));
    }

    [Fact]
    public void An_override_goes_when_the_host_leaves_the_aggregate()
    {
        var member = Given.Host("member") with { WeightMultipliers = new Dictionary<string, double> { ["ram_weight_multiplier"] = 9 } };
        var snapshot = Given.Snapshot(member, Given.Host("other"));
        snapshot.Apply(Given.Host("member"));
        var trace = new DecisionTrace();
        Given.Scheduler().Decide(snapshot, Given.Request(), trace);
        Assert.All(trace.Weighers.Single(w => w.Weigher == "RAMWeigher").Values, v => Assert.Equal(1.0, v.Multiplier));
    }

    private static double[] Raw(string weigher, EffectiveInventory inventory, Crds.Allocation used) =>
        [.. Weigh(weigher, Given.Host("used") with { Inventory = inventory, Allocations = [used] }, Given.Host("empty") with { Inventory = inventory }).Select(v => v.Raw)];

    private static IReadOnlyList<TracedWeight> Weigh(string weigher, params Hosts.HostFacts[] hosts)
    {
        var trace = new DecisionTrace();
        Given.Scheduler(new SchedulerConfiguration { EnabledWeighers = [weigher] }).Decide(Given.Snapshot(hosts), Given.NoResources(), trace);
        return Assert.Single(trace.Weighers).Values;
    }
}
