using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Numa;

/// <summary>A host's cells and devices without guests. With the entries of its ledger it gives the host as it is now.</summary>
public sealed class NumaLayout
{
    private static readonly HashSet<string> NothingTaken = [];
    private readonly short[] cellOfCpu;
    private readonly PciLayout devices;
    private readonly HostTopology empty;

    private NumaLayout(NumaFacts facts)
    {
        var cells = HostLayout.Of(facts.Cells, facts.Hypervisor);
        devices = PciLayout.Of(facts.Devices, facts.Hypervisor?.PciDevices ?? []);
        empty = new HostTopology(cells)
        {
            Limits = facts.Limits,
            Packs = facts.Hypervisor?.PackNumaCells == true,
            Pci = devices.Without(NothingTaken),
        };
        var max = -1;
        foreach (var core in cells.SelectMany(c => c.Cores))
            foreach (var cpu in core) max = Math.Max(max, cpu);
        cellOfCpu = new short[max + 1];
        Array.Fill(cellOfCpu, (short)-1);
        for (short i = 0; i < cells.Length; i++)
            foreach (var core in cells[i].Cores)
                foreach (var cpu in core) cellOfCpu[cpu] = i;
    }

    /// <summary>Makes the layout of a host.</summary>
    /// <param name="facts">The facts.</param>
    /// <returns>The layout.</returns>
    public static NumaLayout Of(NumaFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return new NumaLayout(facts);
    }

    /// <summary>The host with the guests of its ledger. Only guests with a topology or devices count: the others float over all.</summary>
    /// <param name="allocations">Entries of the ledger.</param>
    /// <returns>The host.</returns>
    public HostTopology With(IReadOnlyList<Allocation> allocations)
    {
        ArgumentNullException.ThrowIfNull(allocations);
        List<CellUsage>? usages = null;
        HashSet<string>? taken = null;
        var pins = new List<int>();
        for (var i = 0; i < allocations.Count; i++)
        {
            var entry = allocations[i];
            if (entry.Cells is not null || entry.Cpus is not null) AddUsages(entry, pins, usages ??= []);
            if (entry.Devices is { Count: > 0 } addresses) (taken ??= new(StringComparer.Ordinal)).UnionWith(addresses);
        }

        var host = usages is null ? empty : NumaUsage.Add(empty, usages);
        return taken is null ? host : host with { Pci = devices.Without(taken) };
    }

    /// <summary>A CPU is in the cell in which the facts have it; one that they no longer have is nobody's.</summary>
    private void AddUsages(Allocation entry, List<int> pins, List<CellUsage> usages)
    {
        pins.Clear();
        if (entry.Cpus is { Length: > 0 } list) CpuList.Read(list, pins);
        foreach (var cell in entry.Cells ?? [])
            if (cell.EmulatorCpu is { } emulator) pins.Add(emulator);
        var whole = entry.WholeCores == true;
        for (var i = 0; i < empty.Cells.Length; i++)
        {
            CpuSet? pinned = null;
            foreach (var cpu in pins)
            {
                if (cpu >= cellOfCpu.Length || cellOfCpu[cpu] != i) continue;
                pinned = CpuSet.Of(pins.Where(c => c < cellOfCpu.Length && cellOfCpu[c] == i));
                break;
            }

            if (pinned is not null) usages.Add(new CellUsage(empty.Cells[i].Id, 0, 0, 0, pinned, whole));
        }

        foreach (var cell in entry.Cells ?? [])
        {
            var memory = cell.MemoryMiB ?? (entry.Resources.TryGetValue(Placement.ResourceClass.MemoryMb, out var all) ? all : 0);
            usages.Add(new CellUsage(cell.Cell, memory, cell.PageSizeKiB ?? 0, cell.SharedCpus ?? 0, CpuSet.Empty, false));
        }
    }
}
