using Kilonova.Crds;
using Kilonova.Scheduling.Numa;

namespace Kilonova.Scheduling.Pci;

/// <summary>What a flavor and an image say of PCI devices.</summary>
public static class PciConstraints
{
    /// <summary>How near devices must be.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>The policy; null when nobody says; or the error.</returns>
    public static Checked<PciNumaPolicy?> Policy(FlavorSpec flavor, ImageSpec? image)
    {
        var (wanted, ofImage) = new GuestProperties(flavor, image).Both("pci_numa_affinity_policy");
        if (wanted is not null && ofImage is not null && wanted != ofImage)
        {
            return new RequestError(
                "ImagePCINUMAPolicyForbidden", "Image property 'hw_pci_numa_affinity_policy' is not permitted to override the 'hw:pci_numa_affinity_policy' flavor extra spec.");
        }

        return (wanted ?? ofImage) switch
        {
            null => (PciNumaPolicy?)null,
            "legacy" => PciNumaPolicy.Legacy,
            "required" => PciNumaPolicy.Required,
            "socket" => PciNumaPolicy.Socket,
            "preferred" => PciNumaPolicy.Preferred,
            var other => new RequestError("InvalidPCINUMAAffinity", $"Invalid PCI NUMA affinity configured: {other}"),
        };
    }
}
