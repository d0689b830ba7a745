using System.Xml.Linq;
using Kilonova.Libvirt.Xml.Devices;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>
/// A domain (<c>&lt;domain&gt;</c>). Properties are named after libvirt's elements and hold libvirt's words; null and empty are not
/// written, which leaves the choice to libvirt.
/// </summary>
public sealed record DomainDefinition
{
    /// <summary>Hypervisor: <c>kvm</c>, <c>qemu</c> (emulated), <c>test</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Name, unique on the host.</summary>
    public required string Name { get; init; }

    /// <summary>UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>One line for people.</summary>
    public string? Title { get; init; }

    /// <summary>More lines for people.</summary>
    public string? Description { get; init; }

    /// <summary>Elements of applications, one per namespace.</summary>
    public IReadOnlyList<XElement> Metadata { get; init; } = [];

    /// <summary>Memory, KiB.</summary>
    public required long MemoryKiB { get; init; }

    /// <summary>Memory at the start, KiB, if less.</summary>
    public long? CurrentMemoryKiB { get; init; }

    /// <summary>Where the memory comes from.</summary>
    public MemoryBacking? MemoryBacking { get; init; }

    /// <summary>Limits of memory.</summary>
    public MemoryTune? MemoryTune { get; init; }

    /// <summary>Virtual CPUs.</summary>
    public required int VirtualCpus { get; init; }

    /// <summary>Virtual CPUs at the start, if fewer.</summary>
    public int? CurrentVirtualCpus { get; init; }

    /// <summary>Host CPUs on which unpinned virtual CPUs run, as a CPU list.</summary>
    public string? CpuSet { get; init; }

    /// <summary>I/O threads.</summary>
    public int? IoThreads { get; init; }

    /// <summary>CPU shares, limits, pins.</summary>
    public CpuTune? CpuTune { get; init; }

    /// <summary>NUMA placement of memory.</summary>
    public NumaTune? NumaTune { get; init; }

    /// <summary>SMBIOS.</summary>
    public SystemInformation? SystemInformation { get; init; }

    /// <summary>Machine, firmware, boot.</summary>
    public required GuestOs Os { get; init; }

    /// <summary>Features.</summary>
    public GuestFeatures? Features { get; init; }

    /// <summary>Virtual CPU.</summary>
    public GuestCpu? Cpu { get; init; }

    /// <summary>Clock and timers.</summary>
    public GuestClock? Clock { get; init; }

    /// <summary>When the guest powers off: <c>destroy</c>, <c>restart</c>, <c>preserve</c>.</summary>
    public string? OnPoweroff { get; init; }

    /// <summary>When the guest reboots.</summary>
    public string? OnReboot { get; init; }

    /// <summary>When the guest crashes; also <c>coredump-destroy</c>, <c>coredump-restart</c>.</summary>
    public string? OnCrash { get; init; }

    /// <summary>Devices.</summary>
    public required GuestDevices Devices { get; init; }

    /// <summary>Security labels, one per driver.</summary>
    public IReadOnlyList<SecurityLabel> SecurityLabels { get; init; } = [];

    /// <summary>Memory encryption.</summary>
    public LaunchSecurity? LaunchSecurity { get; init; }

    internal XElement ToXml() => new(
        "domain",
        Attribute("type", Type),
        Element("name", Name),
        Element("uuid", Uuid.ToString()),
        Element("title", Title),
        Element("description", Description),
        Metadata.Count == 0 ? null : new XElement("metadata", Metadata),
        KiB("memory", MemoryKiB),
        CurrentMemoryKiB is { } current ? KiB("currentMemory", current) : null,
        MemoryBacking?.ToXml(),
        MemoryTune?.ToXml(),
        new XElement("vcpu", Attribute("placement", "static"), Attribute("cpuset", CpuSet), Attribute("current", CurrentVirtualCpus), VirtualCpus),
        Element("iothreads", IoThreads),
        CpuTune?.ToXml(),
        NumaTune?.ToXml(),
        SystemInformation?.ToXml(),
        Os.ToXml(),
        Features?.ToXml(),
        Cpu?.ToXml(),
        Clock?.ToXml(),
        Element("on_poweroff", OnPoweroff),
        Element("on_reboot", OnReboot),
        Element("on_crash", OnCrash),
        Devices.ToXml(),
        SecurityLabels.Select(label => label.ToXml()),
        LaunchSecurity?.ToXml());

    internal static DomainDefinition Read(XElement domain)
    {
        var vcpu = domain.Element("vcpu");
        return new DomainDefinition
        {
            Type = domain.Text("type") ?? "",
            Name = domain.Child("name") ?? throw new FormatException("<domain> without <name>"),
            Uuid = Guid.TryParse(domain.Child("uuid"), out var uuid) ? uuid : throw new FormatException("<domain> without <uuid>"),
            Title = domain.Child("title"),
            Description = domain.Child("description"),
            Metadata = [.. domain.Element("metadata")?.Elements() ?? []],
            MemoryKiB = domain.Element("memory").KiB() ?? 0,
            CurrentMemoryKiB = domain.Element("currentMemory").KiB(),
            MemoryBacking = MemoryBacking.Read(domain.Element("memoryBacking")),
            MemoryTune = MemoryTune.Read(domain.Element("memtune")),
            VirtualCpus = domain.ChildNumber("vcpu") ?? 1,
            CurrentVirtualCpus = vcpu?.Number("current"),
            CpuSet = vcpu?.Text("cpuset"),
            IoThreads = domain.ChildNumber("iothreads"),
            CpuTune = CpuTune.Read(domain.Element("cputune")),
            NumaTune = NumaTune.Read(domain.Element("numatune")),
            SystemInformation = SystemInformation.Read(domain.Element("sysinfo")),
            Os = GuestOs.Read(domain.Element("os") ?? throw new FormatException("<domain> without <os>")),
            Features = GuestFeatures.Read(domain.Element("features")),
            Cpu = GuestCpu.Read(domain.Element("cpu")),
            Clock = GuestClock.Read(domain.Element("clock")),
            OnPoweroff = domain.Child("on_poweroff"),
            OnReboot = domain.Child("on_reboot"),
            OnCrash = domain.Child("on_crash"),
            Devices = GuestDevices.Read(domain.Element("devices") ?? new XElement("devices")),
            SecurityLabels = domain.List("seclabel", SecurityLabel.Read),
            LaunchSecurity = LaunchSecurity.Read(domain.Element("launchSecurity")),
        };
    }
}
