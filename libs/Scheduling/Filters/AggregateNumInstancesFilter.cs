using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>As NumInstancesFilter, with the limit from the metadata <c>max_instances_per_host</c> of the host's aggregates: the smallest; the configuration's where none is set or one is no whole number (spec: SCH-15).</summary>
/// <param name="maximum">Limit of the configuration.</param>
public sealed class AggregateNumInstancesFilter(int maximum) : HostLimitFilter("guests", maximum, "max_instances_per_host")
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AggregateNumInstancesFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    protected override int Count(in SnapshotView hosts, int row) => hosts.Guests[row];
}
