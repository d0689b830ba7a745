using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>A controller (<c>&lt;controller&gt;</c>).</summary>
/// <param name="Type"><c>pci</c>, <c>usb</c>, <c>scsi</c>, <c>sata</c>, <c>ide</c>, <c>virtio-serial</c>.</param>
/// <param name="Index">Number among its type; null lets libvirt count.</param>
/// <param name="Model"><c>pcie-root-port</c>, <c>virtio-scsi</c>, <c>qemu-xhci</c>, <c>none</c>, ….</param>
public sealed record Controller(string Type, int? Index = null, string? Model = null)
{
    /// <summary>I/O thread that serves it (virtio-scsi).</summary>
    public int? IoThread { get; init; }

    /// <summary>Queues (virtio-scsi).</summary>
    public int? Queues { get; init; }

    /// <summary>Whether the device goes through the guest's IOMMU.</summary>
    public bool? DriverIommu { get; init; }

    /// <summary>Place in the guest.</summary>
    public DeviceAddress? Address { get; init; }

    internal XElement ToXml() => new(
        "controller", Attribute("type", Type), Attribute("index", Index), Attribute("model", Model),
        IfAny("driver", Attribute("iothread", IoThread), Attribute("queues", Queues), OnOff("iommu", DriverIommu)),
        Address?.ToXml());

    internal static Controller Read(XElement controller) => new(
        controller.Text("type") ?? "", controller.Number("index"), controller.Text("model"))
    {
        IoThread = controller.Element("driver")?.Number("iothread"),
        Queues = controller.Element("driver")?.Number("queues"),
        DriverIommu = controller.Element("driver")?.Flag("iommu"),
        Address = DeviceAddress.Read(controller.Element("address")),
    };
}

/// <summary>An input device (<c>&lt;input&gt;</c>).</summary>
/// <param name="Type"><c>tablet</c>, <c>mouse</c>, <c>keyboard</c>.</param>
/// <param name="Bus"><c>usb</c>, <c>ps2</c>, <c>virtio</c>.</param>
public sealed record InputDevice(string Type, string? Bus = null)
{
    internal XElement ToXml() => new("input", Attribute("type", Type), Attribute("bus", Bus));

    internal static InputDevice Read(XElement input) => new(input.Text("type") ?? "", input.Text("bus"));
}

/// <summary>A random number generator (<c>&lt;rng&gt;</c>).</summary>
/// <param name="Model"><c>virtio</c>.</param>
/// <param name="BackendModel"><c>random</c> (a device of the host) or <c>builtin</c>.</param>
/// <param name="BackendDevice">The device (<c>/dev/urandom</c>).</param>
/// <param name="RateBytes">Most bytes per period; null is no limit.</param>
/// <param name="RatePeriodMilliseconds">Period of the limit, ms.</param>
/// <param name="DriverIommu">Whether the device goes through the guest's IOMMU.</param>
public sealed record RandomGenerator(
    string Model = "virtio", string BackendModel = "random", string? BackendDevice = "/dev/urandom", long? RateBytes = null,
    long? RatePeriodMilliseconds = null, bool? DriverIommu = null)
{
    internal XElement ToXml() => new(
        "rng", Attribute("model", Model),
        IfAny("rate", Attribute("bytes", RateBytes), RateBytes is null ? null : Attribute("period", RatePeriodMilliseconds)),
        new XElement("backend", Attribute("model", BackendModel), BackendDevice),
        IfAny("driver", OnOff("iommu", DriverIommu)));

    internal static RandomGenerator Read(XElement rng) => new(
        rng.Text("model") ?? "", rng.Element("backend")?.Text("model") ?? "", rng.Child("backend") is { Length: > 0 } device ? device : null,
        rng.Element("rate")?.LongNumber("bytes"), rng.Element("rate")?.LongNumber("period"), rng.Element("driver")?.Flag("iommu"));
}

