using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Asks for hosts that can encrypt local disks if flavor (<c>hw:ephemeral_encryption</c>) or image (<c>hw_ephemeral_encryption</c>) say so: trait <c>COMPUTE_EPHEMERAL_ENCRYPTION</c>, and that of the format.</summary>
public sealed class EphemeralEncryption : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "EphemeralEncryption";

    private const string Trait = "COMPUTE_EPHEMERAL_ENCRYPTION";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.None;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        var specs = request.Flavor?.ExtraSpecs;
        var wanted = (specs is not null && specs.TryGetValue("hw:ephemeral_encryption", out var flag) && ImageProperty.IsTrue(flag)) || ImageProperty.Flag(request.Image, "hw_ephemeral_encryption");
        if (!wanted) return RequestFilterResult.GoOn(request);
        request = Traits.Require(request, Trait);
        var format = specs is not null && specs.TryGetValue("hw:ephemeral_encryption_format", out var named) ? named : ImageProperty.Raw(request.Image, "hw_ephemeral_encryption_format");
        return RequestFilterResult.GoOn(string.IsNullOrEmpty(format) ? request : Traits.Require(request, $"{Trait}_{format.ToUpperInvariant()}"));
    }
}
