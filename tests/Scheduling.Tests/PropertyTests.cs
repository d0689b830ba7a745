using FsCheck;
using FsCheck.Fluent;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

/// <summary>What holds for any hosts and any requests. Cases are drawn small, so that rooms are nearly full and ties are common.</summary>
public sealed class PropertyTests
{
    private static readonly string[] Classes = [ResourceClass.Vcpu, ResourceClass.MemoryMb, ResourceClass.DiskGb, "CUSTOM_FPGA"];
    private static readonly string[] Zones = ["az1", "az2", "nova"];
    private static readonly string[] TraitNames = ["A", "B"];

    public sealed record Case(HostFacts[] Hosts, SchedulingRequest[] Requests)
    {
        public override string ToString() => string.Join('\n', Hosts.Select(Line).Concat(Requests.Select(r =>
            $"{r.InstanceID}: {string.Join(' ', r.Resources)} zone={r.AvailabilityZone} +{string.Join(',', r.RequiredTraits)} -{string.Join(',', r.ForbiddenTraits)}")));

        private static string Line(HostFacts h) =>
            $"{h.Name}: {string.Join(' ', h.Inventory.Inventories)} used={string.Join(' ', h.Allocations.Select(a => a.Id + string.Join(' ', a.Resources)))} up={h.Up} disabled={h.Disabled} blocked={h.Blocked} zones={string.Join(',', h.Zones)} traits={string.Join(',', h.Traits)}";
    }

    private static readonly Gen<Inventory> AnyInventory =
        from resourceClass in Gen.Elements(Classes)
        from total in Gen.Choose(1, 12)
        from reserved in Gen.Choose(0, 4)
        from min in Gen.Frequency((5, Gen.Constant(1)), (1, Gen.Choose(1, 4)))
        from max in Gen.Frequency((5, Gen.Constant(12)), (1, Gen.Choose(1, 12)))
        from step in Gen.Frequency((5, Gen.Constant(1)), (1, Gen.Choose(1, 3)))
        from ratio in Gen.Elements(0.5, 1.0, 1.5, 4.0)
        select new Inventory(resourceClass, total, reserved, min, max, step, ratio);

    private static readonly Gen<HostFacts> AnyHost =
        from inventories in AnyInventory.ListOf(4)
        from amounts in Gen.Choose(0, 4).ArrayOf(3)
        from instance in Gen.Elements("i0", "i1", "other")
        from up in Gen.Frequency((6, Gen.Constant(true)), (1, Gen.Constant(false)))
        from disabled in Gen.Frequency((6, Gen.Constant(false)), (1, Gen.Constant(true)))
        from blocked in Gen.Frequency<string?>((6, Gen.Constant<string?>(null)), (1, Gen.Constant<string?>("held")))
        from zones in Gen.SubListOf(Zones)
        from traits in Gen.SubListOf(TraitNames)
        select new HostFacts
        {
            Name = "",
            Inventory = new EffectiveInventory(inventories.DistinctBy(i => i.ResourceClass)),
            Allocations = [Given.Entry(instance, amounts[0], amounts[1], amounts[2])],
            Up = up, Disabled = disabled, Blocked = blocked, Zones = [.. zones], Traits = [.. traits],
        };

    private static readonly Gen<SchedulingRequest> AnyRequest =
        from amounts in Gen.Choose(0, 5).ArrayOf(4)
        from zone in Gen.Elements<string?>(null, null, "az1", "nova", "nowhere")
        from required in Gen.SubListOf(TraitNames)
        from forbidden in Gen.SubListOf(TraitNames)
        from strict in Gen.Choose(0, 3)
        select new SchedulingRequest
        {
            InstanceID = "",
            Resources = SchedulingRequest.Canonical(amounts.Select((a, i) => new ResourceAmount(Classes[i], i == 3 && strict > 0 ? 0 : a))),
            AvailabilityZone = zone,
            RequiredTraits = strict == 1 ? [.. required] : [],
            ForbiddenTraits = strict == 2 ? [.. forbidden] : [],
        };

    private static readonly Arbitrary<Case> AnyCase = (
        from count in Gen.Frequency((3, Gen.Choose(0, 6)), (1, Gen.Choose(60, 140)))
        from hosts in AnyHost.ArrayOf(count)
        from requests in AnyRequest.ArrayOf(8)
        select new Case(
            [.. hosts.Select((h, i) => h with { Name = $"host{i:000}" })],
            [.. requests.Select((r, i) => r with { InstanceID = $"i{i}" })])).ToArbitrary();

    private static void ForAll(Func<Case, bool> holds) => Check.One(Config.QuickThrowOnFailure.WithMaxTest(400), Prop.ForAll(AnyCase, holds));

    [Fact]
    public void No_ledger_is_ever_filled_above_capacity() => ForAll(c =>
    {
        var hosts = c.Hosts.ToDictionary(h => h.Name);
        var snapshot = Given.Snapshot(c.Hosts);
        var scheduler = Given.Scheduler();
        foreach (var request in c.Requests)
        {
            var decision = scheduler.Decide(snapshot, request);
            if (decision.Host is null) continue;
            var facts = hosts[decision.Host];
            var before = Excess(facts);
            // What the scheduler chose on a fresh snapshot, the ledger's guard never refuses.
            if (Ledger.Claim(Given.Provider(facts.Allocations), facts.Inventory, request, new(request.InstanceID, 1, "c", "Server/a/b")) is not ClaimResult.Claimed claimed) return false;
            facts = hosts[decision.Host] = facts with { Allocations = claimed.Allocations };
            snapshot.Apply(facts);
            // A host may start out over-allocated in a class; a claim never makes that worse, nor begins it.
            var after = Excess(facts);
            if (after.Any(e => e.Value > before.GetValueOrDefault(e.Key))) return false;
        }

        return true;
    });

