using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// For servers in a group of policy AntiAffinity: rejects hosts that have <c>maxServerPerHost</c> members of the group already, 1 when absent (spec: SCH-29). A host that has
/// the server itself passes.
/// </summary>
public sealed class ServerGroupAntiAffinityFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ServerGroupAntiAffinityFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "with as many members of the server group as allowed";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.InstanceLeft | ClusterEvents.GroupChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => request.Group is { Policy: ServerGroupPolicy.AntiAffinity };

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
        !Concerns(request) || hosts.Holds(request.InstanceID, row) || GroupMembers.On(hosts, request.Group!, row) < request.Group!.MaxServerPerHost;

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        if (!Concerns(request)) return;
        foreach (var (row, members) in GroupMembers.Counts(hosts, request.Group!))
            if (members >= request.Group!.MaxServerPerHost && !hosts.Holds(request.InstanceID, row)) survivors.Remove(row);
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"{GroupMembers.On(hosts, request.Group!, row)} members of the server group, at most {request.Group!.MaxServerPerHost} on one host";

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"if {GroupMembers.On(hosts, request.Group!, row) - request.Group!.MaxServerPerHost + 1} fewer members of the server group were on it";
}
