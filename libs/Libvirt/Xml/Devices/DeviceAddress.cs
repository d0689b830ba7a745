using System.Globalization;
using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>Where a device sits in the guest.</summary>
public abstract record DeviceAddress
{
    internal abstract XElement ToXml();

    /// <summary>Null for kinds that the model does not have.</summary>
    internal static DeviceAddress? Read(XElement? address) => address?.Text("type") switch
    {
        "pci" => PciAddress.ReadPci(address),
        "drive" => new DriveAddress(
            address.Number("controller") ?? 0, address.Number("bus") ?? 0, address.Number("target") ?? 0, address.Number("unit") ?? 0),
        _ => null,
    };
}

/// <summary>A place on a SCSI, SATA or IDE bus.</summary>
/// <param name="Controller">Index of the controller.</param>
/// <param name="Bus">Bus.</param>
/// <param name="Target">Target.</param>
/// <param name="Unit">Unit.</param>
public sealed record DriveAddress(int Controller, int Bus, int Target, int Unit) : DeviceAddress
{
    internal override XElement ToXml() => new(
        "address", Attribute("type", "drive"), Attribute("controller", Controller), Attribute("bus", Bus), Attribute("target", Target),
        Attribute("unit", Unit));
}

/// <summary>A PCI address, of the guest or of the host.</summary>
/// <param name="Domain">Domain.</param>
/// <param name="Bus">Bus.</param>
/// <param name="Slot">Slot.</param>
/// <param name="Function">Function.</param>
public sealed record PciAddress(int Domain, int Bus, int Slot, int Function) : DeviceAddress
{
    /// <summary>As the kernel writes it: <c>0000:81:00.1</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Domain:x4}:{Bus:x2}:{Slot:x2}.{Function:x}");

    internal override XElement ToXml() => ToXml(withType: true);

    /// <summary>The address of a host device is written without a type under <c>hostdev</c>, with one under <c>interface</c>.</summary>
    internal XElement ToXml(bool withType) => new(
        "address", Attribute("type", withType ? "pci" : null), Attribute("domain", Hex(Domain, 4)), Attribute("bus", Hex(Bus, 2)),
        Attribute("slot", Hex(Slot, 2)), Attribute("function", Hex(Function, 1)));

    internal static PciAddress ReadPci(XElement address) => new(
        Number(address.Text("domain")), Number(address.Text("bus")), Number(address.Text("slot")), Number(address.Text("function")));

    /// <summary>A number in C's notation, as libvirt writes them here.</summary>
    internal static int Number(string? text)
    {
        if (text is null)
            return 0;
        var hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return int.TryParse(
            hexadecimal ? text.AsSpan(2) : text, hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"'{text}' is not a number");
    }
}