    [Fact]
    public void The_guard_and_the_candidates_agree() => ForAll(c =>
    {
        var snapshot = Given.Snapshot(c.Hosts);
        foreach (var request in c.Requests)
        {
            var trace = new DecisionTrace();
            var plain = request with { AvailabilityZone = null, RequiredTraits = [], ForbiddenTraits = [] };
            Given.Scheduler(new SchedulerConfiguration { EnabledFilters = [] }).Decide(snapshot, plain, trace);
            var claimable = c.Hosts.Where(h =>
                Ledger.Claim(Given.Provider(h.Allocations), h.Inventory, plain, new(plain.InstanceID, 99, "c", "Server/a/b")) is ClaimResult.Claimed).Select(h => h.Name);
            if (!trace.Order.Select(o => o.Name).Order(StringComparer.Ordinal).SequenceEqual(claimable)) return false;
        }

        return true;
    });

    [Fact]
    public void More_capacity_never_turns_a_fit_into_a_no_fit() => ForAll(c =>
    {
        var small = Given.Snapshot(c.Hosts);
        var large = Given.Snapshot(c.Hosts.Select(h => h with
        {
            Inventory = new EffectiveInventory(h.Inventory.Inventories.Select(i => i with { Total = i.Total + 3, MaxUnit = i.MaxUnit + 1, AllocationRatio = i.AllocationRatio * 2 })),
        }));
        return c.Requests.All(r => Survivors(small, r).IsSubsetOf(Survivors(large, r)));
    });

    [Fact]
    public void The_same_input_gives_the_same_answer_and_nothing_is_left_of_earlier_decisions() => ForAll(c =>
    {
        var used = Given.Scheduler();
        var snapshot = Given.Snapshot(c.Hosts);
        foreach (var request in c.Requests.Concat(c.Requests))
        {
            var fresh = Given.Scheduler().Decide(Given.Snapshot(c.Hosts), request);
            var again = used.Decide(snapshot, request);
            if (!again.Ranked.SequenceEqual(fresh.Ranked) || again.Message != fresh.Message || again.WokenBy != fresh.WokenBy) return false;
            if (again.Report(Given.Time).NearestMiss != fresh.Report(Given.Time).NearestMiss) return false;
        }

        return true;
    });

    [Fact]
    public void Counts_of_the_explanation_add_up() => ForAll(c =>
    {
        var snapshot = Given.Snapshot(c.Hosts);
        return c.Requests.All(r =>
        {
            var trace = new DecisionTrace();
            var decision = Given.Scheduler().Decide(snapshot, r, trace);
            return decision.Rejected.Sum(x => x.Hosts) + trace.Order.Count == c.Hosts.Length && decision.Rejected.All(x => x.Hosts > 0);
        });
    });

    [Fact]
    public void Each_step_over_all_hosts_is_its_rule_for_one_host() => ForAll(c =>
    {
        var snapshot = Given.Snapshot(c.Hosts);
        var view = snapshot.View;
        HostFilter[] steps = [new ExcludedHosts(), .. Classes.Select(k => new ResourceFit(k)), new RequiredTraits(), new ComputeFilter(), new AvailabilityZoneFilter("nova")];
        foreach (var request in c.Requests)
        {
            var excluding = request with { ExcludedHosts = [new("host001", "x")] };
            foreach (var step in steps)
            {
                var words = snapshot.Existing.Words[..HostBitmap.WordsFor(snapshot.RowLimit)].ToArray();
                step.Apply(view, excluding, new Survivors(words));
                for (var row = 0; row < c.Hosts.Length; row++)
                    if (step.Passes(view, excluding, row) != new HostBits(words).Contains(row)) return false;
            }
        }

        return true;
    });

    [Fact]
    public void Waking_events_cover_every_way_a_rejected_server_can_come_to_fit() => ForAll(c =>
    {
        if (c.Hosts.Length < 2) return true;
        // Each host becomes its neighbour: whoever fits afterwards and did not before must have been woken.
        var snapshot = Given.Snapshot(c.Hosts);
        var before = c.Requests.Select(r => Given.Scheduler().Decide(snapshot, r)).ToList();
        var events = ClusterEvents.None;
        for (var i = 0; i < c.Hosts.Length; i++) events |= snapshot.Apply(c.Hosts[(i + 1) % c.Hosts.Length] with { Name = c.Hosts[i].Name });
        return c.Requests.Zip(before).All(x =>
            x.Second.Host is not null || (x.Second.WokenBy & events) != 0 || Given.Scheduler().Decide(snapshot, x.First).Host is null);
    });

    private static HashSet<string> Survivors(Snapshot snapshot, SchedulingRequest request)
    {
        var trace = new DecisionTrace();
        Given.Scheduler().Decide(snapshot, request, trace);
        return [.. trace.Order.Select(o => o.Name)];
    }

    private static Dictionary<string, long> Excess(HostFacts facts) => Classes
        .Select(k => (Class: k, Excess: Ledger.Used(facts.Allocations, k) - (facts.Inventory.TryGet(k, out var i) ? i.Capacity : 0)))
        .Where(x => x.Excess > 0).ToDictionary(x => x.Class, x => x.Excess);
}
