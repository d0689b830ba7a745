using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Passes hosts with fewer guests than maxInstancesPerHost.</summary>
public sealed class NumInstancesFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "NumInstancesFilter";

    private readonly int maximum;

    /// <summary>Creates the filter.</summary>
    /// <param name="maximum">Limit of the configuration.</param>
    public NumInstancesFilter(int maximum) => this.maximum = maximum;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "with too many guests";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.LoadFell;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => hosts.Guests[row] < maximum;

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"{hosts.Guests[row]} guests, fewer than {maximum} allowed";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) =>
        Math.Min((hosts.Guests[row] - maximum + 1) / (double)(hosts.Guests[row] + 1), 1);

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"if it had {hosts.Guests[row] - maximum + 1} fewer guests";
}
