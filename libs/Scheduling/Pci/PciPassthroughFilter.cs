using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Pci;

/// <summary>Passes hosts that have the PCI devices which the flavor asks for, wherever they are. How near they must be is the NUMA filter's business (spec: SCH-26, PCI-03).</summary>
public sealed class PciPassthroughFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "PciPassthroughFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "without the PCI devices asked for";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.CapacityGrown;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => !request.Numa.Devices.IsEmpty;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
        !Concerns(request) || (hosts.Numa(row) is { Pci: { } pools } host && pools.Support(request.Numa.Devices, host.Cells, []));

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (hosts.Numa(row)?.Pci is not { } pools) return "no device of the host may be passed through";
        return string.Join("; ", request.Numa.Devices.Select(r => $"{r.Count} of {r.Alias ?? "a device"} wanted, {Free(pools, r)} free"));
    }

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (hosts.Numa(row)?.Pci is not { } pools) return double.PositiveInfinity;
        var lacking = request.Numa.Devices.Max(r => Math.Max(0, r.Count - Free(pools, r)) / (double)r.Count);
        return Math.Max(lacking, 0.01);
    }

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if more PCI devices were free ({Explain(hosts, request, row)})";

    private static int Free(PciPools pools, PciRequest request) => pools.Pools.Where(p => p.Satisfies(request)).Sum(p => p.Count);
}
