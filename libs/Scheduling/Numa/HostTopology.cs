using System.Collections.Immutable;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Numa;

/// <summary>How often the CPUs and the memory of a cell may be promised to guests that share.</summary>
/// <param name="Cpu">CPU allocation ratio.</param>
/// <param name="Ram">Memory allocation ratio.</param>
public readonly record struct OvercommitLimits(double Cpu, double Ram);

/// <summary>The NUMA cells and PCI devices of a host, with what guests have of them. Never changes.</summary>
/// <param name="Cells">Cells, in the order in which the host reports them.</param>
public sealed record HostTopology(ImmutableArray<HostCell> Cells)
{
    /// <summary>A host that reports no cells.</summary>
    public static readonly HostTopology None = new([]);

    /// <summary>Free devices; null where the host reports none at all, and then they do not order its cells.</summary>
    public PciPools? Pci { get; init; }

    /// <summary>Overcommit of cells; none is looked at when absent.</summary>
    public OvercommitLimits? Limits { get; init; }

    /// <summary>Whether one cell is filled before the next; else guests are spread over cells.</summary>
    public bool Packs { get; init; }

    /// <summary>
    /// Cells in the order in which they are tried: of several sorts the last decides, and equal ones stay as they were. When the guest has as many cells as the
    /// host, as reported (spec: CPU-04).
    /// </summary>
    /// <param name="guest">The guest.</param>
    /// <param name="wantsDevices">Whether it asks for PCI devices.</param>
    /// <param name="order">Takes the indexes of cells; as long as there are cells.</param>
    public void Order(GuestTopology guest, bool wantsDevices, Span<int> order)
    {
        ArgumentNullException.ThrowIfNull(guest);
        for (var i = 0; i < order.Length; i++) order[i] = i;
        if (guest.Cells.Length == Cells.Length) return;
        // A stable sort, most significant key first: a handful of cells, so insertion.
        for (var i = 1; i < order.Length; i++)
        {
            var cell = order[i];
            var at = i;
            for (; at > 0 && Compare(cell, order[at - 1], guest, wantsDevices) < 0; at--) order[at] = order[at - 1];
            order[at] = cell;
        }
    }

    private int Compare(int leftIndex, int rightIndex, GuestTopology guest, bool wantsDevices)
    {
        var (left, right) = (Cells[leftIndex], Cells[rightIndex]);
        if (Pci is not null)
        {
            var byDevices = Pci.FreeIn(left.Id).CompareTo(Pci.FreeIn(right.Id));
            if (byDevices != 0) return wantsDevices ? -byDevices : byDevices;
        }

        var byCpus = guest.Pins ? right.FreeCpus.Count.CompareTo(left.FreeCpus.Count) : left.SharedCpusUsed.CompareTo(right.SharedCpusUsed);
        var byMemory = (right.MemoryMiB - right.MemoryUsedMiB).CompareTo(left.MemoryMiB - left.MemoryUsedMiB);
        var result = byCpus != 0 ? byCpus : byMemory;
        if (result == 0) return leftIndex.CompareTo(rightIndex);
        return Packs ? -result : result;
    }
}
