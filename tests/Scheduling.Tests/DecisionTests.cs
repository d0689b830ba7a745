using System.Text.Json;
using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

public sealed class DecisionTests
{
    [Fact]
    public void The_message_reads_like_kubectls()
    {
        var hosts = Enumerable.Range(0, 7).Select(i => Given.Host($"small{i}", memory: 1024))
            .Concat(Enumerable.Range(0, 3).Select(i => Given.Host($"down{i}") with { Up = false }))
            .Concat(Enumerable.Range(0, 2).Select(i => Given.Host($"far{i}") with { Zones = ["az9"] }));
        var decision = Given.Scheduler().Decide(Given.Snapshot(hosts), Given.Request(zone: "az1"));
        Assert.Null(decision.Host);
        Assert.Equal("0/12 hosts are available: 7 Insufficient MEMORY_MB, 3 not in service, 2 in another availability zone.", decision.Message);
    }

    [Fact]
    public void No_hosts_at_all_is_said_and_waits_for_the_first()
    {
        var decision = Given.Scheduler().Decide(new Snapshot(), Given.Request());
        Assert.Equal("0/0 hosts are available: no host is known.", decision.Message);
        Assert.Equal(ClusterEvents.HostAdded, decision.WokenBy);
        Assert.Null(decision.Report(Given.Time).NearestMiss);
    }

    [Fact]
    public void Only_events_that_undo_a_rejection_wake_the_server()
    {
        var snapshot = Given.Snapshot(Given.Host("small", vcpus: 1), Given.Host("down") with { Up = false });
        var decision = Given.Scheduler().Decide(snapshot, Given.Request());
        Assert.Equal(
            ClusterEvents.HostAdded | ClusterEvents.CapacityGrown | ClusterEvents.HostUp | ClusterEvents.HostEnabled | ClusterEvents.HostUnblocked, decision.WokenBy);
    }

    [Fact]
    public void The_report_holds_counts_samples_with_numbers_and_the_nearest_miss()
    {
        var snapshot = Given.Snapshot(
            Given.Host("far", memory: 512),
            Given.Host("near", memory: 2048) with { Allocations = [Given.Entry("x", memory: 256)] },
            Given.Host("down", memory: 1536) with { Up = false });
        var report = Given.Scheduler().Decide(snapshot, Given.Request(memory: 2048)).Report(Given.Time);
        Assert.Equal((3, Given.Time), (report.Hosts, report.Time));
        Assert.Equal([("MEMORY_MB", 3)], report.Rejected!.Select(r => (r.Filter, r.Hosts)));
        Assert.Equal(
            [
                "far: 2048 MiB wanted, at most 512 MiB for one guest",
                "near: 2048 MiB wanted, 1792 of 2048 MiB free",
                "down: 2048 MiB wanted, at most 1536 MiB for one guest",
            ],
            report.Samples!.Select(s => $"{s.Host}: {s.Message}"));
        Assert.Equal("near would fit if 256 MiB more of MEMORY_MB were free (2048 MiB wanted, 1792 of 2048 MiB free) or the flavor asked for at most 1792 MiB", report.NearestMiss);
    }

    public static TheoryData<HostFacts, string> NearMisses => new()
    {
        { Given.Host() with { Up = false }, "host would fit if it were up" },
        { Given.Host() with { Disabled = true, DisabledReason = "x" }, "host would fit if it were enabled" },
        { Given.Host() with { Up = false, Disabled = true }, "host would fit if it were up and enabled" },
        { Given.Host() with { Blocked = "it is being deleted" }, "host would fit if it were not held back (it is being deleted)" },
        { Given.Host() with { Zones = ["az1", "az2"] }, "host would fit if the server asked for zone az1, az2" },
        { Given.Host(vcpus: 1), "host would fit if the flavor asked for at most 1 of VCPU (2 wanted)" },
        { Given.Host() with { Inventory = Vcpu(4, 16, 1) }, "host would fit if the flavor asked for at least 4 of VCPU (2 wanted)" },
        { Given.Host() with { Inventory = Vcpu(1, 16, 3) }, "host would fit if the flavor asked for a multiple of 3 of VCPU (2 wanted)" },
        {
            Given.Host(vcpus: 1) with { Up = false, Zones = ["az1"] },
            "host would fit if the flavor asked for at most 1 of VCPU (2 wanted), and if it were up, and if the server asked for zone az1"
        },
        {
            Given.Host() with { Allocations = [Given.Entry("x", vcpus: 16)] },
            "host would fit if 2 more of VCPU were free (2 wanted, 0 of 16 free)"
        },
    };

