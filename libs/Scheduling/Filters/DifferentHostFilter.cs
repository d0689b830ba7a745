using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Rejects hosts with an instance that the hint <c>differentHost</c> names (spec: SCH-20).</summary>
public sealed class DifferentHostFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "DifferentHostFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "with a server to be away from";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.InstanceLeft;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => !request.DifferentHostFrom.IsEmpty;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => FirstOn(hosts, request, row) is null;

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        foreach (var instance in request.DifferentHostFrom) hosts.RemoveHolders(instance, survivors);
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => $"has the instance {FirstOn(hosts, request, row)}, from which the server is to be away";

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if the instance {FirstOn(hosts, request, row)} left it";

    private static string? FirstOn(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        foreach (var instance in request.DifferentHostFrom)
            if (hosts.Holds(instance, row)) return instance;
        return null;
    }
}
