using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>
/// Says what entries of a ledger have of cells and devices that the host cannot give: facts or the admin's sets changed since, or somebody wrote the ledger by hand.
/// Nobody is moved; nothing more is promised of it.
/// </summary>
public static class NumaAudit
{
    /// <summary>Looks through a ledger.</summary>
    /// <param name="facts">What is known of the host.</param>
    /// <param name="allocations">Entries of its ledger.</param>
    /// <returns>A line for each finding; empty when all is well.</returns>
    public static IReadOnlyList<string> Findings(NumaFacts facts, IReadOnlyList<Allocation> allocations)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(allocations);
        var lines = new List<string>();
        var host = NumaLayout.Of(facts).With(allocations);
        var dedicated = host.Cells.Aggregate(CpuSet.Empty, (all, cell) => all.Union(cell.DedicatedCpus));
        var holders = new SortedDictionary<int, List<string>>();
        foreach (var entry in allocations)
        {
            var cpus = new List<int>();
            if (entry.Cpus is { Length: > 0 } list && !CpuList.Read(list, cpus)) lines.Add($"{entry.Id}: cpus is no list of CPUs");
            foreach (var cell in entry.Cells ?? [])
            {
                if (cell.EmulatorCpu is { } emulator) cpus.Add(emulator);
                if (!host.Cells.Any(c => c.Id == cell.Cell)) lines.Add($"{entry.Id}: on NUMA cell {cell.Cell}, which the host does not have");
            }

            foreach (var cpu in cpus)
            {
                if (!holders.TryGetValue(cpu, out var ids)) holders[cpu] = ids = [];
                ids.Add(entry.Id);
            }
        }

        foreach (var (cpu, ids) in holders)
        {
            if (ids.Count > 1) lines.Add($"CPU {cpu}: pinned to {string.Join(" and ", ids)}");
            if (!dedicated.Contains(cpu)) lines.Add($"CPU {cpu}: pinned to {ids[0]}, and not for guests that pin");
        }

        foreach (var cell in host.Cells)
            foreach (var pages in cell.Pages.Skip(1))
                if (pages.FreeKiB < 0) lines.Add($"cell {cell.Id}: {pages.Used} pages of {pages.SizeKiB} KiB promised, {pages.Total - pages.Reserved} are there");
        foreach (var device in allocations.SelectMany(a => (a.Devices ?? []).Select(d => (Address: d, a.Id))).GroupBy(d => d.Address, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
            if (device.Count() > 1) lines.Add($"device {device.Key}: promised to {string.Join(" and ", device.Select(d => d.Id))}");
        return lines;
    }
}
