using FsCheck;
using FsCheck.Fluent;
using Kilonova.Crds;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

/// <summary>What holds with every filter and weigher on, for hosts with aggregates, providers below them, capabilities and load, and requests that ask for all of it.</summary>
public sealed class WidePropertyTests
{
    private static readonly SchedulerConfiguration Everything = new()
    {
        EnabledFilters = [.. SchedulerRegistry.Default.Filters.Keys.Order(StringComparer.Ordinal)],
        EnabledWeighers = [.. SchedulerRegistry.Default.Weighers.Keys.Order(StringComparer.Ordinal)],
        MetricsWeightSetting = ["m=1"],
        MetricsRequired = false,
        MaxInstancesPerHost = 3,
        MaxIoOpsPerHost = 3,
        IsolatedHosts = ["host001"],
        IsolatedImages = ["ns/odd"],
        RestrictIsolatedHostsToIsolatedImages = false,
        LimitTenantsToAggregate = true,
        EnableIsolatedAggregateFiltering = true,
        ImageMetadataPrefilter = true,
        AggregateExtraSpecsWithoutPrefix = true,
    };

    public sealed record Case(HostFacts[] Hosts, SchedulingRequest[] Requests)
    {
        public override string ToString() => string.Join('\n', Hosts.Select(h => h.ToString()).Concat(Requests.Select(r => r.ToString())));
    }

    private static readonly Gen<AggregateFacts> AnyAggregate =
        from key in Gen.Elements("filter_tenant_id", "instance_type", "max_io_ops_per_host", "max_instances_per_host", "os_distro", "ssd", "trait:CUSTOM_A", "ram_weight_multiplier")
        from value in Gen.Elements("red", "m1", "2", "bad", "debian", "true", "required", "red, m1")
        select new AggregateFacts($"{key}={value}", new Dictionary<string, string> { [key] = value });

    private static readonly Gen<HostFacts> AnyHost =
        from aggregates in AnyAggregate.ArrayOf(2)
        from few in Gen.Choose(0, 2)
        from io in Gen.Choose(0, 4)
        from failed in Gen.Choose(0, 2)
        from instances in Gen.SubListOf("i0", "i1", "g0", "g1")
        from memory in Gen.Choose(4, 9)
        from gpus in Gen.Choose(0, 3)
        from ip in Gen.Elements<string?>("192.0.2.1", "198.51.100.1", null)
        from traits in Gen.SubListOf("CUSTOM_A", "COMPUTE_STATUS_DISABLED", "COMPUTE_STORAGE_BUS_VIRTIO")
        from up in Gen.Frequency((6, Gen.Constant(true)), (1, Gen.Constant(false)))
        select new HostFacts
        {
            Name = "",
            Up = up,
            Inventory = new EffectiveInventory([new(ResourceClass.Vcpu, 8, 0, 1, 8, 1, 1), new(ResourceClass.MemoryMb, memory, 0, 1, memory, 1, 1)])
            {
                Children = gpus < 2 ? [] : [new Provider { Name = "gpu", Parent = "", Traits = ["CUSTOM_G"], Inventories = [new("VGPU", gpus, 0, 1, gpus, 1, 1)] }],
            },
            Allocations = [.. instances.Select(i => Given.Entry(i, 1, 1))],
            Traits = [.. traits],
            Aggregates = [.. aggregates.Take(few).DistinctBy(a => a.Name).OrderBy(a => a.Name, StringComparer.Ordinal)],
            Activity = new HostActivity { IoOperations = io, FailedBuilds = failed, Metrics = io > 2 ? null : new Dictionary<string, double> { ["m"] = io } },
            Capabilities = new HostCapabilities { HostIP = ip, HypervisorVersion = io * 1_000_000, CpuInfo = """{"vendor": "AMD"}""", SupportedGuests = failed == 0 ? [] : [new("x86_64", "kvm", "hvm")], CpuFeatures = io == 0 ? ["aes"] : ["aes", "avx"] },
        };

    private static readonly Gen<SchedulingRequest> AnyRequest =
        from vcpus in Gen.Choose(0, 4)
        from memory in Gen.Choose(0, 4)
        from spec in Gen.Elements("", "capabilities:hypervisor_version", "aggregate_instance_extra_specs:ssd", "num_io_ops", "capabilities:cpu_info:vendor")
        from wanted in Gen.Elements("true", ">= 2", "<= 2", "AMD", "<or> AMD <or> x", "s> A")
        from property in Gen.Elements("", "", "os_distro", "hw_architecture", "hw_disk_bus")
        from what in Gen.Choose(0, 13)
        from policy in Gen.Elements(Enum.GetValues<ServerGroupPolicy>())
        select Shaped(new SchedulingRequest
        {
            InstanceID = "",
            Resources = SchedulingRequest.Canonical([new(ResourceClass.Vcpu, vcpus), new(ResourceClass.MemoryMb, memory)]),
            Project = what % 2 == 0 ? "red" : "blue",
            FlavorName = "m1",
            ImageName = what == 1 ? "ns/odd" : "ns/even",
            Flavor = new FlavorSpec { Vcpus = 1, MemoryMiB = 1, ExtraSpecs = spec.Length == 0 ? null : new Dictionary<string, string> { [spec] = wanted } },
            Image = property.Length == 0 ? null : new ImageSpec { Properties = new Dictionary<string, string> { [property] = property == "os_distro" ? "debian" : property == "hw_disk_bus" ? "virtio" : "x86_64" } },
        }, what, policy);

