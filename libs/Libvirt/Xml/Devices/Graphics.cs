using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>A remote display (<c>&lt;graphics&gt;</c>).</summary>
public sealed record Graphics
{
    /// <summary><c>vnc</c> or <c>spice</c>.</summary>
    public string Type { get; init; } = "vnc";

    /// <summary>Port; null is picked at the start (<c>autoport</c>). Of a running domain it is the picked one.</summary>
    public int? Port { get; init; }

    /// <summary>Address on which it listens; null with a socket.</summary>
    public string? Listen { get; init; }

    /// <summary>Unix socket on which it listens instead.</summary>
    public string? Socket { get; init; }

    /// <summary>Keyboard layout.</summary>
    public string? Keymap { get; init; }

    internal XElement ToXml() => new(
        "graphics",
        Attribute("type", Type),
        Attribute("port", Port),
        YesNo("autoport", Socket is not null ? null : Port is null),
        Attribute("keymap", Keymap),
        Socket is not null
            ? new XElement("listen", Attribute("type", "socket"), Attribute("socket", Socket))
            : Listen is not null ? new XElement("listen", Attribute("type", "address"), Attribute("address", Listen)) : null);

    internal static Graphics Read(XElement graphics)
    {
        var listen = graphics.Element("listen");
        return new Graphics
        {
            Type = graphics.Text("type") ?? "",
            Port = graphics.Number("port") is { } port and >= 0 ? port : null,
            Listen = listen?.Text("address") ?? graphics.Text("listen"),
            Socket = listen?.Text("socket") ?? graphics.Text("socket"),
            Keymap = graphics.Text("keymap"),
        };
    }
}

/// <summary>A video card (<c>&lt;video&gt;</c>).</summary>
/// <param name="Model"><c>virtio</c>, <c>vga</c>, <c>qxl</c>, <c>bochs</c>, <c>cirrus</c>, <c>none</c>, ….</param>
/// <param name="MemoryKiB">Video memory, KiB, where the model has it.</param>
/// <param name="Heads">Screens.</param>
/// <param name="DriverIommu">Whether the device goes through the guest's IOMMU.</param>
public sealed record Video(string Model, long? MemoryKiB = null, int? Heads = null, bool? DriverIommu = null)
{
    internal XElement ToXml() => new(
        "video",
        IfAny("driver", OnOff("iommu", DriverIommu)),
        new XElement("model", Attribute("type", Model), Attribute("vram", MemoryKiB), Attribute("heads", Heads)));

    internal static Video Read(XElement video)
    {
        var model = video.Element("model");
        return new Video(
            model?.Text("type") ?? "", model?.LongNumber("vram"), model?.Number("heads"), video.Element("driver")?.Flag("iommu"));
    }
}
