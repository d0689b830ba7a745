using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Numa;

/// <summary>What one guest has of one cell of a host.</summary>
/// <param name="HostCell">Number of the cell.</param>
/// <param name="MemoryMiB">Memory, in MiB.</param>
/// <param name="PageSizeKiB">Size of its pages, in KiB; 0 for the smallest.</param>
/// <param name="SharedCpus">CPUs of the guest that float here.</param>
/// <param name="Pinned">Host CPUs that are its own, that of QEMU's own threads among them.</param>
/// <param name="WholeCores">Whether the other threads of their cores stay free for it.</param>
public readonly record struct CellUsage(int HostCell, long MemoryMiB, long PageSizeKiB, long SharedCpus, CpuSet Pinned, bool WholeCores);

/// <summary>Adds guests to the cells of a host, or takes them off.</summary>
public static class NumaUsage
{
    /// <summary>What a guest has of the host's cells.</summary>
    /// <param name="placement">Where it is.</param>
    /// <returns>One for each of its cells.</returns>
    public static IEnumerable<CellUsage> Of(NumaPlacement placement)
    {
        ArgumentNullException.ThrowIfNull(placement);
        foreach (var cell in placement.Cells)
        {
            var pinned = CpuSet.Of(cell.EmulatorCpu is { } emulator ? cell.Pins.Append(emulator) : cell.Pins);
            yield return new CellUsage(
                cell.HostCell, cell.Guest.MemoryMiB, cell.PageSizeKiB, cell.Guest.SharedCpus.Count, pinned,
                placement.Guest is { Pins: true, ThreadPolicy: ThreadPolicy.Isolate });
        }
    }

    /// <summary>The host with a guest placed on it, devices included.</summary>
    /// <param name="host">The host.</param>
    /// <param name="placement">Where the guest is.</param>
    /// <param name="devices">Devices that it asks for.</param>
    /// <returns>The host.</returns>
    public static HostTopology Occupy(HostTopology host, NumaPlacement placement, ImmutableArray<PciRequest> devices)
    {
        ArgumentNullException.ThrowIfNull(host);
        var after = Add(host, Of(placement));
        return devices.IsEmpty ? after : after with { Pci = host.Pci?.Without(devices, host.Cells, [.. placement.Cells.Select(c => c.HostCell)]) ?? host.Pci };
    }

    /// <summary>The host with a guest more.</summary>
    /// <param name="host">The host.</param>
    /// <param name="usages">What the guest has. Cells that the host does not have are passed over.</param>
    /// <returns>The host.</returns>
    public static HostTopology Add(HostTopology host, params IEnumerable<CellUsage> usages) => Change(host, usages, 1);

    /// <summary>The host with a guest less. What was added before is taken off exactly.</summary>
    /// <param name="host">The host.</param>
    /// <param name="usages">What the guest has.</param>
    /// <returns>The host.</returns>
    public static HostTopology Remove(HostTopology host, params IEnumerable<CellUsage> usages) => Change(host, usages, -1);

    private static HostTopology Change(HostTopology host, IEnumerable<CellUsage> usages, int sign)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(usages);
        var sums = new CellSum?[host.Cells.Length];
        foreach (var usage in usages)
        {
            var at = IndexOf(host, usage.HostCell);
            if (at >= 0) (sums[at] ??= new CellSum(host.Cells[at])).Add(usage, sign);
        }

        var cells = host.Cells.ToArray();
        for (var i = 0; i < cells.Length; i++)
            if (sums[i] is { } sum) cells[i] = sum.Result();
        return host with { Cells = ImmutableCollectionsMarshal.AsImmutableArray(cells) };
    }

    private static int IndexOf(HostTopology host, int cell)
    {
        for (var i = 0; i < host.Cells.Length; i++)
            if (host.Cells[i].Id == cell) return i;
        return -1;
    }

    private sealed class CellSum(HostCell cell)
    {
        private readonly HostPages[] pages = [.. cell.Pages];
        private CpuSet pinned = cell.PinnedCpus;
        private long memory = cell.MemoryUsedMiB;
        private long shared = cell.SharedCpusUsed;

        public void Add(CellUsage usage, int sign)
        {
            memory += sign * usage.MemoryMiB;
            shared += sign * usage.SharedCpus;
            var taken = usage.WholeCores ? WithSiblings(usage.Pinned) : usage.Pinned;
            if (taken.Count > 0) pinned = sign > 0 ? pinned.Union(taken) : pinned.Except(taken);
            for (var i = 0; i < pages.Length; i++)
            {
                if (usage.PageSizeKiB == 0 ? i > 0 : pages[i].SizeKiB != usage.PageSizeKiB) continue;
                pages[i] = pages[i] with { Used = Math.Max(0, pages[i].Used + (sign * (usage.MemoryMiB * 1024 / pages[i].SizeKiB))) };
                break;
            }
        }

        public HostCell Result() => cell.WithUsage(pinned, Math.Max(0, memory), Math.Max(0, shared), ImmutableCollectionsMarshal.AsImmutableArray(pages));

        private CpuSet WithSiblings(CpuSet cpus) => cpus.Union(CpuSet.Of(cell.Cores.Where(core => core.Any(cpus.Contains)).SelectMany(core => core)));
    }
}
