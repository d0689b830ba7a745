using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>As NumInstancesFilter, with the limit from the metadata <c>max_instances_per_host</c> of the host's aggregates: the smallest; the configuration's where none is set or one is no whole number (spec: SCH-15).</summary>
public sealed class AggregateNumInstancesFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AggregateNumInstancesFilter";

    private const string Key = "max_instances_per_host";
    private readonly int maximum;

    /// <summary>Creates the filter.</summary>
    /// <param name="maximum">Limit of the configuration.</param>
    public AggregateNumInstancesFilter(int maximum) => this.maximum = maximum;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "with too many guests";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.LoadFell | ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => hosts.Guests[row] < AggregateLimit.Of(hosts, row, Key, maximum);

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"{hosts.Guests[row]} guests, fewer than {AggregateLimit.Of(hosts, row, Key, maximum)} allowed";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) =>
        Math.Min((hosts.Guests[row] - AggregateLimit.Of(hosts, row, Key, maximum) + 1) / (double)(hosts.Guests[row] + 1), 1);

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"if it had {hosts.Guests[row] - AggregateLimit.Of(hosts, row, Key, maximum) + 1} fewer guests";
}
