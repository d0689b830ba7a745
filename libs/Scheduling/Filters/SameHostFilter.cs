using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Passes only hosts with an instance that the hint <c>sameHost</c> names. If none of them runs anywhere, no host passes (spec: SCH-27).</summary>
public sealed class SameHostFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "SameHostFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "without a server to be together with";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.InstanceArrived;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => !request.SameHostAs.IsEmpty;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (request.SameHostAs.IsEmpty) return true;
        foreach (var instance in request.SameHostAs)
            if (hosts.Holds(instance, row)) return true;
        return false;
    }

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        if (!request.SameHostAs.IsEmpty) hosts.KeepHolders(request.SameHostAs, survivors);
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => $"has none of the instances {string.Join(", ", request.SameHostAs)}";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if it had one of the instances {string.Join(", ", request.SameHostAs)}";
}
