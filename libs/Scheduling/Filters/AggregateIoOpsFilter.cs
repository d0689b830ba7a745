using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>As IoOpsFilter, with the limit from the metadata <c>max_io_ops_per_host</c> of the host's aggregates: the smallest; the configuration's where none is set or one is no whole number (spec: SCH-13).</summary>
public sealed class AggregateIoOpsFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AggregateIoOpsFilter";

    private const string Key = "max_io_ops_per_host";
    private readonly int maximum;

    /// <summary>Creates the filter.</summary>
    /// <param name="maximum">Limit of the configuration.</param>
    public AggregateIoOpsFilter(int maximum) => this.maximum = maximum;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "with too many guests that burden its disks";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.LoadFell | ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => hosts.IoOperations[row] < AggregateLimit.Of(hosts, row, Key, maximum);

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"{hosts.IoOperations[row]} guests that burden its disks, fewer than {AggregateLimit.Of(hosts, row, Key, maximum)} allowed";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) =>
        Math.Min((hosts.IoOperations[row] - AggregateLimit.Of(hosts, row, Key, maximum) + 1) / (double)(hosts.IoOperations[row] + 1), 1);

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"if it had {hosts.IoOperations[row] - AggregateLimit.Of(hosts, row, Key, maximum) + 1} fewer guests that burden its disks";
}