    [Theory]
    [MemberData(nameof(NearMisses))]
    public void The_nearest_miss_says_what_would_have_to_change(HostFacts host, string expected) =>
        Assert.Equal(expected, Given.Scheduler().Decide(Given.Snapshot(host), Given.Request(zone: "nova")).Report(Given.Time).NearestMiss);

    [Fact]
    public void A_host_that_fails_one_step_is_nearer_than_one_that_fails_two()
    {
        var snapshot = Given.Snapshot(Given.Host("two", memory: 2047) with { Up = false }, Given.Host("one", memory: 16));
        Assert.StartsWith("one would fit", Given.Scheduler().Decide(snapshot, Given.Request()).Report(Given.Time).NearestMiss, StringComparison.Ordinal);
    }

    [Fact]
    public void What_nobody_should_change_is_no_near_miss()
    {
        var snapshot = Given.Snapshot(Given.Host("holds") with { Allocations = [Given.Entry("wanted")] }, Given.Host("nothing") with { Inventory = EffectiveInventory.None });
        Assert.Null(Given.Scheduler().Decide(snapshot, Given.Request()).Report(Given.Time).NearestMiss);
    }

    [Fact]
    public void A_report_of_a_success_holds_alternates()
    {
        var snapshot = Given.Snapshot(Given.Host("a", vcpus: 8), Given.Host("b", vcpus: 64), Given.Host("c", vcpus: 32), Given.Host("d", vcpus: 16), Given.Host("e", vcpus: 1));
        var decision = Given.Scheduler().Decide(snapshot, Given.Request());
        Assert.Equal(["b", "c", "d"], decision.Ranked.Select(r => r.Name));
        Assert.Equal("4/5 hosts are available: 1 Insufficient VCPU.", decision.Message);
        var report = decision.Report(Given.Time);
        Assert.Equal(["c", "d"], report.Alternates);
        Assert.Null(report.NearestMiss);
    }

    [Fact]
    public void A_report_stays_within_4_KiB_on_the_wire()
    {
        var name = new string('ü', 240);
        var resources = Enumerable.Range(0, 60).Select(i => new ResourceAmount($"CUSTOM_{new string('X', 200)}_{i:00}", 1)).ToList();
        var hosts = Enumerable.Range(0, 60).Select(i => new HostFacts
        {
            Name = $"{name}{i:00}",
            Inventory = new EffectiveInventory(resources.Where((_, k) => k != i).Select(r => new Inventory(r.ResourceClass, 1, 0, 1, 1, 1, 1.0))),
        });
        var decision = Given.Scheduler().Decide(Given.Snapshot(hosts), Given.NoResources() with { Resources = SchedulingRequest.Canonical(resources) });
        Assert.Equal(60, decision.Rejected.Length);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(decision.Report(Given.Time), CrdsJsonContext.Default.SchedulingReport);
        Assert.InRange(bytes.Length, 3000, 4096);
    }

    [Fact]
    public void Rejections_name_every_host_once_with_the_first_step_that_rejected_it()
    {
        var hosts = Enumerable.Range(0, 12).Select(i => Given.Host($"h{i:00}", memory: i < 8 ? 1024 : 32768, vcpus: i < 2 ? 1 : 16));
        var decision = Given.Scheduler().Decide(Given.Snapshot(hosts), Given.Request());
        Assert.Equal(
            decision.Rejected.SelectMany(r => Enumerable.Repeat(r.Step, r.Hosts)),
            decision.Rejections().Select(r => r.Filter));
        Assert.Equal(["h00", "h01", "h02", "h03", "h04", "h05", "h06", "h07"], decision.Rejections().Select(r => r.Host));
        Assert.Equal("2048 MiB wanted, at most 1024 MiB for one guest", decision.Rejections()[^1].Message);
    }

    [Fact]
    public void Samples_show_every_step()
    {
        var hosts = Enumerable.Range(0, 50).Select(i => Given.Host($"h{i:00}", vcpus: i < 20 ? 1 : 16, memory: i < 30 ? 16 : 32768, disk: i < 40 ? 1 : 1000) with { Up = false });
        var report = Given.Scheduler().Decide(Given.Snapshot(hosts), Given.Request()).Report(Given.Time);
        Assert.Equal(["VCPU", "MEMORY_MB", "DISK_GB", "ComputeFilter"], report.Rejected!.Select(r => r.Filter));
        Assert.Equal(report.Rejected!.Select(r => r.Filter), report.Samples!.Select(s => s.Filter).Distinct());
    }

