using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>A device of the host passed through to the guest (<c>&lt;hostdev&gt;</c>).</summary>
public abstract record HostDevice
{
    internal abstract XElement ToXml();

    internal static HostDevice Read(XElement device)
    {
        var address = device.Element("source")?.Element("address");
        return device.Text("type") switch
        {
            "pci" when address is not null => new PciHostDevice(PciAddress.ReadPci(address), device.Flag("managed") ?? false),
            "mdev" when Guid.TryParse(address?.Text("uuid"), out var uuid) => new MediatedHostDevice(uuid, device.Text("model") ?? ""),
            var other => new OtherHostDevice(other ?? ""),
        };
    }
}

/// <summary>A PCI device.</summary>
/// <param name="HostAddress">Its address on the host.</param>
/// <param name="Managed">Whether libvirt takes it from its host driver and gives it back.</param>
public sealed record PciHostDevice(PciAddress HostAddress, bool Managed = true) : HostDevice
{
    internal override XElement ToXml() => new(
        "hostdev", Attribute("mode", "subsystem"), Attribute("type", "pci"), YesNo("managed", Managed),
        new XElement("source", HostAddress.ToXml(withType: false)));
}

/// <summary>A mediated device (vGPU).</summary>
/// <param name="Uuid">Its UUID on the host.</param>
/// <param name="Model"><c>vfio-pci</c>, ….</param>
public sealed record MediatedHostDevice(Guid Uuid, string Model = "vfio-pci") : HostDevice
{
    internal override XElement ToXml() => new(
        "hostdev", Attribute("mode", "subsystem"), Attribute("type", "mdev"), Attribute("model", Model),
        new XElement("source", new XElement("address", Attribute("uuid", Uuid.ToString()))));
}

/// <summary>A kind that the model does not have; only read.</summary>
/// <param name="Kind">libvirt's word for it.</param>
public sealed record OtherHostDevice(string Kind) : HostDevice
{
    internal override XElement ToXml() => throw new NotSupportedException($"a host device of type '{Kind}' was read, but cannot be written");
}
