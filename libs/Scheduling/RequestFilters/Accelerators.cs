using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Asks for hosts with the trait <c>COMPUTE_ACCELERATORS</c> if the flavor names a device profile (<c>accel:device_profile</c>).</summary>
public sealed class Accelerators : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "Accelerators";

    private const string Key = "accel:device_profile";
    private const string Trait = "COMPUTE_ACCELERATORS";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.None;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        return RequestFilterResult.GoOn(request.Flavor?.ExtraSpecs?.ContainsKey(Key) == true ? Traits.Require(request, Trait) : request);
    }
}