    [Fact]
    public void A_decision_cannot_be_explained_from_later_facts()
    {
        var snapshot = Given.Snapshot(Given.Host());
        var scheduler = Given.Scheduler();
        var decision = scheduler.Decide(snapshot, Given.Request());
        decision.Report(Given.Time);
        snapshot.Apply(Given.Host("other"));
        Assert.Throws<InvalidOperationException>(() => decision.Report(Given.Time));
        decision = scheduler.Decide(snapshot, Given.Request());
        scheduler.Decide(snapshot, Given.Request());
        Assert.Throws<InvalidOperationException>(() => decision.Report(Given.Time));
    }

    [Fact]
    public void Equal_hosts_keep_their_order_unless_they_are_to_be_drawn()
    {
        var snapshot = Given.Snapshot(Enumerable.Range(0, 100).Select(i => Given.Host($"host{i:00}")).Append(Given.Host("worse", vcpus: 4)));
        Assert.Equal(["host00", "host01", "host02"], Given.Scheduler().Decide(snapshot, Given.Request()).Ranked.Select(r => r.Name));

        var shuffling = Given.Scheduler(new SchedulerConfiguration { ShuffleBestSameWeighedHosts = true });
        var first = Enumerable.Range(0, 400).Select(_ => shuffling.Decide(snapshot, Given.Request()).Ranked).ToList();
        Assert.All(first, r => Assert.Equal(3, r.DistinctBy(h => h.Name).Count()));
        Assert.DoesNotContain("worse", first.SelectMany(r => r.Select(h => h.Name)));
        Assert.InRange(first.Select(r => r[0].Name).Distinct().Count(), 90, 100);
    }

    [Fact]
    public void The_host_is_drawn_from_the_subset_and_the_others_follow_in_order()
    {
        var snapshot = Given.Snapshot(Enumerable.Range(0, 9).Select(i => Given.Host($"host{i}", memory: 65536 - i)));
        var scheduler = Given.Scheduler(new SchedulerConfiguration { HostSubsetSize = 4 });
        var seen = Enumerable.Range(0, 200).Select(_ => string.Join(' ', scheduler.Decide(snapshot, Given.Request()).Ranked.Select(r => r.Name))).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["host0 host1 host2", "host1 host0 host2", "host2 host0 host1", "host3 host0 host1"], seen);
    }

    [Theory]
    [InlineData("Nope", 1, 3, "EnabledFilters: there is no Nope; known are AggregateImagePropertiesIsolation, AggregateInstanceExtraSpecsFilter, ")]
    [InlineData("ComputeFilter,ComputeFilter", 1, 3, "EnabledFilters: ComputeFilter is named twice.")]
    [InlineData("ComputeFilter", 0, 3, "hostSubsetSize: must be a whole number, at least 1, is 0.")]
    [InlineData("ComputeFilter", 1, 0, "maxAttempts: must be a whole number, at least 1, is 0.")]
    public void A_configuration_that_makes_no_sense_is_refused(string filters, int subset, int attempts, string message)
    {
        var configuration = new SchedulerConfiguration { EnabledFilters = [.. filters.Split(',')], HostSubsetSize = subset, MaxAttempts = attempts };
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => new Scheduler(configuration)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_wakes_those_it_may_have_unblocked_and_no_others()
    {
        var index = new WakeUpIndex<string>();
        index.Add("full", ClusterEvents.CapacityGrown | ClusterEvents.HostAdded);
        index.Add("down", ClusterEvents.HostUp | ClusterEvents.HostAdded);
        index.Add("gone", ClusterEvents.CapacityGrown);
        index.Remove("gone");
        index.Add("changed", ClusterEvents.CapacityGrown);
        index.Add("changed", ClusterEvents.ZonesChanged);
        Assert.Equal(["full"], index.For(ClusterEvents.CapacityGrown));
        Assert.Equal(["down", "full"], index.For(ClusterEvents.HostAdded | ClusterEvents.HostUp).Order(StringComparer.Ordinal));
        Assert.Equal(["changed"], index.For(ClusterEvents.ZonesChanged));
        Assert.Empty(index.For(ClusterEvents.None));
        Assert.Equal(3, index.Count);
    }

    private static EffectiveInventory Vcpu(long min, long max, long step) => new(
        Given.Inventory().Inventories.Where(i => i.ResourceClass != "VCPU").Append(new Inventory("VCPU", 16, 0, min, max, step, 1.0)));
}
