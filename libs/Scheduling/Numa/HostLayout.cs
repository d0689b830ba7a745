using System.Collections.Immutable;
using System.Globalization;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>Makes a host's cells, without guests, of the agent's facts and the admin's word (spec: CPU-40, HP-02, NET-03).</summary>
/// <remarks>
/// CPUs of <c>cpuSharedSet</c> serve guests that share, those of <c>cpuDedicatedSet</c> guests that pin. With neither all CPUs are shared; with the latter alone none
/// is. What the kubelet keeps for its pods serves nobody. A text that is no CPU list counts as empty: the API refuses it, and no guest is pinned on a guess.
/// </remarks>
public static class HostLayout
{
    /// <summary>Name of the physical network that stands for all tunnelled ones.</summary>
    public const string Tunnel = "tunnel";

    /// <summary>Makes the cells.</summary>
    /// <param name="cells">The agent's facts.</param>
    /// <param name="hypervisor">The admin's word.</param>
    /// <returns>The cells, in the order of the facts.</returns>
    public static ImmutableArray<HostCell> Of(IReadOnlyList<NumaCell> cells, HypervisorSpec? hypervisor)
    {
        ArgumentNullException.ThrowIfNull(cells);
        var sets = new Sets(hypervisor);
        var result = ImmutableArray.CreateBuilder<HostCell>(cells.Count);
        foreach (var cell in cells)
        {
            var online = Online(cell);
            var (shared, dedicated) = sets.Of(online);
            var networks = hypervisor?.PhysicalNetworks ?? [];
            result.Add(new HostCell(cell.Id, shared, dedicated, Cores(cell, online), cell.MemoryMiB, Pages(cell, hypervisor))
            {
                Socket = cell.Socket,
                Tunnels = networks.Any(n => n.Name == Tunnel && n.NumaNodes?.Contains(cell.Id) == true),
                PhysicalNetworks = [.. networks.Where(n => n.Name != Tunnel && n.NumaNodes?.Contains(cell.Id) == true).Select(n => n.Name)],
            });
        }

        return result.MoveToImmutable();
    }

    /// <summary>How many CPUs serve guests that share, and how many guests that pin.</summary>
    /// <param name="cells">The agent's facts.</param>
    /// <param name="hypervisor">The admin's word.</param>
    /// <returns>The counts over all cells.</returns>
    public static (int Shared, int Dedicated) Count(IReadOnlyList<NumaCell> cells, HypervisorSpec? hypervisor)
    {
        ArgumentNullException.ThrowIfNull(cells);
        var (sets, counts) = (new Sets(hypervisor), (Shared: 0, Dedicated: 0));
        foreach (var cell in cells)
        {
            var (shared, dedicated) = sets.Of(Online(cell));
            counts = (counts.Shared + shared.Count, counts.Dedicated + dedicated.Count);
        }

        return counts;
    }

    private static CpuSet? Set(string? text) => text is null ? null : CpuSet.Parse(text).Value ?? CpuSet.Empty;

    private static CpuSet Online(NumaCell cell)
    {
        var cpus = new List<int>();
        return cell.Cpus.Length == 0 || !CpuList.Read(cell.Cpus, cpus) ? CpuSet.Empty : CpuSet.Of(cpus);
    }

    /// <summary>Cores in the order of the facts, and threads as they stand there; a CPU that no list names is a core of its own.</summary>
    private static ImmutableArray<ImmutableArray<int>> Cores(NumaCell cell, CpuSet online)
    {
        var cores = ImmutableArray.CreateBuilder<ImmutableArray<int>>();
        var named = new HashSet<int>();
        var cpus = new List<int>();
        foreach (var core in cell.Siblings ?? [])
        {
            cpus.Clear();
            if (!CpuList.Read(core, cpus)) continue;
            cpus.RemoveAll(cpu => !online.Contains(cpu) || !named.Add(cpu));
            if (cpus.Count > 0) cores.Add([.. cpus]);
        }

        foreach (var cpu in online)
            if (!named.Contains(cpu)) cores.Add([cpu]);
        return cores.ToImmutable();
    }

    private static ImmutableArray<HostPages> Pages(NumaCell cell, HypervisorSpec? hypervisor)
    {
        if (cell.Pages is not { Count: > 0 } found) return [];
        var pages = new List<HostPages>(found.Count);
        foreach (var (text, total) in found)
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size == 0) continue;
            pages.Add(new HostPages(size, total, Kept(hypervisor?.ReservedHugePages, cell.Id, size) + Kept(hypervisor?.PodReserve?.HugePages, cell.Id, size), 0));
        }

        return [.. pages.OrderBy(p => p.SizeKiB)];
    }

    private static long Kept(IReadOnlyList<HugePages>? kept, int cell, long size) =>
        kept?.Where(p => p.Node == cell && p.SizeKiB == size).Sum(p => p.Count) ?? 0;

    /// <summary>The admin's sets of CPUs.</summary>
    private readonly struct Sets(HypervisorSpec? hypervisor)
    {
        private readonly CpuSet? dedicated = Set(hypervisor?.CpuDedicatedSet);
        private readonly CpuSet? shared = Set(hypervisor?.CpuSharedSet);
        private readonly CpuSet pods = Set(hypervisor?.PodReserve?.Cpus) ?? CpuSet.Empty;

        public (CpuSet Shared, CpuSet Dedicated) Of(CpuSet online)
        {
            var free = online.Except(pods);
            return (shared is null ? (dedicated is null ? free : CpuSet.Empty) : free.Intersect(shared), dedicated is null ? CpuSet.Empty : free.Intersect(dedicated));
        }
    }
}
