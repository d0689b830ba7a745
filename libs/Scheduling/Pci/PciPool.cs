using System.Collections.Immutable;

namespace Kilonova.Scheduling.Pci;

/// <summary>Free devices of a host that are alike.</summary>
/// <param name="VendorID">Vendor, for instance <c>8086</c>.</param>
/// <param name="ProductID">Product.</param>
/// <param name="DeviceType"><c>type-PCI</c>, <c>type-PF</c> or <c>type-VF</c>.</param>
/// <param name="NumaCell">NUMA cell; null where it is not known.</param>
/// <param name="Count">How many are free.</param>
public sealed record PciPool(string VendorID, string ProductID, string DeviceType, int? NumaCell, int Count)
{
    /// <summary>Type of a physical function.</summary>
    public const string PhysicalFunction = "type-PF";

    /// <summary>Type of a virtual function.</summary>
    public const string VirtualFunction = "type-VF";

    /// <summary>Type of a device that cannot be split.</summary>
    public const string Plain = "type-PCI";

    /// <summary>Type of a vDPA device.</summary>
    public const string Vdpa = "vdpa";

    /// <summary>Further properties, for instance <c>physical_network</c>.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Tags { get; init; } = [];

    /// <summary>The free devices, by address; empty where only their number is known.</summary>
    public ImmutableArray<PciFunction> Devices { get; init; } = [];

    /// <summary>Whether devices of this pool are managed by a SmartNIC.</summary>
    public bool IsRemoteManaged => Tag("remote_managed") is { } tag && Numa.GuestProperties.IsTrue(tag);

    /// <summary>Whether devices of this pool will do.</summary>
    /// <param name="request">What is asked for.</param>
    /// <returns>True when one of the matches fits.</returns>
    public bool Satisfies(PciRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        foreach (var match in request.Matches)
            if (Satisfies(match)) return true;
        return false;
    }

    private bool Satisfies(PciMatch match)
    {
        foreach (var (key, value) in match.Properties)
        {
            var own = key switch
            {
                "vendor_id" => VendorID,
                "product_id" => ProductID,
                "dev_type" => DeviceType,
                _ => Tag(key),
            };
            if (!string.Equals(own, value, StringComparison.OrdinalIgnoreCase)) return false;
        }

        return true;
    }

    private string? Tag(string key)
    {
        foreach (var (name, value) in Tags)
            if (name == key) return value;
        return null;
    }
}

/// <summary>A device by its address.</summary>
/// <param name="Address">Address, for instance <c>0000:3b:00.1</c>.</param>
/// <param name="Parent">Address of the physical function, for a virtual one.</param>
public readonly record struct PciFunction(string Address, string? Parent);