    private static readonly Arbitrary<Case> AnyCase = (
        from count in Gen.Frequency((3, Gen.Choose(0, 6)), (1, Gen.Choose(60, 140)))
        from hosts in AnyHost.ArrayOf(count)
        from requests in AnyRequest.ArrayOf(6)
        select new Case([.. hosts.Select((h, i) => h with { Name = $"host{i:000}" })], [.. requests.Select((r, i) => r with { InstanceID = $"i{i}" })])).ToArbitrary();

    private static SchedulingRequest Shaped(SchedulingRequest request, int what, ServerGroupPolicy policy) => what switch
    {
        2 => request with { DifferentHostFrom = ["g0"] },
        3 => request with { SameHostAs = ["g0", "g1"] },
        4 => request with { HostCidr = "192.0.2.0/24" },
        5 => request with { Query = """["or", ["<", "$free_ram_mb", 4], [">", "$num_instances", 1], ["=", "$failed_builds", 2]]""" },
        6 or 7 => request with { Group = new ServerGroupFacts { Policy = policy, Members = [new("g0", null), new("g1", "host002")], Hosts = ["host000", "host002"] } },
        8 => request with { Resources = [.. request.Resources, new("VGPU", 1)] },
        9 => request with { Groups = [new RequestGroup { Suffix = "1", Resources = [new("VGPU", 2)], RequiredTraits = [["CUSTOM_G"]] }] },
        10 => request with { Groups = [new RequestGroup { Suffix = "1", Resources = [new(ResourceClass.MemoryMb, 2)] }, new RequestGroup { Suffix = "2", Resources = [new(ResourceClass.MemoryMb, 1)] }], GroupPolicy = "none" },
        11 => request with { Recorded = new RecordedCpu(null, ["avx"], null) },
        12 => request with { RequiredTraits = ["CUSTOM_A"], PreferredCell = "c" },
        13 => request with { Resources = [.. request.Resources, new("VGPU", 1)], RequiredTraits = ["CUSTOM_G"] },
        _ => request,
    };

    private static void ForAll(Func<Case, bool> holds) => Check.One(Config.QuickThrowOnFailure.WithMaxTest(80), Prop.ForAll(AnyCase, holds));

    [Fact]
    public void Counts_add_up_and_every_rejection_is_explained() => ForAll(c => c.Requests.All(request =>
    {
        var trace = new DecisionTrace();
        var decision = Given.Scheduler(Everything).Decide(Given.Snapshot(c.Hosts), request, trace);
        return decision.Rejected.Sum(r => r.Hosts) + trace.Order.Count == c.Hosts.Length
            && decision.Report(Given.Time).Samples!.All(s => s.Message.Length > 0);
    }));

    [Fact]
    public void The_same_input_gives_the_same_answer() => ForAll(c =>
    {
        var (used, snapshot) = (Given.Scheduler(Everything), Given.Snapshot(c.Hosts));
        return c.Requests.Concat(c.Requests).All(request =>
        {
            var (fresh, again) = (Given.Scheduler(Everything).Decide(Given.Snapshot(c.Hosts), request), used.Decide(snapshot, request));
            return again.Ranked.SequenceEqual(fresh.Ranked) && again.Message == fresh.Message && again.WokenBy == fresh.WokenBy;
        });
    });

    [Fact]
    public void Skipped_weighers_change_nothing() => ForAll(c => c.Requests.All(request =>
    {
        // With a trace every weigher is asked.
        var trace = new DecisionTrace();
        var traced = Given.Scheduler(Everything).Decide(Given.Snapshot(c.Hosts), request, trace);
        return Given.Scheduler(Everything).Decide(Given.Snapshot(c.Hosts), request).Ranked.SequenceEqual(traced.Ranked);
    }));

    [Fact]
    public void A_decision_leaves_the_snapshot_as_it_was() => ForAll(c =>
    {
        var snapshot = Given.Snapshot(c.Hosts);
        var (before, version) = (Dump(snapshot), snapshot.Version);
        foreach (var request in c.Requests) _ = Given.Scheduler(Everything).Decide(snapshot, request, new DecisionTrace()).Report(Given.Time);
        if (Dump(snapshot) != before || snapshot.Version != version) return false;
        // And applying each host as it is changes nothing either, and helps nobody.
        var events = ClusterEvents.None;
        foreach (var host in c.Hosts) events |= snapshot.Apply(host);
        return Dump(snapshot) == before && events == ClusterEvents.None;
    });

