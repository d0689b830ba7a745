using System.Collections.Immutable;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Asks for hosts that can give what the image's properties name (buses of disks and CD-ROMs, video, interfaces, architectures, IOMMU), by the traits that they have for it, where the configuration says so.</summary>
public sealed class ImageTraits : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ImageTraits";

    private static readonly ImmutableArray<(string Property, string Prefix)> Prefixes =
    [
        ("hw_architecture", "HW_ARCH_"),
        ("hw_cdrom_bus", "COMPUTE_STORAGE_BUS_"),
        ("hw_disk_bus", "COMPUTE_STORAGE_BUS_"),
        ("hw_emulation_architecture", "COMPUTE_ARCH_"),
        ("hw_video_model", "COMPUTE_GRAPHICS_MODEL_"),
        ("hw_vif_model", "COMPUTE_NET_VIF_MODEL_"),
        ("hw_viommu_model", "COMPUTE_VIOMMU_MODEL_"),
    ];

    private readonly bool enabled;

    /// <summary>Creates the filter.</summary>
    /// <param name="enabled">Whether it does anything.</param>
    public ImageTraits(bool enabled) => this.enabled = enabled;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.None;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        if (!enabled || request.Image?.Properties is not { Count: > 0 }) return RequestFilterResult.GoOn(request);
        foreach (var (property, prefix) in Prefixes)
        {
            if (ImageProperty.Raw(request.Image, property) is not { Length: > 0 } value) continue;
            var name = property.EndsWith("architecture", StringComparison.Ordinal) ? GuestKind.Architecture(value) : value;
            request = Traits.Require(request, prefix + name.ToUpperInvariant().Replace('-', '_'));
        }

        return RequestFilterResult.GoOn(request);
    }
}
