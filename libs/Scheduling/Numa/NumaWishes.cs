using System.Collections.Immutable;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Numa;

/// <summary>Everything that a guest asks of a host's cells and devices.</summary>
/// <param name="Topology">NUMA topology; null for a guest without.</param>
/// <param name="Devices">PCI devices.</param>
/// <param name="Networks">Networks to be near to.</param>
public sealed record NumaWishes(GuestTopology? Topology, ImmutableArray<PciRequest> Devices, NumaNetworks Networks)
{
    /// <summary>A guest that asks for nothing.</summary>
    public static readonly NumaWishes None = new(null, [], NumaNetworks.None);

    /// <summary>Whether anything is asked for.</summary>
    public bool Any => Topology is not null || !Devices.IsEmpty;

    /// <summary>Whether it matters which cells are chosen, beyond each pair of cells.</summary>
    internal bool ChoosesTogether => !Devices.IsEmpty || Networks.Any;
}
