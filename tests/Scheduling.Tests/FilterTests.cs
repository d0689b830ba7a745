using Kilonova.Crds;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

public sealed class FilterTests
{
    public static TheoryData<bool, bool, string?, bool> Services => new()
    {
        { true, false, null, true },
        { false, false, null, false },
        { true, true, null, false },
        { false, true, null, false },
        { true, false, "it has not answered after the restore", false },
    };

    [Theory]
    [MemberData(nameof(Services))]
    public void Compute_filter_passes_hosts_that_are_up_enabled_and_not_held_back(bool up, bool disabled, string? blocked, bool passes)
    {
        var snapshot = Given.Snapshot(Given.Host() with { Up = up, Disabled = disabled, Blocked = blocked });
        Assert.Equal(passes ? "host" : null, Given.Scheduler().Decide(snapshot, Given.Request()).Host);
    }

    [Theory]
    [InlineData(false, false, null, null, "down: its agent is not heard of, or it is forced down")]
    [InlineData(true, true, null, null, "disabled")]
    [InlineData(true, true, "new memory", null, "disabled: new memory")]
    [InlineData(false, true, "new memory", null, "disabled: new memory")]
    [InlineData(true, false, null, "it is being deleted", "held back: it is being deleted")]
    public void Compute_filter_says_which_of_them_it_is(bool up, bool disabled, string? reason, string? blocked, string expected)
    {
        var snapshot = Given.Snapshot(Given.Host() with { Up = up, Disabled = disabled, DisabledReason = reason, Blocked = blocked });
        Assert.Equal(expected, new ComputeFilter().Explain(snapshot.View, Given.Request(), 0));
    }

