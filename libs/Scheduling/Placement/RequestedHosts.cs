using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Placement;

/// <summary>Rejects hosts other than those that an admin asked for.</summary>
internal sealed class RequestedHosts : HostFilter
{
    public const string FilterName = "RequestedHosts";

    public override string Name => FilterName;

    public override string Reason => "not the host asked for";

    public override ClusterEvents WokenBy => ClusterEvents.None;

    public override bool Concerns(SchedulingRequest request) => request.OnlyHosts is not null;

    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => request.OnlyHosts is not { } only || only.Contains(hosts.Name(row));

    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => $"{string.Join(", ", request.OnlyHosts!.Value)} asked for";

    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if it were asked for";
}
