using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>What an interface is connected to.</summary>
public abstract record InterfaceSource
{
    internal abstract string Type { get; }

    internal virtual XElement? ToXml() => null;

    internal static InterfaceSource Read(XElement element)
    {
        var source = element.Element("source");
        return element.Text("type") switch
        {
            "bridge" => new BridgeInterface(source?.Text("bridge") ?? ""),
            "user" => new UserInterface(),
            "ethernet" => new EthernetInterface(),
            "network" => new LibvirtNetworkInterface(source?.Text("network") ?? ""),
            "vhostuser" => new VhostUserInterface(source?.Text("path") ?? "", source?.Text("mode") ?? "client"),
            "hostdev" => new HostDeviceInterface(PciAddress.ReadPci(source?.Element("address") ?? new XElement("address"))),
            var other => new OtherInterface(other ?? ""),
        };
    }
}

/// <summary>A Linux bridge or, with a <see cref="VirtualPort"/>, an Open vSwitch bridge.</summary>
/// <param name="Bridge">Its name.</param>
public sealed record BridgeInterface(string Bridge) : InterfaceSource
{
    internal override string Type => "bridge";

    internal override XElement ToXml() => new("source", Attribute("bridge", Bridge));
}

/// <summary>QEMU's own network stack: the guest reaches out as a process of the host does; nobody reaches in.</summary>
public sealed record UserInterface : InterfaceSource
{
    internal override string Type => "user";
}

/// <summary>A tap device that the caller connects (<see cref="NetworkInterface.TargetDevice"/>).</summary>
public sealed record EthernetInterface : InterfaceSource
{
    internal override string Type => "ethernet";
}

/// <summary>A network that libvirt manages.</summary>
/// <param name="Network">Its name.</param>
public sealed record LibvirtNetworkInterface(string Network) : InterfaceSource
{
    internal override string Type => "network";

    internal override XElement ToXml() => new("source", Attribute("network", Network));
}

/// <summary>A switch in user space.</summary>
/// <param name="Path">Unix socket.</param>
/// <param name="Mode"><c>client</c> or <c>server</c>.</param>
public sealed record VhostUserInterface(string Path, string Mode) : InterfaceSource
{
    internal override string Type => "vhostuser";

    internal override XElement ToXml() => new("source", Attribute("type", "unix"), Attribute("path", Path), Attribute("mode", Mode));
}

/// <summary>A virtual function of the host's network card, managed by libvirt.</summary>
/// <param name="HostAddress">Its address on the host.</param>
public sealed record HostDeviceInterface(PciAddress HostAddress) : InterfaceSource
{
    internal override string Type => "hostdev";

    internal override XElement ToXml() => new("source", HostAddress.ToXml(withType: true));
}

/// <summary>A kind that the model does not have; only read, its source is not kept.</summary>
/// <param name="Kind">libvirt's word for it.</param>
public sealed record OtherInterface(string Kind) : InterfaceSource
{
    internal override string Type => Kind;

    internal override XElement ToXml()
        => throw new NotSupportedException($"an interface of type '{Kind}' was read, but cannot be written");
}
