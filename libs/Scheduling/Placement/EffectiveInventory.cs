using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// What a host may promise: the agent's facts, with the reservations and ratios of its Hypervisor and of its aggregates. The scheduler, the ledger, quota,
/// metrics and every explanation take it from here.
/// </summary>
/// <remarks>
/// A ratio is the Hypervisor's; else the smallest that an aggregate gives as metadata <c>cpu_allocation_ratio</c>, <c>ram_allocation_ratio</c> or
/// <c>disk_allocation_ratio</c>; else Nova's initial ratio. Absent, 0, negative and not finite all mean "not set" (spec: SCH-61).
/// </remarks>
public sealed class EffectiveInventory
{
    /// <summary>VCPU ratio where nobody sets one (Nova: <c>initial_cpu_allocation_ratio</c>).</summary>
    public const double DefaultCpuRatio = 4.0;

    /// <summary>MEMORY_MB ratio where nobody sets one.</summary>
    public const double DefaultRamRatio = 1.0;

    /// <summary>DISK_GB ratio where nobody sets one.</summary>
    public const double DefaultDiskRatio = 1.0;

    /// <summary>MiB kept for the host where nobody says otherwise (Nova: <c>reserved_host_memory_mb</c>).</summary>
    public const long DefaultReservedMemoryMiB = 512;

    /// <summary>A host that offers nothing.</summary>
    public static readonly EffectiveInventory None = new([]);

    /// <summary>Creates an inventory from finished figures.</summary>
    /// <param name="inventories">One for each class.</param>
    public EffectiveInventory(IEnumerable<Inventory> inventories) =>
        Inventories = [.. inventories.OrderBy(i => i.ResourceClass, Comparer<string>.Create(ResourceClass.Compare))];

    /// <summary>One for each class, in canonical order.</summary>
    public ImmutableArray<Inventory> Inventories { get; }

    /// <summary>NUMA cells and PCI devices; null for a host that reports neither.</summary>
    public NumaFacts? Numa { get; init; }

    /// <summary>Traits of the host itself: those that its agent found and the admin's own.</summary>
    public IReadOnlyList<string> Traits { get; init; } = [];

    /// <summary>Providers below the host, with nothing promised.</summary>
    public ImmutableArray<Provider> Children { get; init; } = [];

    /// <summary>Computes what a host may promise.</summary>
    /// <param name="facts">The agent's facts; null when there are none yet.</param>
    /// <param name="hypervisor">The admin's word; null when there is none.</param>
    /// <param name="aggregates">Aggregates that the host is a member of.</param>
    /// <returns>The inventory. Classes whose total is not positive are left out, as placement refuses them.</returns>
    public static EffectiveInventory Of(ResourceProviderSpec? facts, HypervisorSpec? hypervisor, IReadOnlyList<Aggregate> aggregates)
    {
        ArgumentNullException.ThrowIfNull(aggregates);
        if (facts is null) return None;
        var (vcpuRatio, _) = Policy(ResourceClass.Vcpu, hypervisor, aggregates);
        var (ramRatio, _) = Policy(ResourceClass.MemoryMb, hypervisor, aggregates);
        var numa = NumaFacts.Of(facts, hypervisor, new OvercommitLimits(vcpuRatio, ramRatio));
        var inventories = new List<Inventory>(facts.Inventories?.Count ?? 0);
        foreach (var found in facts.Inventories ?? [])
        {
            if (found.Total <= 0 || inventories.Exists(i => i.ResourceClass == found.ResourceClass)) continue;
            Add(inventories, found, found.Total, hypervisor, aggregates);
        }

        DivideCpus(inventories, facts, hypervisor, aggregates);
        // The admin's own classes; what the agent reports is its word.
        foreach (var own in hypervisor?.CustomInventories ?? [])
        {
            if (own.Total <= 0 || inventories.Exists(i => i.ResourceClass == own.ResourceClass)) continue;
            inventories.Add(new Inventory(
                own.ResourceClass, own.Total, Math.Max(own.Reserved ?? 0, 0), Math.Max(own.MinUnit ?? 1, 1), Math.Max(own.MaxUnit ?? own.Total, 0), Math.Max(own.StepSize ?? 1, 1),
                own.AllocationRatio is > 0 and var ratio && double.IsFinite(ratio) ? ratio : 1.0));
        }

        return new EffectiveInventory(inventories) { Numa = numa, Children = HostTree.Below(facts), Traits = TraitsOf(facts, hypervisor) };
    }

