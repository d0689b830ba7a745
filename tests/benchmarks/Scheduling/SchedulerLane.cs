using Kilonova.Crds;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Benchmarks.Scheduling;

/// <summary>How long a decision takes, what it allocates, how many there are in a second, and what keeping the snapshot costs.</summary>
internal static class SchedulerLane
{
    private static readonly DateTimeOffset Time = DateTimeOffset.UnixEpoch;

    public static void Run(Figures figures)
    {
        WarmUp();
        Decisions(figures);
        Throughput(figures);
        Applying(figures);
        Memory();
        WishesLane.Run();
        NumaLane.Run(figures);
    }

    /// <summary>Lets the runtime compile what is measured, so that the first lines are like the last.</summary>
    private static void WarmUp()
    {
        var snapshot = new Fleet(100).Snapshot();
        var scheduler = new Scheduler(new SchedulerConfiguration());
        _ = Measurement.Of(() => scheduler.Decide(snapshot, Fleet.Plain("new", "az2")).Report(Time));
        _ = Measurement.Of(() => scheduler.Decide(snapshot, Fleet.TooLarge("new")).Report(Time));
    }

    /// <summary>One decision, every default filter and weigher. The naive version must choose the same host, or the comparison means nothing.</summary>
    private static void Decisions(Figures figures)
    {
        var table = new Table("hosts", "decision", "p50", "p99", "p99 CPU", "CPU", "bytes", "naive CPU", "× naive", "Nova", "× Nova");
        foreach (var count in new[] { 100, 1_000, 5_000, 10_000 })
        {
            var fleet = new Fleet(count);
            var snapshot = fleet.Snapshot();
            var scheduler = new Scheduler(new SchedulerConfiguration());
            var naive = new NaiveScheduler(fleet);
            foreach (var (what, request) in new[] { ("placed", Fleet.Plain("new")), ("placed, in a zone", Fleet.Plain("new", "az2")), ("no valid host", Fleet.TooLarge("new")) })
            {
                var resources = request.Resources.ToDictionary(r => r.ResourceClass, r => r.Amount);
                var (ours, theirs) = (scheduler.Decide(snapshot, request), naive.Decide("new", resources, request.AvailabilityZone));
                if (ours.Host is null != (what == "no valid host")) throw new InvalidOperationException($"{what}: {ours.Message}");
                if (ours.Host != theirs.Host || ours.Rejected.Sum(r => r.Hosts) != theirs.Rejected.Count)
                    throw new InvalidOperationException($"The naive version decides otherwise: {theirs.Host}, we {ours.Host}: {ours.Message}");
                var fast = Measurement.Of(() => scheduler.Decide(snapshot, request));
                var slow = Measurement.Of(() => naive.Decide("new", resources, request.AvailabilityZone), 0.5);
                var nova = what == "placed" ? NovaFigures.PlainDecisionMs[count] * 1000 : double.NaN;
                table.Add(
                    Table.Count(count), what, Table.Time(fast.P50), Table.Time(fast.P99), Table.Time(fast.P99Cpu), Table.Time(fast.CpuMicroseconds), Table.Count(fast.Bytes),
                    Table.Time(slow.CpuMicroseconds), Table.Ratio(slow.CpuMicroseconds / fast.CpuMicroseconds), double.IsNaN(nova) ? "" : Table.Time(nova), double.IsNaN(nova) ? "" : Table.Ratio(nova / fast.CpuMicroseconds));
                if (count == 10_000)
                {
                    // Others use this machine: what waits for a CPU is not the decision's doing.
                    figures.AtMost($"a decision at 10,000 hosts, {what}: p50", fast.P50, 1_000, Table.Time);
                    figures.AtMost($"a decision at 10,000 hosts, {what}: p99, CPU time", fast.P99Cpu, 3_000, Table.Time);
                }
            }

            var failing = Measurement.Of(() => scheduler.Decide(snapshot, Fleet.TooLarge("new")).Report(Time));
            table.Add(Table.Count(count), "no valid host, explained", Table.Time(failing.P50), Table.Time(failing.P99), Table.Time(failing.P99Cpu), Table.Time(failing.CpuMicroseconds), Table.Count(failing.Bytes), "", "", "", "");
        }

        var defaults = new SchedulerConfiguration();
        table.Print(
            $"One decision with {defaults.EnabledFilters.Length} filters and {defaults.EnabledWeighers.Length} weighers (Zed's default has 5 and 10), fit included. Naive: LINQ over objects, in this run."
            + "\nNova: its filters and weighers alone, CPU time, measured earlier on a like machine.");
    }

