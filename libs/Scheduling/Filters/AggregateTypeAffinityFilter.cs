using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Passes hosts with an aggregate whose metadata <c>instance_type</c>, a name or several with commas, names the flavor; and hosts with no such metadata (spec: SCH-16).
/// </summary>
public sealed class AggregateTypeAffinityFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AggregateTypeAffinityFilter";

    private const string Key = "instance_type";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "kept for other flavors";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var limited = false;
        foreach (var aggregate in hosts.AggregatesOf(row))
        {
            if (!aggregate.Metadata.TryGetValue(Key, out var names)) continue;
            if (request.FlavorName is { } flavor && AggregateValues.Contains(names, flavor)) return true;
            limited = true;
        }

        return !limited;
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"flavor {request.FlavorName} wanted, {AggregateValues.Describe(hosts, row, Key)}";

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if {Key} of its aggregates named the flavor {request.FlavorName}";
}
