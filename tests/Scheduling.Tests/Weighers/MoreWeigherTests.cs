using System.Globalization;
using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Tests.Weighers;

/// <summary>Weighers beside memory, CPU and disk, a table for each: raw values of hosts in order, and who wins.</summary>
public sealed class MoreWeigherTests
{
    private static readonly HostFacts[] Loads =
    [
        Given.Host("a") with { Activity = new() { IoOperations = 0, FailedBuilds = 2 } }, Given.Host("b") with { Activity = new() { IoOperations = 3 } },
        Given.Host("c") with { Activity = new() { IoOperations = 1, FailedBuilds = 1 } },
    ];

    [Theory]
    [InlineData(-1.0, "0 3 1", "a c b")]
    [InlineData(1.0, "0 3 1", "b c a")]
    [InlineData(0.0, "0 3 1", "a b c")]
    public void Io_operations_count_by_the_sign(double multiplier, string raw, string order) =>
        Assert.Equal((raw, order), Weigh("IoOpsWeigher", Given.NoResources(), new SchedulerConfiguration { IoOpsWeightMultiplier = multiplier }, Loads));

    [Theory]
    [InlineData(1e6, "2 0 1", "b c a")]
    [InlineData(-1.0, "2 0 1", "a c b")]
    [InlineData(0.0, "2 0 1", "a b c")]
    public void Failed_builds_count_against_a_host(double multiplier, string raw, string order) =>
        Assert.Equal((raw, order), Weigh("BuildFailureWeigher", Given.NoResources(), new SchedulerConfiguration { BuildFailureWeightMultiplier = multiplier }, Loads));

    [Fact]
    public void What_an_aggregate_says_of_failed_builds_counts_against_too()
    {
        var forgiven = Loads[0] with { WeightMultipliers = new Dictionary<string, double> { ["build_failure_weight_multiplier"] = 0 } };
        var trace = Trace("BuildFailureWeigher", Given.NoResources(), new SchedulerConfiguration(), [forgiven, Loads[1] with { WeightMultipliers = new Dictionary<string, double> { ["build_failure_weight_multiplier"] = 2 } }, Loads[2]]);
        Assert.Equal([0.0, -2.0, -1e6], trace.Weighers[0].Values.Select(v => v.Multiplier));
        Assert.Equal(["a", "b", "c"], trace.Order.Select(o => o.Name));
    }

    [Theory]
    [InlineData(null, "0 0 0", "a b c")]
    [InlineData("c2", "-1 1 -1", "b a c")]
    [InlineData("nowhere", "-1 -1 -1", "a b c")]
    public void Servers_that_move_stay_in_their_cell(string? cell, string raw, string order)
    {
        HostFacts In(string name, string? of) => Given.Host(name) with { Capabilities = new HostCapabilities { Cell = of } };
        HostFacts[] hosts = [In("a", "c1"), In("b", "c2"), In("c", null)];
        Assert.Equal((raw, order), Weigh("CrossCellWeigher", Given.NoResources() with { PreferredCell = cell }, new SchedulerConfiguration(), hosts));
    }

    [Theory]
    [InlineData(ServerGroupPolicy.SoftAffinity, "ServerGroupSoftAffinityWeigher", "2 0 2", "a c b")]
    [InlineData(ServerGroupPolicy.SoftAntiAffinity, "ServerGroupSoftAntiAffinityWeigher", "-2 0 -2", "b a c")]
    [InlineData(ServerGroupPolicy.Affinity, "ServerGroupSoftAffinityWeigher", "0 0 0", "a b c")]
    [InlineData(ServerGroupPolicy.SoftAffinity, "ServerGroupSoftAntiAffinityWeigher", "0 0 0", "a b c")]
    public void Members_of_a_soft_group_draw_or_push(ServerGroupPolicy policy, string weigher, string raw, string order)
    {
        HostFacts With(string name, params string[] ids) => Given.Host(name) with { Allocations = [.. ids.Select(i => Given.Entry(i))] };
        // One by its entry, one told by the group, one that both say, and one that is nowhere.
        var group = new ServerGroupFacts { Policy = policy, Members = [new("m1", null), new("m2", "a"), new("m3", "c"), new("m4", null), new("m5", "gone")] };
        Assert.Equal((raw, order), Weigh(weigher, Given.NoResources() with { Group = group }, new SchedulerConfiguration(), With("a", "m1", "x"), With("b", "y"), With("c", "m3", "m4")));
    }

    [Fact]
    public void Without_a_group_nobody_is_drawn() => Assert.Equal(("0 0 0", "a b c"), Weigh("ServerGroupSoftAffinityWeigher", Given.NoResources(), new SchedulerConfiguration(), Loads));

    [Theory]
    [InlineData("cpu=1.0", true, "10 30", "b a")]
    [InlineData("cpu=-1.0", true, "-10 -30", "a b")]
    [InlineData("cpu=1.0,net=2", true, "10", "")]
    [InlineData("cpu=1.0,net=2", false, "14 -10000 -10000", "a b c")]
    [InlineData("cpu=1.0,net=0", false, "10 30 -10000", "b a c")]
    [InlineData("", true, "0 0 0", "a b c")]
    public void Metrics_are_summed_and_a_host_that_lacks_one_is_rejected_or_comes_last(string settings, bool required, string raw, string order)
    {
        HostFacts With(string name, params (string Name, double Value)[] metrics) => Given.Host(name) with { Activity = new() { Metrics = metrics.ToDictionary(m => m.Name, m => m.Value) } };
        var configuration = new SchedulerConfiguration { MetricsWeightSetting = [.. settings.Split(',', StringSplitOptions.RemoveEmptyEntries)], MetricsRequired = required };
        var found = Weigh("MetricsWeigher", Given.NoResources(), configuration, With("a", ("cpu", 10), ("net", 2)), With("b", ("cpu", 30)), With("c"));
        if (order.Length == 0)
        {
            // The only one that is left is not weighed.
            Assert.Equal(("", "a"), found);
            return;
        }

        Assert.Equal((raw, order), found);
    }

    [Fact]
    public void In_Novas_way_a_missing_metric_fails_the_request()
    {
        var configuration = new SchedulerConfiguration { MetricsWeightSetting = ["cpu=1"], OnStepFailure = StepFailure.FailRequest, EnabledFilters = [], EnabledWeighers = ["MetricsWeigher"] };
        var decision = Given.Scheduler(configuration).Decide(Given.Snapshot(Given.Host("a"), Given.Host("b")), Given.NoResources());
        Assert.Null(decision.Host);
        Assert.Equal("MetricsWeigher", decision.Failure!.Filter);
        Assert.Equal("0/2 hosts are available: MetricsWeigher failed: InvalidOperationException: Metric cpu could not be found on the host a.", decision.Message);
    }

    private static (string Raw, string Order) Weigh(string weigher, SchedulingRequest request, SchedulerConfiguration configuration, params HostFacts[] hosts)
    {
        var trace = Trace(weigher, request, configuration, hosts);
        var raw = trace.Weighers.Count == 0 ? "" : string.Join(' ', trace.Weighers[0].Values.Select(v => v.Raw.ToString(CultureInfo.InvariantCulture)));
        return (raw, string.Join(' ', trace.Order.Select(o => o.Name)));
    }

    private static DecisionTrace Trace(string weigher, SchedulingRequest request, SchedulerConfiguration configuration, HostFacts[] hosts)
    {
        var trace = new DecisionTrace();
        Given.Scheduler(configuration with { EnabledFilters = [], EnabledWeighers = [weigher] }).Decide(Given.Snapshot(hosts), request, trace);
        return trace;
    }
}