/// <summary>A memory balloon (<c>&lt;memballoon&gt;</c>).</summary>
/// <param name="Model"><c>virtio</c> or <c>none</c>.</param>
/// <param name="StatsPeriodSeconds">How often the guest reports its memory, s.</param>
/// <param name="DriverIommu">Whether the device goes through the guest's IOMMU.</param>
public sealed record MemoryBalloon(string Model = "virtio", int? StatsPeriodSeconds = null, bool? DriverIommu = null)
{
    internal XElement ToXml() => new(
        "memballoon", Attribute("model", Model), IfAny("stats", Attribute("period", StatsPeriodSeconds)),
        IfAny("driver", OnOff("iommu", DriverIommu)));

    internal static MemoryBalloon? Read(XElement? balloon) => balloon is null ? null : new MemoryBalloon(
        balloon.Text("model") ?? "", balloon.Element("stats")?.Number("period"), balloon.Element("driver")?.Flag("iommu"));
}

/// <summary>A watchdog (<c>&lt;watchdog&gt;</c>).</summary>
/// <param name="Action"><c>none</c>, <c>pause</c>, <c>poweroff</c>, <c>reset</c>, <c>shutdown</c>, <c>dump</c>, <c>inject-nmi</c>.</param>
/// <param name="Model"><c>i6300esb</c>, <c>itco</c>, <c>ib700</c>, <c>diag288</c>.</param>
public sealed record Watchdog(string Action, string Model = "i6300esb")
{
    internal XElement ToXml() => new("watchdog", Attribute("model", Model), Attribute("action", Action));

    internal static Watchdog? Read(XElement? watchdog)
        => watchdog is null ? null : new Watchdog(watchdog.Text("action") ?? "reset", watchdog.Text("model") ?? "");
}

/// <summary>An emulated TPM (<c>&lt;tpm&gt;</c>).</summary>
/// <param name="Model"><c>tpm-crb</c>, <c>tpm-tis</c>.</param>
/// <param name="Version"><c>1.2</c>, <c>2.0</c>.</param>
/// <param name="Secret">libvirt secret with which its state is encrypted; null leaves it plain.</param>
public sealed record Tpm(string Model, string? Version = null, Guid? Secret = null)
{
    internal XElement ToXml() => new(
        "tpm", Attribute("model", Model),
        new XElement(
            "backend", Attribute("type", "emulator"), Attribute("version", Version),
            IfAny("encryption", Attribute("secret", Secret?.ToString()))));

    internal static Tpm? Read(XElement? tpm) => tpm?.Element("backend") is not { } backend ? null : new Tpm(
        tpm.Text("model") ?? "", backend.Text("version"),
        Guid.TryParse(backend.Element("encryption")?.Text("secret"), out var secret) ? secret : null);
}

/// <summary>A virtual IOMMU (<c>&lt;iommu&gt;</c>).</summary>
/// <param name="Model"><c>intel</c>, <c>smmuv3</c>, <c>virtio</c>.</param>
/// <param name="InterruptRemapping">Whether interrupts are remapped (intel).</param>
/// <param name="CachingMode">Whether passed-through devices work behind it (intel).</param>
/// <param name="AddressWidth">Bits of an I/O address (intel).</param>
public sealed record Iommu(string Model, bool? InterruptRemapping = null, bool? CachingMode = null, int? AddressWidth = null)
{
    internal XElement ToXml() => new(
        "iommu", Attribute("model", Model),
        IfAny(
            "driver", OnOff("intremap", InterruptRemapping), OnOff("caching_mode", CachingMode), Attribute("aw_bits", AddressWidth)));

    internal static Iommu? Read(XElement? iommu) => iommu is null ? null : new Iommu(
        iommu.Text("model") ?? "", iommu.Element("driver")?.Flag("intremap"), iommu.Element("driver")?.Flag("caching_mode"),
        iommu.Element("driver")?.Number("aw_bits"));
}
