using System.Collections.Immutable;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>Where one cell of a guest is.</summary>
/// <param name="Guest">The guest's cell.</param>
/// <param name="HostCell">Number of the host's cell.</param>
/// <param name="PageSizeKiB">Size of its memory pages, in KiB; 0 where the guest did not ask.</param>
/// <param name="Pins">Host CPUs, in the order of the cell's pinned CPUs.</param>
/// <param name="EmulatorCpu">Host CPU for QEMU's own threads, if this cell has it.</param>
/// <param name="Threads">Threads of a core that the guest may be shown for this cell.</param>
public sealed record PlacedCell(GuestCell Guest, int HostCell, long PageSizeKiB, ImmutableArray<int> Pins, int? EmulatorCpu, int Threads);

/// <summary>Where a guest is on a host: its cells, pages, CPUs and devices.</summary>
/// <param name="Guest">The guest's topology; null for one without.</param>
/// <param name="Cells">Its cells, in their order; empty without a topology.</param>
/// <param name="Devices">PCI devices by address, in the order of requests; empty where they are known by number only.</param>
public sealed record NumaPlacement(GuestTopology? Guest, ImmutableArray<PlacedCell> Cells, ImmutableArray<string> Devices);

/// <summary>Networks to whose cards a guest must be near, where any cell is (spec: NET-03).</summary>
/// <param name="Physical">Physical networks.</param>
/// <param name="Tunnelled">Whether it is on a tunnelled network.</param>
public sealed record NumaNetworks(ImmutableArray<string> Physical, bool Tunnelled)
{
    /// <summary>No network whose place matters.</summary>
    public static readonly NumaNetworks None = new([], false);

    /// <summary>Gathers the networks of a guest by their labels.</summary>
    /// <param name="networks">Its networks; one without a label can be reached from anywhere.</param>
    /// <returns>The networks whose place matters.</returns>
    public static NumaNetworks Of(IEnumerable<NetworkSpec> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        var labels = networks.Select(n => n.PhysicalNetwork).OfType<string>().Distinct().ToList();
        return labels.Count == 0 ? None : new NumaNetworks([.. labels.Where(l => l != HostLayout.Tunnel)], labels.Contains(HostLayout.Tunnel));
    }

    /// <summary>Whether any network's place matters.</summary>
    public bool Any => Tunnelled || !Physical.IsEmpty;
}
