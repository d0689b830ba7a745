using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Refuses a flavor that has less memory or a smaller root disk than the image states it needs. A root disk of 0 takes the image's own size and passes.</summary>
public sealed class ImageMinimums : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ImageMinimums";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.None;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        if (request is not { Flavor: { } flavor, Image: { } image }) return RequestFilterResult.GoOn(request);
        if (image.MinMemoryMiB > flavor.MemoryMiB)
            return RequestFilterResult.Refuse($"the flavor's memory is too small for the image: {flavor.MemoryMiB} MiB, the image needs {image.MinMemoryMiB} MiB");
        if (flavor.RootGiB > 0 && image.MinDiskGiB > flavor.RootGiB)
            return RequestFilterResult.Refuse($"the flavor's root disk is too small for the image: {flavor.RootGiB} GiB, the image needs {image.MinDiskGiB} GiB");
        return RequestFilterResult.GoOn(request);
    }
}
