using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Numa;

/// <summary>Passes hosts whose NUMA cells can take the guest's: memory pages, CPUs to pin, threads, devices and networks near by (spec: SCH-25, S8).</summary>
public sealed class NumaTopologyFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "NUMATopologyFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "without room in its NUMA cells";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.CapacityGrown;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => request.Numa.Topology is not null;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => !Concerns(request) || hosts.NumaFits(row, request.Numa);

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        hosts.Numa(row) is { Cells.Length: > 0 } host ? NumaReason.Of(host, request.Numa) : "the host reports no NUMA cells";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) =>
        hosts.Numa(row) is { } host && host.Cells.Length >= request.Numa.Topology!.Cells.Length ? NumaReason.Distance(host, request.Numa) : double.PositiveInfinity;

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if its NUMA cells had room ({Explain(hosts, request, row)})";
}
