using System.Collections.Immutable;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Benchmarks.Scheduling;

/// <summary>
/// The NUMA fit as one would first write it: every arrangement of cells in order, sets and LINQ for each pair, the first that fits. The tests hold ours to its answer,
/// the benchmarks to its time.
/// </summary>
internal static class NaiveNuma
{
    public sealed record Cell(int HostCell, long PageSizeKiB, List<int> Pins, int? EmulatorCpu);

    public static List<Cell>? Fit(HostTopology host, GuestTopology guest) => Fit(host, guest, [], NumaNetworks.None);

    public static List<Cell>? Fit(HostTopology host, GuestTopology guest, ImmutableArray<PciRequest> devices, NumaNetworks networks)
    {
        if (guest.Cells.Length > host.Cells.Length) return null;
        foreach (var arrangement in Permutations(Ordered(host, guest, !devices.IsEmpty), guest.Cells.Length))
        {
            var cells = new List<Cell>();
            for (var i = 0; i < arrangement.Count; i++)
            {
                if (Fit(arrangement[i], guest, guest.Cells[i], host.Limits) is not { } cell) break;
                cells.Add(cell);
            }

            if (cells.Count != guest.Cells.Length) continue;
            if (!devices.IsEmpty && host.Pci?.Support(devices, host.Cells, [.. cells.Select(c => c.HostCell)]) != true) continue;
            if (networks.Physical.Any(n => host.Cells.Any(c => c.PhysicalNetworks.Contains(n)) && !arrangement.Any(c => c.PhysicalNetworks.Contains(n)))) continue;
            if (networks.Tunnelled && host.Cells.Any(c => c.Tunnels) && !arrangement.Any(c => c.Tunnels)) continue;
            return cells;
        }

        return null;
    }

    private static List<HostCell> Ordered(HostTopology host, GuestTopology guest, bool devices)
    {
        var cells = host.Cells.ToList();
        if (cells.Count == guest.Cells.Length) return cells;
        double sign = host.Packs ? -1 : 1;
        cells = [.. cells.OrderBy(c => -sign * (c.MemoryMiB - c.MemoryUsedMiB))];
        cells = guest.Pins ? [.. cells.OrderBy(c => -sign * Free(c).Count)] : [.. cells.OrderBy(c => sign * c.SharedCpusUsed)];
        return host.Pci is null ? cells : [.. cells.OrderBy(c => (devices ? -1 : 1) * host.Pci.Pools.Where(p => p.NumaCell == c.Id).Sum(p => p.Count))];
    }

    private static IEnumerable<List<HostCell>> Permutations(List<HostCell> cells, int length)
    {
        if (length == 0)
        {
            yield return [];
            yield break;
        }

        foreach (var first in cells)
            foreach (var rest in Permutations([.. cells.Where(c => c != first)], length - 1))
                yield return [first, .. rest];
    }

    private static Cell? Fit(HostCell host, GuestTopology guest, GuestCell cell, OvercommitLimits? limits)
    {
        var memory = cell.MemoryMiB * 1024;
        var size = 0L;
        if (guest.PageSize == PageSize.NotAsked)
        {
            var smallest = host.Pages.OrderBy(p => p.SizeKiB).Take(1).ToList();
            if (smallest.Count == 0 ? cell.MemoryMiB > host.MemoryMiB : memory > smallest[0].Total * smallest[0].SizeKiB || memory % smallest[0].SizeKiB != 0) return null;
        }
        else
        {
            var sizes = host.Pages.OrderByDescending(p => p.SizeKiB).ToList();
            if (guest.PageSize == PageSize.Small) sizes = [.. sizes.TakeLast(1)];
            if (guest.PageSize == PageSize.Large) sizes = [.. sizes.SkipLast(1)];
            if (guest.PageSize > 0) sizes = [.. sizes.Where(p => p.SizeKiB == guest.PageSize)];
            var found = sizes.Where(p => memory <= p.FreeKiB && memory % p.SizeKiB == 0).ToList();
            if (found.Count == 0) return null;
            size = found[0].SizeKiB;
        }

        var (pins, emulator) = (new List<int>(), (int?)null);
        if (guest.Pins)
        {
            var reserved = guest.EmulatorThreads == EmulatorThreadsPolicy.Isolate && cell.Id == 0 ? 1 : 0;
            var wanted = cell.PinnedCpus.Count + reserved;
            if (wanted > host.DedicatedCpus.Count || wanted > Free(host).Count || cell.MemoryMiB > host.MemoryMiB - host.MemoryUsedMiB) return null;
            if (Pin(host, cell.PinnedCpus.Count, reserved, guest.ThreadPolicy) is not { } packed) return null;
            (pins, emulator) = packed;
        }

        if (guest.CpuPolicy != CpuPolicy.Dedicated)
        {
            if (cell.SharedCpus.Count > host.SharedCpus.Count) return null;
            if (limits is { } limit && (host.SharedCpusUsed + cell.SharedCpus.Count > host.SharedCpus.Count * limit.Cpu || host.MemoryUsedMiB + cell.MemoryMiB > host.MemoryMiB * limit.Ram)) return null;
        }

        return new Cell(host.Id, size, pins, emulator);
    }

    private static (List<int> Pins, int? Emulator)? Pin(HostCell host, int count, int reserved, ThreadPolicy policy)
    {
        var free = Free(host);
        var cores = host.Cores.Select(core => core.Where(free.Contains).ToList()).ToList();
        var threads = host.Cores.Max(core => core.Length);
        if (policy == ThreadPolicy.Isolate)
        {
            if (threads > 1 && !host.SharedCpus.ToHashSet().SetEquals(host.DedicatedCpus)) return null;
            var whole = cores.Where(core => core.Count == threads).ToList();
            if (count == 0 || whole.Count < count) return null;
            var used = whole.Take(count).ToList();
            var others = cores.Where(core => core.Count > 0 && !used.Contains(core)).ToList();
            if (others.Count < reserved) return null;
            return ([.. used.Select(core => core[0])], reserved == 0 ? null : others[0][0]);
        }

        if (policy == ThreadPolicy.Require && threads == 1) return null;
        for (var each = threads; each >= (policy == ThreadPolicy.Require ? 2 : 1); each--)
        {
            var usable = cores.Where(core => core.Count >= each).ToList();
            if (count == 0 || each * usable.Count < count) continue;
            var pins = usable.SelectMany(core => core.Take(each)).Take(count).ToList();
            var rest = cores.SelectMany(core => core).Except(pins).ToList();
            if (rest.Count < reserved) continue;
            return (pins, reserved == 0 ? null : rest[0]);
        }

        if (policy == ThreadPolicy.Require || count == 0) return null;
        var all = cores.SelectMany(core => core).ToList();
        if (all.Count < count + reserved) return null;
        return ([.. all.Take(count)], reserved == 0 ? null : all[count]);
    }

    private static HashSet<int> Free(HostCell cell) => [.. cell.DedicatedCpus.Where(c => !cell.PinnedCpus.Contains(c))];
}
