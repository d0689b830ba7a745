using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Benchmarks.Scheduling;

/// <summary>What guests with a NUMA topology cost: one fit, one decision, placements in a second.</summary>
internal static class NumaLane
{
    private const int Batch = 100;
    private static readonly FlavorSpec Large = NumaFleet.Pinned(16, 32768, ("hw:numa_nodes", "2"));

    public static void Run(Figures figures)
    {
        Fits(figures);
        ManyCells(figures);
        Decisions(figures);
        Throughput(figures);
        Memory();
    }

    private static void Memory()
    {
        const int Hosts = 10_000;
        var fleet = new NumaFleet(Hosts);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var snapshot = fleet.Snapshot();
        var after = GC.GetTotalMemory(forceFullCollection: true);
        var table = new Table("10,000 hosts half full of pinned guests", "bytes per host", "all, MiB");
        table.Add("snapshot", Table.Count((after - before) / (double)Hosts), $"{(after - before) / 1048576.0:0.0}");
        table.Print("Memory of NUMA states");
        GC.KeepAlive(fleet);
        GC.KeepAlive(snapshot);
    }

    /// <summary>One host after the other, so that no answer is remembered and branches are not learned by heart.</summary>
    private static void Fits(Figures figures)
    {
        var table = new Table("guest on a host of 128 threads, half full", "fits", "does it fit", "where, with pins", "bytes", "naive", "× naive", "Nova", "× Nova");
        var fleet = new NumaFleet(Batch);
        var hosts = Enumerable.Range(0, Batch).Select(fleet.Topology).ToArray();
        foreach (var (what, flavor, nova) in new[]
        {
            ("16 vCPUs, two cells", Large, 300.0),
            ("16 vCPUs, two cells, threads required", NumaFleet.Pinned(16, 32768, ("hw:numa_nodes", "2"), ("hw:cpu_thread_policy", "require")), double.NaN),
            ("4 vCPUs, large pages", NumaFleet.Pinned(4, 8192, ("hw:mem_page_size", "large")), double.NaN),
            ("48 vCPUs, two cells", NumaFleet.Pinned(48, 32768, ("hw:numa_nodes", "2")), double.NaN),
        })
        {
            var guest = TopologyConstraints.Of(flavor, null).Value!;
            var wishes = new NumaWishes(guest, [], NumaNetworks.None);
            var fitting = 0;
            foreach (var host in hosts)
            {
                var (naive, ours) = (NaiveNuma.Fit(host, guest), NumaFit.Place(host, wishes));
                if (naive is null != ours is null || (naive is not null && !naive.SelectMany(c => c.Pins).SequenceEqual(ours!.Cells.SelectMany(c => c.Pins))))
                    throw new InvalidOperationException($"{what}: the naive version answers otherwise.");
                if (ours is not null) fitting++;
            }

            var asked = Measurement.Of(() => All(hosts, h => NumaFit.Fits(h, wishes)), 0.5);
            var placed = Measurement.Of(() => All(hosts, h => NumaFit.Place(h, wishes)), 0.5);
            var slow = Measurement.Of(() => All(hosts, h => NaiveNuma.Fit(h, guest)), 0.5);
            table.Add(
                what, $"{fitting} of {Batch}", Table.Time(asked.P50 / Batch), Table.Time(placed.P50 / Batch), Table.Count(placed.Bytes / (double)Batch), Table.Time(slow.P50 / Batch), Table.Ratio(slow.P50 / placed.P50),
                double.IsNaN(nova) ? "" : Table.Time(nova), double.IsNaN(nova) ? "" : Table.Ratio(nova / (placed.P50 / Batch)));
            if (double.IsNaN(nova)) continue;
            figures.AtMost($"one NUMA fit ({what}, 128 threads): does it fit", asked.P50 / Batch, 2, Table.Time);
            figures.AtMost($"one NUMA fit ({what}, 128 threads): with every pin", placed.P50 / Batch, 2, Table.Time);
        }

        table.Print("One NUMA fit, the mean over hosts. Naive: sets and LINQ, every arrangement, in this run. Nova: numa_fit_instance_to_host where it fits, measured earlier on a like machine");
    }

    private static void ManyCells(Figures figures)
    {
        var table = new Table("16 cells of the host, 8 of the guest", "answer", "time", "naive");
        var free = new HostTopology([.. Enumerable.Range(0, 16).Select(i => Cell(i, 4096))]);
        var short1 = new HostTopology([.. Enumerable.Range(0, 16).Select(i => Cell(i, i < 7 ? 4096 : 64))]);
        var networks = new HostTopology([.. Enumerable.Range(0, 16).Select(i => Cell(i, 4096, [$"n{i}"]))]);
        var guest = new GuestTopology([.. Enumerable.Range(0, 8).Select(i => new GuestCell(i, CpuSet.Of(i), CpuSet.Empty, 1024 - i))], CpuPolicy.None, ThreadPolicy.None, PageSize.NotAsked, EmulatorThreadsPolicy.None);
        var wishes = new NumaWishes(guest, [], NumaNetworks.None);
        var cards = networks with { Pci = new PciPools([.. Enumerable.Range(0, 16).Select(i => new PciPool("v", i < 8 ? "other" : "card", PciPool.Plain, i, i < 8 ? 2 : 1))]) };
        var devices = wishes with { Devices = [new PciRequest(8, [new PciMatch([new("product_id", "card")])], PciNumaPolicy.Required)] };
        var near = wishes with { Networks = new NumaNetworks([.. Enumerable.Range(8, 8).Select(i => $"n{i}")], false) };
        foreach (var (what, host, asked, fits) in new[]
        {
            ("eight devices, one in each of the last eight cells", cards, devices, true), ("all free", free, wishes, true), ("seven have room", short1, wishes, false), ("eight networks, in the last eight cells", networks, near, true),
        })
        {
            if (NumaFit.Place(host, asked) is not null != fits) throw new InvalidOperationException(what);
            var measured = Measurement.Of(() => NumaFit.Place(host, asked), 0.5);
            // 16!/8! is half a milliard arrangements: the naive version is shown only where its first one fits.
            var naive = what == "all free" ? Table.Time(Measurement.Of(() => NaiveNuma.Fit(host, guest), 0.5).P50) : "16!/8! tries";
            table.Add(what, fits ? "fits" : "does not fit", Table.Time(measured.P50), naive);
            figures.AtMost($"a NUMA fit of 8 cells on 16, {what}", measured.P50, 1_000, Table.Time);
        }

        table.Print("Many cells");
    }