    /// <summary>Request, decision, claim in the ledger and the changed host applied: all of a placement but the writes.</summary>
    private static void Throughput(Figures figures)
    {
        var table = new Table("hosts", "placements per s of one core", "p50", "p99", "bytes", "Nova per s", "× Nova");
        foreach (var count in new[] { 1_000, 5_000, 10_000 })
        {
            var fleet = new Fleet(count);
            var snapshot = fleet.Snapshot();
            var rowOf = Enumerable.Range(0, count).ToDictionary(i => fleet.Facts[i].Name, i => i);
            var scheduler = new Scheduler(new SchedulerConfiguration());
            var number = 0;
            var measured = Measurement.Of(() =>
            {
                var id = $"00000000-0000-4000-8000-{number++:000000000000}";
                var request = Fleet.Plain(id);
                var decision = scheduler.Decide(snapshot, request);
                if (decision.Host is null) throw new InvalidOperationException(decision.Message);
                var row = rowOf[decision.Host];
                var provider = fleet.Providers[row];
                var before = fleet.FactsOf(row);
                var claim = Ledger.Claim(provider, before.Inventory, request, new ClaimIdentity(id, 1, "claim", "Server/ns/name"));
                if (claim is not ClaimResult.Claimed claimed) throw new InvalidOperationException($"{decision.Host}: {claim}");
                fleet.Providers[row] = provider with { Status = provider.Status! with { Allocations = claimed.Allocations } };
                snapshot.Apply(fleet.FactsOf(row));
                // The guest leaves again, so that the fleet stays as full as it was.
                fleet.Providers[row] = provider;
                snapshot.Apply(before);
            });
            // Nova refreshes host states and asks Placement for each decision; only its filters and weighers are counted here.
            var nova = 1000 / NovaFigures.PlainDecisionMs[count];
            table.Add(
                Table.Count(count), Table.Count(measured.PerSecond), Table.Time(measured.P50), Table.Time(measured.P99), Table.Count(measured.Bytes), $"{nova:0.0}",
                Table.Ratio(measured.PerSecond / nova));
            if (count == 5_000)
                figures.AtLeast("placements in memory per s of one core, 5,000 hosts", measured.PerSecond, 1_000, Table.Count);
        }

        table.Print("Placements in memory: request compiled, decided, claimed in the ledger, applied, and taken back");
    }

    private static void Applying(Figures figures)
    {
        var table = new Table("guests on the host", "apply p50", "p99", "bytes", "facts + apply p50", "p99");
        foreach (var guests in new[] { 10, 50, 500 })
        {
            var fleet = new Fleet(1_000, guests);
            var snapshot = fleet.Snapshot();
            var full = fleet.Facts[500];
            var fewer = full with { Allocations = [.. full.Allocations.Skip(1)] };
            var turn = 0;
            var applying = Measurement.Of(() => snapshot.Apply(turn++ % 2 == 0 ? fewer : full));
            var gathering = Measurement.Of(() => snapshot.Apply(fleet.FactsOf(turn++ % 1_000)));
            table.Add(
                Table.Count(guests), Table.Time(applying.P50), Table.Time(applying.P99), Table.Count(applying.Bytes), Table.Time(gathering.P50), Table.Time(gathering.P99));
            figures.AtMost($"a changed host with {guests} guests applied to the snapshot: p50", applying.P50, 20, Table.Time);
        }

        table.Print("One changed host (a guest comes or goes) taken into the snapshot of 1,000");
    }

    private static void Memory()
    {
        const int Hosts = 10_000;
        var fleet = new Fleet(Hosts);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var snapshot = fleet.Snapshot();
        var withSnapshot = GC.GetTotalMemory(forceFullCollection: true);
        var scheduler = new Scheduler(new SchedulerConfiguration());
        scheduler.Decide(snapshot, Fleet.Plain("new"));
        var withScheduler = GC.GetTotalMemory(forceFullCollection: true);
        var table = new Table("10,000 hosts, 100,000 guests", "bytes per host", "all, MiB");
        table.Add("snapshot (the guests' index included; names and ledgers belong to the caches)", Table.Count((withSnapshot - before) / (double)Hosts), $"{(withSnapshot - before) / 1048576.0:0.0}");
        table.Add("scheduler's buffers", Table.Count((withScheduler - withSnapshot) / (double)Hosts), $"{(withScheduler - withSnapshot) / 1048576.0:0.0}");
        table.Print("Memory");
        GC.KeepAlive(fleet);
        GC.KeepAlive(snapshot);
        GC.KeepAlive(scheduler);
    }
}
