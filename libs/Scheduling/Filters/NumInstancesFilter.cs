using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Passes hosts with fewer guests than maxInstancesPerHost.</summary>
/// <param name="maximum">Limit of the configuration.</param>
public sealed class NumInstancesFilter(int maximum) : HostLimitFilter("guests", maximum)
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "NumInstancesFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    protected override int Count(in SnapshotView hosts, int row) => hosts.Guests[row];
}
