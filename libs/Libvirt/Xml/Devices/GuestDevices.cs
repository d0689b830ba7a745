using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>Devices (<c>&lt;devices&gt;</c>), each kind in the order given.</summary>
public sealed record GuestDevices
{
    /// <summary>Program that runs the guest; null is libvirt's choice.</summary>
    public string? Emulator { get; init; }

    /// <summary>Disks.</summary>
    public IReadOnlyList<Disk> Disks { get; init; } = [];

    /// <summary>Controllers.</summary>
    public IReadOnlyList<Controller> Controllers { get; init; } = [];

    /// <summary>Network interfaces.</summary>
    public IReadOnlyList<NetworkInterface> Interfaces { get; init; } = [];

    /// <summary>Serial ports.</summary>
    public IReadOnlyList<CharacterDevice> Serials { get; init; } = [];

    /// <summary>Consoles.</summary>
    public IReadOnlyList<CharacterDevice> Consoles { get; init; } = [];

    /// <summary>Channels between guest and host, such as the guest agent's.</summary>
    public IReadOnlyList<CharacterDevice> Channels { get; init; } = [];

    /// <summary>Input devices.</summary>
    public IReadOnlyList<InputDevice> Inputs { get; init; } = [];

    /// <summary>TPM.</summary>
    public Tpm? Tpm { get; init; }

    /// <summary>Remote displays.</summary>
    public IReadOnlyList<Graphics> Graphics { get; init; } = [];

    /// <summary>Video cards.</summary>
    public IReadOnlyList<Video> Videos { get; init; } = [];

    /// <summary>Host devices passed through.</summary>
    public IReadOnlyList<HostDevice> HostDevices { get; init; } = [];

    /// <summary>Watchdog.</summary>
    public Watchdog? Watchdog { get; init; }

    /// <summary>Memory balloon; libvirt adds one where none is given, unless its model is <c>none</c>.</summary>
    public MemoryBalloon? MemoryBalloon { get; init; }

    /// <summary>Random number generators.</summary>
    public IReadOnlyList<RandomGenerator> RandomGenerators { get; init; } = [];

    /// <summary>Virtual IOMMU.</summary>
    public Iommu? Iommu { get; init; }

    internal XElement ToXml() => new(
        "devices",
        Element("emulator", Emulator),
        Disks.Select(disk => disk.ToXml()),
        Controllers.Select(controller => controller.ToXml()),
        Interfaces.Select(networkInterface => networkInterface.ToXml()),
        Serials.Select(serial => serial.ToXml("serial")),
        Consoles.Select(console => console.ToXml("console")),
        Channels.Select(channel => channel.ToXml("channel")),
        Inputs.Select(input => input.ToXml()),
        Tpm?.ToXml(),
        Graphics.Select(graphics => graphics.ToXml()),
        Videos.Select(video => video.ToXml()),
        HostDevices.Select(device => device.ToXml()),
        Watchdog?.ToXml(),
        MemoryBalloon?.ToXml(),
        RandomGenerators.Select(rng => rng.ToXml()),
        Iommu?.ToXml());

    internal static GuestDevices Read(XElement devices) => new()
    {
        Emulator = devices.Child("emulator"),
        Disks = devices.List("disk", Disk.Read),
        Controllers = devices.List("controller", Controller.Read),
        Interfaces = devices.List("interface", NetworkInterface.Read),
        Serials = devices.List("serial", CharacterDevice.Read),
        Consoles = devices.List("console", CharacterDevice.Read),
        Channels = devices.List("channel", CharacterDevice.Read),
        Inputs = devices.List("input", InputDevice.Read),
        Tpm = Tpm.Read(devices.Element("tpm")),
        Graphics = devices.List("graphics", Devices.Graphics.Read),
        Videos = devices.List("video", Video.Read),
        HostDevices = devices.List("hostdev", HostDevice.Read),
        Watchdog = Watchdog.Read(devices.Element("watchdog")),
        MemoryBalloon = MemoryBalloon.Read(devices.Element("memballoon")),
        RandomGenerators = devices.List("rng", RandomGenerator.Read),
        Iommu = Iommu.Read(devices.Element("iommu")),
    };
}
