using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Numa;

/// <summary>Writes a placement into an entry of the ledger, and reads it back. What is as it is most often is left out: a host holds hundreds of entries in one object.</summary>
public static class NumaEntry
{
    /// <summary>Adds cells, pins and devices to an entry.</summary>
    /// <param name="entry">The entry with its amounts.</param>
    /// <param name="placement">Where the guest is.</param>
    /// <returns>The entry.</returns>
    public static Allocation Write(Allocation entry, NumaPlacement placement)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(placement);
        var devices = placement.Devices.IsEmpty ? entry.Devices : [.. placement.Devices];
        if (placement.Guest is not { } guest) return entry with { Devices = devices };
        var memory = entry.Resources.TryGetValue(ResourceClass.MemoryMb, out var all) ? all : 0;
        var pins = new SortedDictionary<int, int>();
        foreach (var cell in placement.Cells)
            foreach (var (vcpu, cpu) in cell.Guest.PinnedCpus.Zip(cell.Pins)) pins[vcpu] = cpu;
        return entry with
        {
            Cpus = pins.Count == 0 ? null : CpuList.Write([.. pins.Values]),
            WholeCores = guest.Pins && guest.ThreadPolicy == ThreadPolicy.Isolate ? true : null,
            Devices = devices,
            Cells = [.. placement.Cells.Select(cell => new AllocatedCell
            {
                Cell = cell.HostCell,
                MemoryMiB = placement.Cells.Length == 1 && cell.Guest.MemoryMiB == memory ? null : cell.Guest.MemoryMiB,
                PageSizeKiB = cell.PageSizeKiB == 0 ? null : cell.PageSizeKiB,
                SharedCpus = cell.Guest.SharedCpus.Count == 0 ? null : cell.Guest.SharedCpus.Count,
                EmulatorCpu = cell.EmulatorCpu,
            })],
        };
    }

    /// <summary>Reads where a guest is from its entry, for its domain.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="guest">The topology that it was placed with; null for a guest without.</param>
    /// <param name="host">Cells of the host, of which the threads of a core are known; without them <see cref="PlacedCell.Threads"/> is 1.</param>
    /// <returns>Where it is; null when the entry is of another topology.</returns>
    public static NumaPlacement? Read(Allocation entry, GuestTopology? guest, IReadOnlyList<HostCell>? host = null)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ImmutableArray<string> devices = [.. entry.Devices ?? []];
        if (guest is null) return entry.Cells is null ? new NumaPlacement(null, [], devices) : null;
        var cpus = new List<int>();
        if (entry.Cpus is { Length: > 0 } list && !CpuList.Read(list, cpus)) return null;
        if (entry.Cells?.Count != guest.Cells.Length || cpus.Count != guest.PinnedCpus) return null;
        var order = guest.Cells.SelectMany(c => c.PinnedCpus).Order().ToList();
        var hostOf = order.Zip(cpus).ToDictionary(p => p.First, p => p.Second);
        var cells = ImmutableArray.CreateBuilder<PlacedCell>(guest.Cells.Length);
        foreach (var (cell, where) in guest.Cells.Zip(entry.Cells))
        {
            if (where.MemoryMiB is { } memory && memory != cell.MemoryMiB) return null;
            ImmutableArray<int> pins = [.. cell.PinnedCpus.Select(vcpu => hostOf[vcpu])];
            var threads = host?.FirstOrDefault(h => h.Id == where.Cell) is { } cellOfHost ? CorePacking.ThreadsShown(cellOfHost, pins) : 1;
            cells.Add(new PlacedCell(cell, where.Cell, where.PageSizeKiB ?? 0, pins, where.EmulatorCpu, threads));
        }

        return new NumaPlacement(guest, cells.MoveToImmutable(), devices);
    }
}