    [Theory]
    [InlineData(null, new[] { "a", "ab", "none" })]
    [InlineData("", new[] { "a", "ab", "none" })]
    [InlineData("az1", new[] { "a", "ab" })]
    [InlineData("az2", new[] { "ab" })]
    [InlineData("AZ1", new string[0])]
    [InlineData("nowhere", new string[0])]
    [InlineData("nova", new[] { "none" })]
    public void Zone_filter_passes_members_of_the_zone_and_unzoned_hosts_for_the_default_zone(string? zone, string[] expected)
    {
        var snapshot = Given.Snapshot(
            Given.Host("a") with { Zones = ["az1"] },
            Given.Host("ab") with { Zones = ["az1", "az2"] },
            Given.Host("none"));
        var trace = new DecisionTrace();
        Given.Scheduler().Decide(snapshot, Given.Request(zone: zone), trace);
        Assert.Equal(expected, trace.Order.Select(h => h.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_zone_named_like_the_default_zone_takes_in_members_and_unzoned_hosts()
    {
        var snapshot = Given.Snapshot(Given.Host("member") with { Zones = ["nova"] }, Given.Host("none"), Given.Host("other") with { Zones = ["az1"] });
        var decision = Given.Scheduler().Decide(snapshot, Given.Request(zone: "nova"));
        Assert.Equal(["member", "none"], decision.Ranked.Select(r => r.Name));
    }

    [Theory]
    [InlineData(16, 32768, 1000, null)]
    [InlineData(17, 32768, 1000, "VCPU")]
    [InlineData(16, 32769, 1000, "MEMORY_MB")]
    [InlineData(16, 32768, 1001, "DISK_GB")]
    [InlineData(99, 99999, 9999, "VCPU")]
    [InlineData(16, 32768, 0, null)]
    [InlineData(long.MaxValue, 1, 1, "VCPU")]
    public void Fit_rejects_by_the_first_class_that_lacks(long vcpus, long memory, long disk, string? rejectedBy)
    {
        var decision = Given.Scheduler().Decide(Given.Snapshot(Given.Host()), Given.Request(vcpus, memory, disk));
        Assert.Equal(rejectedBy, decision.Rejected.Select(r => r.Step).SingleOrDefault());
    }

    [Theory]
    [InlineData(4, 1, 8, 1, 0, "None")]
    [InlineData(4, 5, 8, 1, 0, "BelowMinimum")]
    [InlineData(9, 1, 8, 1, 0, "AboveMaximum")]
    [InlineData(6, 1, 8, 4, 0, "OffStep")]
    [InlineData(4, 1, 8, 1, 12, "None")]
    [InlineData(4, 1, 8, 1, 13, "Insufficient")]
    [InlineData(1, 1, 8, 1, 99, "Insufficient")]
    [InlineData(1, 1, 8, 1, long.MaxValue, "Insufficient")]
    [InlineData(1, 1, 0, 1, 0, "NoInventory")]
    public void Fit_holds_minimum_maximum_step_and_what_is_promised(long amount, long min, long max, long step, long used, string expected)
    {
        var inventory = new Inventory(ResourceClass.Vcpu, 8, 0, min, max, step, 2.0);
        Assert.Equal(expected, inventory.Check(amount, used).ToString());
    }

    [Fact]
    public void A_class_that_no_host_offers_rejects_every_host()
    {
        var request = Given.NoResources() with { Resources = [new("CUSTOM_FPGA", 1)] };
        var decision = Given.Scheduler().Decide(Given.Snapshot(Given.Host("a"), Given.Host("b")), request);
        Assert.Equal("0/2 hosts are available: 2 Insufficient CUSTOM_FPGA.", decision.Message);
    }

    [Fact]
    public void Traits_that_are_required_must_be_there_and_forbidden_ones_must_not()
    {
        var snapshot = Given.Snapshot(
            Given.Host("ssd") with { Traits = ["CUSTOM_SSD"] },
            Given.Host("both") with { Traits = ["CUSTOM_OLD", "CUSTOM_SSD"] },
            Given.Host("none"));
        var request = Given.Request() with { RequiredTraits = ["CUSTOM_SSD"], ForbiddenTraits = ["CUSTOM_OLD"] };
        var decision = Given.Scheduler().Decide(snapshot, request);
        Assert.Equal(["ssd"], decision.Ranked.Select(r => r.Name));
        Assert.Equal(
            ["both: has CUSTOM_OLD, which is forbidden", "none: lacks CUSTOM_SSD"],
            decision.Report(Given.Time).Samples!.Select(s => $"{s.Host}: {s.Message}"));
    }

    [Fact]
    public void Hosts_that_failed_to_build_the_server_or_hold_an_entry_of_it_are_no_candidates()
    {
        var snapshot = Given.Snapshot(
            Given.Host("failed"),
            Given.Host("holds") with { Allocations = [Given.Entry("wanted", vcpus: 1)] },
            Given.Host("other") with { Allocations = [Given.Entry("someone", vcpus: 9)] });
        var request = Given.Request() with { ExcludedHosts = [new("failed", "failed to build this server (ImageError): no space"), new("unknown", "gone")] };
        var decision = Given.Scheduler().Decide(snapshot, request);
        Assert.Equal(["other"], decision.Ranked.Select(r => r.Name));
        Assert.Equal("1/3 hosts are available: 2 excluded for this server.", decision.Message);
        Assert.Equal(
            ["failed: failed to build this server (ImageError): no space", "holds: its ledger holds an entry of this instance"],
            decision.Report(Given.Time).Samples!.Select(s => $"{s.Host}: {s.Message}"));
    }

    [Theory]
    [InlineData(null, null, 10, null)]
    [InlineData(2048L, 10L, 10, null)]
    [InlineData(2049L, null, 10, "the flavor's memory is too small for the image: 2048 MiB, the image needs 2049 MiB")]
    [InlineData(null, 11L, 10, "the flavor's root disk is too small for the image: 10 GiB, the image needs 11 GiB")]
    [InlineData(null, 11L, 0, null)]
    public void Image_minimums_refuse_a_flavor_that_is_too_small(long? minMemory, long? minDisk, long root, string? refusal)
    {
        var request = Given.Request() with
        {
            Flavor = new FlavorSpec { Vcpus = 1, MemoryMiB = 2048, RootGiB = root },
            Image = new ImageSpec { MinMemoryMiB = minMemory, MinDiskGiB = minDisk },
        };
        var decision = Given.Scheduler().Decide(Given.Snapshot(Given.Host("a"), Given.Host("b")), request);
        Assert.Equal(refusal is null ? "2/2 hosts are available." : $"0/2 hosts are available: {refusal}.", decision.Message);
        Assert.Equal(refusal, decision.Report(Given.Time).NearestMiss);
        Assert.Equal(refusal is null ? 0 : 2, decision.Rejected.Sum(r => r.Hosts));
    }

    [Fact]
    public void A_filter_that_throws_rejects_the_hosts_it_throws_for_and_says_so()
    {
        var registry = SchedulerRegistry.Default with { Filters = SchedulerRegistry.Default.Filters.Add("Fragile", _ => new Fragile()) };
        var scheduler = Given.Scheduler(new SchedulerConfiguration { EnabledFilters = ["Fragile", "ComputeFilter"] }, registry);
        var decision = scheduler.Decide(Given.Snapshot(Given.Host("a"), Given.Host("bad"), Given.Host("c")), Given.Request());
        Assert.Equal(["a", "c"], decision.Ranked.Select(r => r.Name));
        var error = Assert.Single(decision.Errors);
        Assert.Equal(("Fragile", "bad", "cannot judge bad"), (error.Filter, error.Host, error.Exception.Message));
        Assert.Equal("the filter failed: FormatException: cannot judge bad", Assert.Single(decision.Report(Given.Time).Samples!).Message);
    }

    [Fact]
    public void What_a_filter_did_before_it_threw_does_not_count()
    {
        var registry = SchedulerRegistry.Default with { Filters = SchedulerRegistry.Default.Filters.Add("Fragile", _ => new Fragile(clearsFirst: true)) };
        var scheduler = Given.Scheduler(new SchedulerConfiguration { EnabledFilters = ["Fragile"] }, registry);
        var decision = scheduler.Decide(Given.Snapshot(Given.Host("a"), Given.Host("bad"), Given.Host("c")), Given.Request());
        Assert.Equal(["a", "c"], decision.Ranked.Select(r => r.Name));
    }

    private sealed class Fragile(bool clearsFirst = false) : HostFilter
    {
        public override string Name => "Fragile";

        public override string Reason => "not judged";

        public override ClusterEvents WokenBy => ClusterEvents.None;

        public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
            hosts.Name(row) == "bad" ? throw new FormatException("cannot judge bad") : true;

        public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
        {
            if (clearsFirst) survivors.Clear();
            base.Apply(hosts, request, survivors);
            if (clearsFirst) throw new InvalidOperationException("after the damage");
        }

        public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => "";

        public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "";
    }
}
