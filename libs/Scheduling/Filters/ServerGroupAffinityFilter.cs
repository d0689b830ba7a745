using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>For servers in a group of policy Affinity: passes only hosts of the group's members; any host while the group has none (spec: SCH-28).</summary>
public sealed class ServerGroupAffinityFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ServerGroupAffinityFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "away from the server group";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.GroupChanged | ClusterEvents.InstanceLeft;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => request.Group is { Policy: ServerGroupPolicy.Affinity, Hosts.IsEmpty: false };

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => !Concerns(request) || request.Group!.Hosts.Contains(hosts.Name(row));

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => $"the server group is on {string.Join(", ", request.Group!.Hosts)}";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if the server group were on it";
}