    /// <summary>Looks up a class.</summary>
    /// <param name="resourceClass">Name of the class.</param>
    /// <param name="inventory">What the host offers of it.</param>
    /// <returns>False when it offers none.</returns>
    public bool TryGet(string resourceClass, out Inventory inventory)
    {
        foreach (var candidate in Inventories)
        {
            if (candidate.ResourceClass != resourceClass) continue;
            inventory = candidate;
            return true;
        }

        inventory = default;
        return false;
    }

    /// <summary>
    /// Where the admin divides the CPUs: those of <c>cpuSharedSet</c> are VCPU (none with a dedicated set alone), those of <c>cpuDedicatedSet</c> PCPU, as far as they
    /// are online and not kept for pods (spec: CPU-40, S9). What the agent counts as VCPU is then not asked.
    /// </summary>
    private static void DivideCpus(List<Inventory> inventories, ResourceProviderSpec facts, HypervisorSpec? hypervisor, IReadOnlyList<Aggregate> aggregates)
    {
        if ((hypervisor?.CpuSharedSet ?? hypervisor?.CpuDedicatedSet ?? hypervisor?.PodReserve?.Cpus) is null || facts.NumaCells is not { Count: > 0 } cells) return;
        var (shared, dedicated) = HostLayout.Count(cells, hypervisor);
        inventories.RemoveAll(i => i.ResourceClass is ResourceClass.Vcpu or ResourceClass.Pcpu);
        if (shared > 0) Add(inventories, new InventoryFact { ResourceClass = ResourceClass.Vcpu }, shared, hypervisor, aggregates);
        if (dedicated > 0) Add(inventories, new InventoryFact { ResourceClass = ResourceClass.Pcpu }, dedicated, hypervisor, aggregates);
    }

    private static void Add(List<Inventory> inventories, InventoryFact fact, long total, HypervisorSpec? hypervisor, IReadOnlyList<Aggregate> aggregates)
    {
        var (ratio, reserved) = Policy(fact.ResourceClass, hypervisor, aggregates);
        inventories.Add(new Inventory(
            fact.ResourceClass, total, Math.Max(reserved, 0), Math.Max(fact.MinUnit ?? 1, 1), Math.Max(fact.MaxUnit ?? total, 0), Math.Max(fact.StepSize ?? 1, 1), ratio));
    }

    private static IReadOnlyList<string> TraitsOf(ResourceProviderSpec facts, HypervisorSpec? hypervisor) =>
        hypervisor?.CustomTraits is { Count: > 0 } own ? [.. (facts.Traits ?? []).Union(own)] : facts.Traits ?? [];

    private static (double Ratio, long Reserved) Policy(string resourceClass, HypervisorSpec? hypervisor, IReadOnlyList<Aggregate> aggregates) => resourceClass switch
    {
        ResourceClass.Vcpu => (Ratio(hypervisor?.CpuAllocationRatio, aggregates, "cpu_allocation_ratio", DefaultCpuRatio), hypervisor?.ReservedHostCpus ?? 0),
        ResourceClass.MemoryMb => (Ratio(hypervisor?.RamAllocationRatio, aggregates, "ram_allocation_ratio", DefaultRamRatio), hypervisor?.ReservedHostMemoryMiB ?? DefaultReservedMemoryMiB),
        ResourceClass.DiskGb => (Ratio(hypervisor?.DiskAllocationRatio, aggregates, "disk_allocation_ratio", DefaultDiskRatio), hypervisor?.ReservedHostDiskGiB ?? 0),
        _ => (1.0, 0),
    };

    private static double Ratio(double? set, IReadOnlyList<Aggregate> aggregates, string key, double fallback)
    {
        if (set is > 0 && double.IsFinite(set.Value)) return set.Value;
        return AggregateMetadata.Minimum(aggregates, key) is { } value and > 0 ? value : fallback;
    }
}
