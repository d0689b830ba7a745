using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>Machine, firmware and boot (<c>&lt;os&gt;</c>).</summary>
public sealed record GuestOs
{
    /// <summary><c>hvm</c>.</summary>
    public string Type { get; init; } = "hvm";

    /// <summary>Architecture (<c>x86_64</c>).</summary>
    public string? Architecture { get; init; }

    /// <summary>Machine type (<c>q35</c>, <c>pc-q35-7.2</c>).</summary>
    public string? Machine { get; init; }

    /// <summary>Let libvirt pick the firmware: <c>bios</c>, <c>efi</c>.</summary>
    public string? Firmware { get; init; }

    /// <summary>Firmware features that the pick must have (<c>secure-boot</c>, <c>enrolled-keys</c>) or not.</summary>
    public IReadOnlyList<FirmwareFeature> FirmwareFeatures { get; init; } = [];

    /// <summary>Firmware file.</summary>
    public FirmwareLoader? Loader { get; init; }

    /// <summary>UEFI variables.</summary>
    public FirmwareVariables? Nvram { get; init; }

    /// <summary>Kernel that is booted directly.</summary>
    public string? Kernel { get; init; }

    /// <summary>Its initial file system.</summary>
    public string? Initrd { get; init; }

    /// <summary>Its command line.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Boot order by kind of device (<c>hd</c>, <c>cdrom</c>, <c>network</c>); not together with orders on devices.</summary>
    public IReadOnlyList<string> BootDevices { get; init; } = [];

    /// <summary>Whether the boot menu is shown.</summary>
    public bool? BootMenu { get; init; }

    /// <summary>Where SMBIOS comes from: <c>sysinfo</c>, <c>emulate</c>, <c>host</c>.</summary>
    public string? SmbiosMode { get; init; }

    internal XElement ToXml() => new(
        "os",
        Attribute("firmware", Firmware),
        new XElement("type", Attribute("arch", Architecture), Attribute("machine", Machine), Type),
        FirmwareFeatures.Count == 0 ? null : new XElement(
            "firmware",
            FirmwareFeatures.Select(f => new XElement("feature", YesNo("enabled", f.Enabled), Attribute("name", f.Name)))),
        Loader?.ToXml(),
        Nvram?.ToXml(),
        Element("kernel", Kernel),
        Element("initrd", Initrd),
        Element("cmdline", CommandLine),
        BootDevices.Select(device => new XElement("boot", Attribute("dev", device))),
        IfAny("bootmenu", YesNo("enable", BootMenu)),
        IfAny("smbios", Attribute("mode", SmbiosMode)));

    internal static GuestOs Read(XElement os) => new()
    {
        Type = os.Child("type") ?? "hvm",
        Architecture = os.Element("type")?.Text("arch"),
        Machine = os.Element("type")?.Text("machine"),
        Firmware = os.Text("firmware"),
        FirmwareFeatures = os.Element("firmware").List("feature", f => new FirmwareFeature(f.Text("name") ?? "", f.Flag("enabled") ?? false)),
        Loader = FirmwareLoader.Read(os.Element("loader")),
        Nvram = FirmwareVariables.Read(os.Element("nvram")),
        Kernel = os.Child("kernel"),
        Initrd = os.Child("initrd"),
        CommandLine = os.Child("cmdline"),
        BootDevices = os.List("boot", boot => boot.Text("dev") ?? ""),
        BootMenu = os.Element("bootmenu")?.Flag("enable"),
        SmbiosMode = os.Element("smbios")?.Text("mode"),
    };
}

/// <summary>A feature of the firmware to pick.</summary>
/// <param name="Name">Name.</param>
/// <param name="Enabled">Wanted or refused.</param>
public sealed record FirmwareFeature(string Name, bool Enabled);

/// <summary>A firmware file.</summary>
/// <param name="Path">File; null with <see cref="GuestOs.Firmware"/>, which finds it.</param>
/// <param name="Type"><c>pflash</c> or <c>rom</c>.</param>
/// <param name="ReadOnly">Whether the guest cannot write it.</param>
/// <param name="Secure">Whether Secure Boot is enforced.</param>
public sealed record FirmwareLoader(string? Path, string? Type = null, bool? ReadOnly = null, bool? Secure = null)
{
    internal XElement ToXml() => new("loader", YesNo("readonly", ReadOnly), YesNo("secure", Secure), Attribute("type", Type), Path);

    internal static FirmwareLoader? Read(XElement? loader) => loader is null ? null : new FirmwareLoader(
        loader.Value.Trim() is { Length: > 0 } path ? path : null, loader.Text("type"), loader.Flag("readonly"), loader.Flag("secure"));
}

/// <summary>UEFI variables.</summary>
/// <param name="Path">File of the guest; null lets libvirt choose.</param>
/// <param name="Template">File that it is copied from.</param>
public sealed record FirmwareVariables(string? Path, string? Template = null)
{
    internal XElement ToXml() => new("nvram", Attribute("template", Template), Path);

    internal static FirmwareVariables? Read(XElement? nvram) => nvram is null ? null : new FirmwareVariables(
        nvram.Value.Trim() is { Length: > 0 } path ? path : null, nvram.Text("template"));
}