    private static void Decisions(Figures figures)
    {
        var table = new Table("hosts", "different states", "decision", "p50", "p99", "p99 CPU", "bytes", "Nova", "× Nova");
        foreach (var (count, nova) in new[] { (1_000, 917_000.0), (10_000, 9_856_000.0) })
        {
            var fleet = new NumaFleet(count);
            var snapshot = fleet.Snapshot();
            var scheduler = new Scheduler(new SchedulerConfiguration());
            var request = NumaFleet.Request("new", Large);
            if (scheduler.Decide(snapshot, request).Host is null) throw new InvalidOperationException("no host");
            var turn = 0;
            var states = snapshot.View.NumaStates;
            var fewer = fleet.Facts.Select(f => f with { Allocations = [.. f.Allocations.Skip(1)] }).ToArray();
            var usual = Measurement.Of(() =>
            {
                var host = turn++ % count;
                snapshot.Apply(turn / count % 2 == 0 ? fewer[host] : fleet.Facts[host]);
                scheduler.Decide(snapshot, request);
            });
            var memory = 20_000L;
            var unseen = Measurement.Of(() =>
            {
                memory += 2;
                scheduler.Decide(snapshot, NumaFleet.Request("new", NumaFleet.Pinned(16, memory, ("hw:numa_nodes", "2"))));
            });
            foreach (var (what, measured) in new[] { ("a flavor that was seen, one host changed before", usual), ("a flavor never seen before", unseen) })
            {
                table.Add(
                    Table.Count(count), Table.Count(states), what, Table.Time(measured.P50), Table.Time(measured.P99), Table.Time(measured.P99Cpu), Table.Count(measured.Bytes), Table.Time(nova),
                    Table.Ratio(nova / measured.CpuMicroseconds));
                if (count != 10_000) continue;
                figures.AtMost($"a decision at 10,000 hosts, pinned 16 vCPUs over two cells, {what}: p50", measured.P50, 5_000, Table.Time);
                figures.AtMost($"a decision at 10,000 hosts, pinned 16 vCPUs over two cells, {what}: p99, CPU time", measured.P99Cpu, 15_000, Table.Time);
            }
        }

        table.Print("One decision, pinned 16 vCPUs over two cells, hosts half full of pinned guests, every default filter and weigher");
    }

    private static void Throughput(Figures figures)
    {
        const int Hosts = 5_000;
        var fleet = new NumaFleet(Hosts);
        var snapshot = fleet.Snapshot();
        var rowOf = Enumerable.Range(0, Hosts).ToDictionary(i => fleet.Facts[i].Name, i => i);
        var scheduler = new Scheduler(new SchedulerConfiguration());
        var number = 0;
        var measured = Measurement.Of(() =>
        {
            var id = $"00000000-0000-4000-8000-{number++:000000000000}";
            var request = NumaFleet.Request(id, Large);
            var decision = scheduler.Decide(snapshot, request);
            var row = rowOf[decision.Host ?? throw new InvalidOperationException(decision.Message)];
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
        var full = fleet.Facts[17];
        var fewer = full with { Allocations = [.. full.Allocations.Skip(1)] };
        var turn = 0;
        var applying = Measurement.Of(() => snapshot.Apply(turn++ % 2 == 0 ? fewer : full));
        var table = new Table("5,000 hosts, half full of pinned guests", "per s of one core", "p50", "p99", "bytes");
        table.Add("placements: request, decision, claim with pins, applied, taken back", Table.Count(measured.PerSecond), Table.Time(measured.P50), Table.Time(measured.P99), Table.Count(measured.Bytes));
        table.Add($"a changed host with {full.Allocations.Count} pinned guests applied to the snapshot", Table.Count(applying.PerSecond), Table.Time(applying.P50), Table.Time(applying.P99), Table.Count(applying.Bytes));
        table.Print("Placements in memory, pinned 16 vCPUs over two cells");
        figures.AtLeast("pinned placements in memory per s of one core, 5,000 hosts", measured.PerSecond, 300, Table.Count);
        figures.AtMost("a changed host with pinned guests applied to the snapshot: p50", applying.P50, 20, Table.Time);
    }

    private static void All<T>(HostTopology[] hosts, Func<HostTopology, T> fit)
    {
        foreach (var host in hosts) fit(host);
    }

    private static HostCell Cell(int id, long memory, params ImmutableArray<string> networks)
    {
        var cpus = CpuSet.Range(id * 8, 8);
        return new HostCell(id, cpus, CpuSet.Empty, [.. cpus.Select(c => ImmutableArray.Create(c))], memory, []) { PhysicalNetworks = networks };
    }
}
