using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>As IoOpsFilter, with the limit from the metadata <c>max_io_ops_per_host</c> of the host's aggregates: the smallest; the configuration's where none is set or one is no whole number (spec: SCH-13).</summary>
/// <param name="maximum">Limit of the configuration.</param>
public sealed class AggregateIoOpsFilter(int maximum) : HostLimitFilter("guests that burden its disks", maximum, "max_io_ops_per_host")
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AggregateIoOpsFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    protected override int Count(in SnapshotView hosts, int row) => hosts.IoOperations[row];
}
