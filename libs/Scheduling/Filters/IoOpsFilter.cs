using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Passes hosts with fewer guests in work that burdens disks (builds, resizes, snapshots, migrations, rescues, unshelves) than maxIoOpsPerHost (spec: SCH-23).</summary>
/// <param name="maximum">Limit of the configuration.</param>
public sealed class IoOpsFilter(int maximum) : HostLimitFilter("guests that burden its disks", maximum)
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "IoOpsFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    protected override int Count(in SnapshotView hosts, int row) => hosts.IoOperations[row];
}
