using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Gives a server that asks for no zone the configured one (defaultScheduleZone). With none configured it may be placed in any.</summary>
public sealed class DefaultZone : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "DefaultZone";

    private readonly string? zone;

    /// <summary>Creates the filter.</summary>
    /// <param name="zone">The zone; null to leave requests as they are.</param>
    public DefaultZone(string? zone) => this.zone = zone;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.None;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        return RequestFilterResult.GoOn(zone is null || !string.IsNullOrEmpty(request.AvailabilityZone) ? request : request with { AvailabilityZone = zone });
    }
}
