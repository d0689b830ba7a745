using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>A network interface (<c>&lt;interface&gt;</c>).</summary>
public sealed record NetworkInterface
{
    /// <summary>What it is connected to.</summary>
    public required InterfaceSource Source { get; init; }

    /// <summary>MAC address; null lets libvirt make one.</summary>
    public string? Mac { get; init; }

    /// <summary><c>virtio</c>, <c>e1000</c>, <c>e1000e</c>, <c>rtl8139</c>, ….</summary>
    public string? Model { get; init; }

    /// <summary>Name of the device on the host (<c>tap…</c>, at most 15 characters); null lets libvirt make one.</summary>
    public string? TargetDevice { get; init; }

    /// <summary>Of an Ethernet source: false if the device was made by someone else and has to stay.</summary>
    public bool? TargetManaged { get; init; }

    /// <summary>MTU.</summary>
    public int? Mtu { get; init; }

    /// <summary><c>vhost</c> or <c>qemu</c>.</summary>
    public string? Driver { get; init; }

    /// <summary>Queues.</summary>
    public int? Queues { get; init; }

    /// <summary>Size of each receive queue.</summary>
    public int? ReceiveQueueSize { get; init; }

    /// <summary>Size of each send queue.</summary>
    public int? SendQueueSize { get; init; }

    /// <summary>Whether the device goes through the guest's IOMMU.</summary>
    public bool? DriverIommu { get; init; }

    /// <summary>Port of a virtual switch.</summary>
    public VirtualPort? VirtualPort { get; init; }

    /// <summary>VLAN tags.</summary>
    public IReadOnlyList<int> Vlans { get; init; } = [];

    /// <summary>Limit of what the guest receives.</summary>
    public Bandwidth? Inbound { get; init; }

    /// <summary>Limit of what the guest sends.</summary>
    public Bandwidth? Outbound { get; init; }

    /// <summary>Packet filter on the host.</summary>
    public string? Filter { get; init; }

    /// <summary>Place in the boot order, from 1.</summary>
    public int? BootOrder { get; init; }

    /// <summary>Whether the cable is plugged in; null is yes.</summary>
    public bool? LinkUp { get; init; }

    /// <summary>Place in the guest.</summary>
    public DeviceAddress? Address { get; init; }

    internal XElement ToXml() => new(
        "interface",
        Attribute("type", Source.Type),
        Source is HostDeviceInterface ? YesNo("managed", true) : null,
        IfAny("mac", Attribute("address", Mac)),
        Source.ToXml(),
        Vlans.Count == 0 ? null : new XElement("vlan", Vlans.Select(tag => new XElement("tag", Attribute("id", tag)))),
        VirtualPort?.ToXml(),
        IfAny("target", Attribute("dev", TargetDevice), YesNo("managed", TargetManaged)),
        IfAny("model", Attribute("type", Model)),
        IfAny(
            "driver", Attribute("name", Driver), Attribute("queues", Queues), Attribute("rx_queue_size", ReceiveQueueSize),
            Attribute("tx_queue_size", SendQueueSize), OnOff("iommu", DriverIommu)),
        IfAny("filterref", Attribute("filter", Filter)),
        IfAny("bandwidth", Inbound?.ToXml("inbound"), Outbound?.ToXml("outbound")),
        IfAny("link", Attribute("state", LinkUp switch { null => null, true => "up", false => "down" })),
        IfAny("mtu", Attribute("size", Mtu)),
        IfAny("boot", Attribute("order", BootOrder)),
        Address?.ToXml());

    internal static NetworkInterface Read(XElement element)
    {
        var driver = element.Element("driver");
        return new NetworkInterface
        {
            Source = InterfaceSource.Read(element),
            Mac = element.Element("mac")?.Text("address"),
            Model = element.Element("model")?.Text("type"),
            TargetDevice = element.Element("target")?.Text("dev"),
            TargetManaged = element.Element("target")?.Flag("managed"),
            Mtu = element.Element("mtu")?.Number("size"),
            Driver = driver?.Text("name"),
            Queues = driver?.Number("queues"),
            ReceiveQueueSize = driver?.Number("rx_queue_size"),
            SendQueueSize = driver?.Number("tx_queue_size"),
            DriverIommu = driver?.Flag("iommu"),
            VirtualPort = VirtualPort.Read(element.Element("virtualport")),
            Vlans = element.Element("vlan").List("tag", tag => tag.Number("id") ?? 0),
            Inbound = Bandwidth.Read(element.Element("bandwidth")?.Element("inbound")),
            Outbound = Bandwidth.Read(element.Element("bandwidth")?.Element("outbound")),
            Filter = element.Element("filterref")?.Text("filter"),
            BootOrder = element.Element("boot")?.Number("order"),
            LinkUp = element.Element("link")?.Text("state") is { } state ? state == "up" : null,
            Address = DeviceAddress.Read(element.Element("address")),
        };
    }
}

/// <summary>Port of a virtual switch.</summary>
/// <param name="Type"><c>openvswitch</c>, ….</param>
/// <param name="InterfaceId">Identity of the port.</param>
public sealed record VirtualPort(string Type, string? InterfaceId)
{
    internal XElement ToXml() => new(
        "virtualport", Attribute("type", Type), IfAny("parameters", Attribute("interfaceid", InterfaceId)));

    internal static VirtualPort? Read(XElement? port) => port is null
        ? null
        : new VirtualPort(port.Text("type") ?? "", port.Element("parameters")?.Text("interfaceid"));
}

/// <summary>A limit of one direction.</summary>
/// <param name="AverageKiBPerSecond">Lasting rate, KiB/s.</param>
/// <param name="PeakKiBPerSecond">Highest rate, KiB/s.</param>
/// <param name="BurstKiB">Amount at the highest rate, KiB.</param>
public sealed record Bandwidth(long? AverageKiBPerSecond, long? PeakKiBPerSecond = null, long? BurstKiB = null)
{
    internal XElement ToXml(string name) => new(
        name, Attribute("average", AverageKiBPerSecond), Attribute("peak", PeakKiBPerSecond), Attribute("burst", BurstKiB));

    internal static Bandwidth? Read(XElement? bandwidth) => bandwidth is null
        ? null
        : new Bandwidth(bandwidth.LongNumber("average"), bandwidth.LongNumber("peak"), bandwidth.LongNumber("burst"));
}
