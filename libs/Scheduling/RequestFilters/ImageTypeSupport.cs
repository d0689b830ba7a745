using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Asks for hosts with the trait <c>COMPUTE_IMAGE_TYPE_…</c> of the image's format, where the configuration says so; a server without an image asks for none.</summary>
public sealed class ImageTypeSupport : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ImageTypeSupport";

    private readonly bool enabled;

    /// <summary>Creates the filter.</summary>
    /// <param name="enabled">Whether it does anything.</param>
    public ImageTypeSupport(bool enabled) => this.enabled = enabled;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.None;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        if (!enabled || request.Image is not { } image) return RequestFilterResult.GoOn(request);
        return RequestFilterResult.GoOn(Traits.Require(request, $"COMPUTE_IMAGE_TYPE_{image.DiskFormat.ToString().ToUpperInvariant()}"));
    }
}
