using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Keeps servers away from hosts with the trait <c>COMPUTE_STATUS_DISABLED</c>. Hosts that an admin disabled are rejected by ComputeFilter; this is for hosts of which something else says so.</summary>
public sealed class ComputeStatus : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ComputeStatus";

    private const string Trait = "COMPUTE_STATUS_DISABLED";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.None;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        return RequestFilterResult.GoOn(Traits.Forbid(request, Trait));
    }
}
