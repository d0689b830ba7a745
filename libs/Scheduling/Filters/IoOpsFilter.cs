using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Passes hosts with fewer guests in work that burdens disks (builds, resizes, snapshots, migrations, rescues, unshelves) than maxIoOpsPerHost (spec: SCH-23).</summary>
public sealed class IoOpsFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "IoOpsFilter";

    private readonly int maximum;

    /// <summary>Creates the filter.</summary>
    /// <param name="maximum">Limit of the configuration.</param>
    public IoOpsFilter(int maximum) => this.maximum = maximum;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "with too many guests that burden its disks";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.LoadFell;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => hosts.IoOperations[row] < maximum;

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"{hosts.IoOperations[row]} guests that burden its disks, fewer than {maximum} allowed";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) =>
        Math.Min((hosts.IoOperations[row] - maximum + 1) / (double)(hosts.IoOperations[row] + 1), 1);

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"if it had {hosts.IoOperations[row] - maximum + 1} fewer guests that burden its disks";
}
