using System.Collections.Immutable;
using System.Numerics;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Numa;

/// <summary>
/// Fits a guest's cells to a host's. The answer is that of trying every arrangement in order and taking the first that fits, without trying them: which pairs of
/// cells fit is found once, an arrangement is only begun when the rest can still be matched, and what failed for a set of cells is not tried again for it. A host
/// has at most 64 cells.
/// </summary>
public static class NumaFit
{
    /// <summary>Most cells of a host.</summary>
    public const int MaxHostCells = 64;

    /// <summary>Whether a guest fits. Allocates nothing for a guest whose cells are independent of each other.</summary>
    /// <param name="host">The host.</param>
    /// <param name="wishes">The guest.</param>
    /// <returns>True when it does.</returns>
    public static bool Fits(HostTopology host, NumaWishes wishes)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(wishes);
        if (wishes.Topology is not { } guest) return SupportsDevices(host, wishes.Devices, []);
        if (guest.Cells.Length > host.Cells.Length || host.Cells.Length > MaxHostCells) return false;
        if (wishes.ChoosesTogether) return Arrange(host, wishes) is not null;
        Span<ulong> fitting = stackalloc ulong[guest.Cells.Length];
        return Pairs(host, guest, [], fitting) && CanMatch(fitting, 0, 0);
    }

    /// <summary>Finds the first arrangement that fits, with its pages, CPUs and devices.</summary>
    /// <param name="host">The host.</param>
    /// <param name="wishes">The guest.</param>
    /// <returns>Where the guest goes; null when it does not fit.</returns>
    public static NumaPlacement? Place(HostTopology host, NumaWishes wishes)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(wishes);
        if (wishes.Topology is not { } guest) return WithDevices(host, wishes, null, [], []);
        if (guest.Cells.Length > host.Cells.Length || host.Cells.Length > MaxHostCells || Arrange(host, wishes) is not { } chosen) return null;
        var cells = ImmutableArray.CreateBuilder<PlacedCell>(guest.Cells.Length);
        var numbers = new int[chosen.Length];
        for (var i = 0; i < chosen.Length; i++)
        {
            var cell = host.Cells[chosen[i]];
            numbers[i] = cell.Id;
            cells.Add(Placed(cell, guest, guest.Cells[i]));
        }

        return WithDevices(host, wishes, guest, cells.MoveToImmutable(), numbers);
    }

    private static PlacedCell Placed(HostCell host, GuestTopology guest, GuestCell cell)
    {
        CellFit.HasMemory(host, guest.PageSize, cell.MemoryMiB, out var pageSize);
        if (!guest.Pins) return new PlacedCell(cell, host.Id, pageSize, [], null, 1);
        var packed = CorePacking.Pin(host, cell.PinnedCpus.Count, cell.Id == 0 ? guest.EmulatorCpus : 0, guest.ThreadPolicy);
        return new PlacedCell(cell, host.Id, pageSize, packed.Cpus, packed.EmulatorCpu, packed.Threads);
    }

    private static NumaPlacement? WithDevices(HostTopology host, NumaWishes wishes, GuestTopology? guest, ImmutableArray<PlacedCell> cells, int[] numbers)
    {
        if (wishes.Devices.IsEmpty) return new NumaPlacement(guest, cells, []);
        if (!SupportsDevices(host, wishes.Devices, numbers)) return null;
        // Where devices are known by number only (simulations, vectors), there is nothing to name.
        var known = host.Pci!.Pools.Any(p => !p.Devices.IsEmpty);
        var devices = known ? host.Pci.Take(wishes.Devices, host.Cells, numbers) : [];
        return devices is { } taken ? new NumaPlacement(guest, cells, taken) : null;
    }

    internal static bool SupportsDevices(HostTopology host, ImmutableArray<PciRequest> requests, ReadOnlySpan<int> cells) =>
        requests.IsEmpty || (host.Pci is { } pools && pools.Support(requests, host.Cells, cells));

    /// <summary>Finds for each cell of the guest the cells of the host that it fits: bit i is the i-th in <paramref name="order"/>, or as reported without one.</summary>
    private static bool Pairs(HostTopology host, GuestTopology guest, ReadOnlySpan<int> order, Span<ulong> fitting)
    {
        for (var i = 0; i < fitting.Length; i++)
        {
            var cell = guest.Cells[i];
            // Cells of a guest are mostly alike, but for the first one's extra CPU.
            if (i > 0 && Alike(cell, guest.Cells[i - 1]) && (i > 1 || guest.EmulatorCpus == 0))
            {
                fitting[i] = fitting[i - 1];
                continue;
            }

            ulong found = 0;
            for (var at = 0; at < host.Cells.Length; at++)
                if (CellFit.Check(host.Cells[order.IsEmpty ? at : order[at]], guest, cell, host.Limits) == CellShortage.None) found |= 1UL << at;
            if (found == 0) return false;
            fitting[i] = found;
        }

        return true;
    }

    private static bool Alike(GuestCell left, GuestCell right) =>
        left.MemoryMiB == right.MemoryMiB && left.PinnedCpus.Count == right.PinnedCpus.Count && left.SharedCpus.Count == right.SharedCpus.Count;

    /// <summary>Whether the guest's cells from one on can each have a host's cell of its own, none of those that are used: augmenting paths.</summary>
    internal static bool CanMatch(ReadOnlySpan<ulong> fitting, int from, ulong used)
    {
        var rest = fitting.Length - from;
        if (rest == 0) return true;
        if (rest == 1) return (fitting[from] & ~used) != 0;
        ulong all = 0;
        for (var i = from; i < fitting.Length; i++) all |= fitting[i] & ~used;
        if (BitOperations.PopCount(all) < rest) return false;
        if (rest == 2) return (fitting[from] & ~used) != 0 && (fitting[from + 1] & ~used) != 0;
        Span<int> takenBy = stackalloc int[MaxHostCells];
        takenBy.Fill(-1);
        for (var i = from; i < fitting.Length; i++)
        {
            var visited = used;
            if (!Augment(fitting, i, ref visited, takenBy)) return false;
        }

        return true;
    }

    private static bool Augment(ReadOnlySpan<ulong> fitting, int guest, ref ulong visited, Span<int> takenBy)
    {
        for (var open = fitting[guest] & ~visited; open != 0; open = fitting[guest] & ~visited)
        {
            var cell = BitOperations.TrailingZeroCount(open);
            visited |= 1UL << cell;
            if (takenBy[cell] >= 0 && !Augment(fitting, takenBy[cell], ref visited, takenBy)) continue;
            takenBy[cell] = guest;
            return true;
        }

        return false;
    }

    /// <summary>The first arrangement in order: for each cell of the guest the index of a cell of the host; null when there is none.</summary>
    private static int[]? Arrange(HostTopology host, NumaWishes wishes)
    {
        var guest = wishes.Topology!;
        Span<int> order = stackalloc int[host.Cells.Length];
        host.Order(guest, !wishes.Devices.IsEmpty, order);
        Span<ulong> fitting = stackalloc ulong[guest.Cells.Length];
        if (!Pairs(host, guest, order, fitting) || !CanMatch(fitting, 0, 0)) return null;
        var chosen = new int[guest.Cells.Length];
        return new CellSearch(host, wishes, order, fitting, chosen).From(0, 0) ? chosen : null;
    }
}
