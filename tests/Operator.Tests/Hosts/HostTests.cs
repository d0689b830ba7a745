using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Core;
using Kilonova.Operator.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Operator.Tests.Hosts;

/// <summary>Which hosts are heard of, and who is in an aggregate.</summary>
public sealed class HostTests
{
    private readonly Clock _clock = new();

    [Fact]
    public void A_host_is_up_while_renewals_are_seen_and_down_after_a_minute_without()
    {
        var liveness = new HostLiveness(_clock);
        Assert.False(liveness.IsUp("a"));
        Assert.Equal("a", liveness.Observe(Lease("a", _clock.Now)));
        _clock.Pass(59);
        Assert.True(liveness.IsUp("a"));
        Assert.Null(liveness.Observe(Lease("a", _clock.Now)));
        _clock.Pass(59);
        Assert.True(liveness.IsUp("a"));
        Assert.Empty(liveness.Expired());
        _clock.Pass(1);
        Assert.False(liveness.IsUp("a"));
        Assert.Equal(["a"], liveness.Expired());
        Assert.Empty(liveness.Expired());
        Assert.Equal("a", liveness.Observe(Lease("a", _clock.Now)));
        Assert.True(liveness.IsUp("a"));
    }

    [Fact]
    public void Seeing_the_same_renewal_again_is_no_renewal()
    {
        var liveness = new HostLiveness(_clock);
        var renewed = _clock.Now;
        liveness.Observe(Lease("a", renewed));
        _clock.Pass(40);
        liveness.Observe(Lease("a", renewed));
        _clock.Pass(40);
        Assert.False(liveness.IsUp("a"));
    }

    [Fact]
    public void The_clock_of_a_host_does_not_matter_once_it_renews()
    {
        var liveness = new HostLiveness(_clock);
        liveness.Observe(Lease("a", _clock.Now.AddHours(-3)));
        Assert.False(liveness.IsUp("a"));
        Assert.Equal("a", liveness.Observe(Lease("a", _clock.Now.AddHours(-3).AddSeconds(20))));
        Assert.True(liveness.IsUp("a"));
    }

    [Fact]
    public void Only_agents_Leases_count()
    {
        var liveness = new HostLiveness(_clock);
        Assert.Null(liveness.Observe(Lease("a", _clock.Now) with { Metadata = new() { Name = "other", Namespace = "kilonova-host-a" } }));
        Assert.Null(liveness.Observe(Lease("a", _clock.Now) with { Metadata = new() { Name = ApiGroup.AgentLeaseName, Namespace = "project" } }));
    }

    [Fact]
    public void An_aggregate_lists_its_members_by_name_and_by_label()
    {
        var status = Status(Aggregate("one", "z1", "a") with { Spec = new() { Hosts = ["a"], HostSelector = new Dictionary<string, string> { ["rack"] = "7" }, AvailabilityZone = "z1" } }, Host("a"), Host("b", "7"), Host("c"));
        Assert.Equal(["a", "b"], status.Hosts);
        Assert.Equal(ConditionStatus.True, Assert.Single(status.Conditions!).Status);
    }

    [Fact]
    public void Hosts_that_do_not_exist_are_named()
    {
        var condition = Assert.Single(Status(Aggregate("one", "z1", "a", "ghost"), Host("a")).Conditions!);
        Assert.Equal((ConditionStatus.False, "HostsMissing"), (condition.Status, condition.Reason));
        Assert.Contains("ghost", condition.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_in_two_zones_is_a_conflict_of_both_aggregates()
    {
        var one = Aggregate("one", "z1", "a");
        var two = Aggregate("two", "z2", "a");
        var condition = Assert.Single(AggregateReconciler.StatusOf(one, [one, two], [Host("a")], _clock.Now).Conditions!);
        Assert.Equal("ZoneConflict", condition.Reason);
        Assert.Contains("a is in zone z2 too, by two", condition.Message, StringComparison.Ordinal);
        Assert.Equal("Applied", Assert.Single(AggregateReconciler.StatusOf(one, [one, Aggregate("same", "z1", "a")], [Host("a")], _clock.Now).Conditions!).Reason);
    }

    [Fact]
    public void An_agent_may_read_orders_and_Secrets_and_write_what_it_did_and_no_more()
    {
        var role = HostNamespaces.RoleOf("kilonova-host-a", "a");
        Assert.DoesNotContain(role.Rules, r => r.Verbs.Contains("delete") || r.Verbs.Contains("*") || r.Resources.Contains("*"));
        Assert.Equal(["get"], role.Rules.Single(r => r.Resources.Contains("secrets")).Verbs);
        Assert.DoesNotContain("create", role.Rules.Single(r => r.Resources.Contains("instances")).Verbs);
    }

    [Fact]
    public void What_was_promised_above_what_there_is_now_is_told_while_it_lasts()
    {
        var ledger = new ResourceProvider
        {
            Metadata = new() { Name = "a" },
            Spec = new() { HostID = "h" },
            Status = new() { Allocations = [new() { Id = "x", Epoch = 1, ClaimID = "c", Holder = "Server/p/s", Resources = new Dictionary<string, long> { ["VCPU"] = 4 } }] },
        };
        var enough = new EffectiveInventory([new Inventory("VCPU", 4, 0, 1, 4, 1, 1)]);
        var shrunk = new EffectiveInventory([new Inventory("VCPU", 3, 0, 1, 3, 1, 1)]);
        Assert.Null(LedgerReconciler.StatusOf(ledger, enough, _clock.Now));
        var told = LedgerReconciler.StatusOf(ledger, shrunk, _clock.Now)!;
        Assert.Contains("4 promised, capacity 3", Assert.Single(told.Conditions!).Message, StringComparison.Ordinal);
        Assert.Same(ledger.Status.Allocations, told.Allocations);
        Assert.Null(LedgerReconciler.StatusOf(ledger with { Status = told }, shrunk, _clock.Now));
        Assert.Empty(LedgerReconciler.StatusOf(ledger with { Status = told }, enough, _clock.Now)!.Conditions!);
    }

    private AggregateStatus Status(Aggregate aggregate, params Hypervisor[] hosts) => AggregateReconciler.StatusOf(aggregate, [aggregate], hosts, _clock.Now);

    private static Aggregate Aggregate(string name, string zone, params string[] hosts) =>
        new() { Metadata = new() { Name = name, Generation = 1 }, Spec = new() { Hosts = hosts, AvailabilityZone = zone } };

    private static Hypervisor Host(string name, string? rack = null) =>
        new() { Metadata = new() { Name = name, Labels = rack is null ? null : new Dictionary<string, string> { ["rack"] = rack } }, Spec = new() };

    private static Lease Lease(string host, DateTimeOffset renewed) =>
        new() { Metadata = new() { Name = ApiGroup.AgentLeaseName, Namespace = ApiGroup.HostNamespace(host) }, Spec = new() { RenewTime = renewed } };

    private sealed class Clock : TimeProvider
    {
        private long _seconds = 1_000_000;

        public DateTimeOffset Now => DateTimeOffset.FromUnixTimeSeconds(_seconds);

        public override long TimestampFrequency => 1;

        public void Pass(int seconds) => _seconds += seconds;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => _seconds;
    }
}
