using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Numa;

/// <summary>What is known of a host's cells and devices: the agent's facts beside the admin's word, as they were read. Cheap to make; <see cref="NumaLayout"/> is what it means.</summary>
/// <param name="Cells">Cells that the agent found.</param>
/// <param name="Devices">PCI devices that the agent found.</param>
/// <param name="Hypervisor">The admin's word.</param>
/// <param name="Limits">Overcommit of cells.</param>
public sealed record NumaFacts(IReadOnlyList<NumaCell> Cells, IReadOnlyList<PciDevice> Devices, HypervisorSpec? Hypervisor, OvercommitLimits Limits)
{
    /// <summary>Gathers the facts.</summary>
    /// <param name="facts">The agent's facts.</param>
    /// <param name="hypervisor">The admin's word.</param>
    /// <param name="limits">Overcommit of cells.</param>
    /// <returns>The facts; null for a host that reports neither cells nor devices.</returns>
    public static NumaFacts? Of(ResourceProviderSpec facts, HypervisorSpec? hypervisor, OvercommitLimits limits)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return facts is { NumaCells: not { Count: > 0 }, PciDevices: not { Count: > 0 } } ? null : new NumaFacts(facts.NumaCells ?? [], facts.PciDevices ?? [], hypervisor, limits);
    }

    /// <summary>Whether other facts mean the same. They are read anew whenever anything of the host changes, and nearly always do.</summary>
    /// <param name="other">The other facts.</param>
    /// <returns>False where they may mean something else.</returns>
    public bool SaysTheSame(NumaFacts? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Limits == other.Limits && SameWord(Hypervisor, other.Hypervisor) && Same(Cells, other.Cells, SameCell) && Same(Devices, other.Devices, static (a, b) => a == b));

    private static bool SameWord(HypervisorSpec? left, HypervisorSpec? right) =>
        ReferenceEquals(left, right)
        || (left is not null && right is not null
            && left.CpuDedicatedSet == right.CpuDedicatedSet && left.CpuSharedSet == right.CpuSharedSet && left.PackNumaCells == right.PackNumaCells
            && left.PodReserve?.Cpus == right.PodReserve?.Cpus
            && Same(left.PodReserve?.HugePages, right.PodReserve?.HugePages, static (a, b) => a == b)
            && Same(left.ReservedHugePages, right.ReservedHugePages, static (a, b) => a == b)
            && Same(left.PhysicalNetworks, right.PhysicalNetworks, static (a, b) => a.Name == b.Name && Same(a.NumaNodes, b.NumaNodes, static (x, y) => x == y))
            && Same(left.PciDevices, right.PciDevices, SameSpec));

    private static bool SameCell(NumaCell left, NumaCell right) =>
        left.Id == right.Id && left.Socket == right.Socket && left.Cpus == right.Cpus && left.MemoryMiB == right.MemoryMiB
        && Same(left.Siblings, right.Siblings, static (a, b) => a == b)
        && (left.Pages?.Count ?? 0) == (right.Pages?.Count ?? 0)
        && (left.Pages is null || left.Pages.All(p => right.Pages!.TryGetValue(p.Key, out var count) && count == p.Value));

    private static bool SameSpec(PciDeviceSpec left, PciDeviceSpec right) =>
        left.Address == right.Address && left.VendorID == right.VendorID && left.ProductID == right.ProductID && left.PhysicalNetwork == right.PhysicalNetwork
        && left.Trusted == right.Trusted && left.RemoteManaged == right.RemoteManaged;

    private static bool Same<T>(IReadOnlyList<T>? left, IReadOnlyList<T>? right, Func<T, T, bool> same)
    {
        if (ReferenceEquals(left, right)) return true;
        if ((left?.Count ?? 0) != (right?.Count ?? 0)) return false;
        for (var i = 0; i < left?.Count; i++)
            if (!same(left[i], right![i])) return false;
        return true;
    }
}