    [Fact]
    public void Each_filter_over_all_hosts_is_its_rule_for_one_host() => ForAll(c =>
    {
        var snapshot = Given.Snapshot(c.Hosts);
        var steps = SchedulerRegistry.Default.Filters.Values.Select(f => f(Everything)).Concat([new RequestedHosts(), new RequiredTraits(), new ProviderFit(), new ResourceFit(ResourceClass.MemoryMb), new ResourceFit("VGPU")]);
        foreach (var (step, request) in steps.SelectMany(s => c.Requests.Select(r => (s, r))))
        {
            var existing = snapshot.Existing.Words[..HostBitmap.WordsFor(snapshot.RowLimit)].ToArray();
            var words = existing.ToArray();
            List<FilterError>? errors = null;
            Scheduler.Apply(step, StepFailure.RejectHost, snapshot.View, request, existing, words, ref errors);
            for (var row = 0; row < c.Hosts.Length; row++)
                Assert.True(PassesOne(step, snapshot, request, row) == new HostBits(words).Contains(row), $"{step.Name} on {snapshot.View.Name(row)}: {request}");
        }

        return true;
    });

    [Fact]
    public void Waking_events_of_each_filter_cover_every_way_a_rejected_server_can_come_to_fit() => ForAll(c =>
    {
        // Each host of the first half becomes one of the second: whoever fits afterwards and did not before must have been woken.
        var half = c.Hosts.Length / 2;
        foreach (var filter in Everything.EnabledFilters)
        {
            // One filter at a time: together they leave too few hosts for a server to come to fit.
            var scheduler = Given.Scheduler(Everything with { EnabledFilters = [filter], EnabledRequestFilters = [] });
            var snapshot = Given.Snapshot(c.Hosts.Take(half));
            var before = c.Requests.Select(r => scheduler.Decide(snapshot, r)).ToList();
            var events = ClusterEvents.None;
            for (var i = 0; i < half; i++) events |= snapshot.Apply(c.Hosts[half + i] with { Name = c.Hosts[i].Name });
            if (!c.Requests.Zip(before).All(x => x.Second.Host is not null || (x.Second.WokenBy & events) != 0 || scheduler.Decide(snapshot, x.First).Host is null)) return false;
        }

        return true;
    });

    [Fact]
    public void No_host_nor_provider_below_it_is_ever_filled_above_capacity() => ForAll(c =>
    {
        var hosts = c.Hosts.ToDictionary(h => h.Name);
        var snapshot = Given.Snapshot(c.Hosts);
        var scheduler = Given.Scheduler(Everything with { EnabledFilters = [], EnabledRequestFilters = [] });
        foreach (var (request, number) in c.Requests.Concat(c.Requests).Select((r, i) => (r with { InstanceID = $"new{i}" }, i)))
        {
            if (scheduler.Decide(snapshot, request).Host is not { } name) continue;
            var facts = hosts[name];
            var before = Ledger.OverAllocated(facts.Allocations, facts.Inventory);
            // What was chosen on a fresh snapshot, the guard takes.
            if (Ledger.Claim(Given.Provider(facts.Allocations), facts.Inventory, request, new(request.InstanceID, number + 1, "c", "Server/a/b")) is not ClaimResult.Claimed claimed) return false;
            if (!Ledger.OverAllocated(claimed.Allocations, facts.Inventory).SequenceEqual(before)) return false;
            if (claimed.Entry.Resources.Values.Sum() != request.Resources.Concat(request.Groups.SelectMany(g => g.Resources)).Sum(r => r.Amount)) return false;
            snapshot.Apply(hosts[name] = facts with { Allocations = claimed.Allocations });
        }

        return true;
    });

    private static bool PassesOne(HostFilter step, Snapshot snapshot, SchedulingRequest request, int row)
    {
        try
        {
            return step.Passes(snapshot.View, request, row);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static string Dump(Snapshot snapshot)
    {
        var hosts = snapshot.View;
        var lines = new List<string>();
        for (var row = 0; row < snapshot.Count; row++)
        {
            lines.Add(string.Join(' ', hosts.Name(row), hosts.Up.Contains(row), hosts.Guests[row], hosts.IoOperations[row], hosts.FailedBuilds[row],
                hosts.Resource(ResourceClass.MemoryMb).Used[row], hosts.Resource(ResourceClass.Vcpu).Room[row], string.Join(',', hosts.TraitsOf(row)), string.Join(',', hosts.AggregatesOf(row).Select(a => a.Name)),
                string.Join(',', hosts.InstancesOn(row).ToArray()), string.Join(',', hosts.Children(row).Select(p => p.Used["VGPU"]))));
        }

        return string.Join('\n', lines);
    }
}
