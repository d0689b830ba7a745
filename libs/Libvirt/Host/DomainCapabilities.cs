using System.Xml.Linq;
using Kilonova.Libvirt.Xml;

namespace Kilonova.Libvirt.Host;

/// <summary>What a guest of one machine type and hypervisor may have (<c>&lt;domainCapabilities&gt;</c>).</summary>
public sealed record DomainCapabilities
{
    /// <summary>Program that runs it.</summary>
    public required string Emulator { get; init; }

    /// <summary>Hypervisor (<c>kvm</c>, <c>qemu</c>).</summary>
    public required string VirtType { get; init; }

    /// <summary>Machine type with its version (<c>pc-q35-7.2</c>).</summary>
    public required string Machine { get; init; }

    /// <summary>Architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary>Most virtual CPUs; null if not reported.</summary>
    public int? MaxVirtualCpus { get; init; }

    /// <summary>Whether I/O threads can be had.</summary>
    public bool IoThreads { get; init; }

    /// <summary>Firmware that <c>&lt;os firmware=…&gt;</c> can pick by itself (<c>bios</c>, <c>efi</c>); empty without descriptors.</summary>
    public required IReadOnlyList<string> Firmwares { get; init; }

    /// <summary>Firmware files and how they can be loaded.</summary>
    public required LoaderCapabilities Loader { get; init; }

    /// <summary>CPU modes.</summary>
    public required CpuCapabilities Cpu { get; init; }

    /// <summary>Memory backing; its enumeration <c>sourceType</c> lists <c>memfd</c>, ….</summary>
    public required CapabilityGroup MemoryBacking { get; init; }

    /// <summary>Devices by element name (<c>disk</c>, <c>tpm</c>, …) with their enumerations (<c>bus</c>, <c>model</c>, …).</summary>
    public required IReadOnlyDictionary<string, CapabilityGroup> Devices { get; init; }

    /// <summary>Features by element name (<c>vmcoreinfo</c>, <c>sev</c>, <c>hyperv</c>, …).</summary>
    public required IReadOnlyDictionary<string, CapabilityGroup> Features { get; init; }

    /// <summary>AMD SEV; null if not supported.</summary>
    public SevCapabilities? Sev { get; init; }

    /// <summary>Whether a device may have a value, such as (<c>tpm</c>, <c>model</c>, <c>tpm-crb</c>).</summary>
    public bool DeviceHas(string device, string enumeration, string value)
        => Devices.TryGetValue(device, out var group) && group.Has(enumeration, value);

    /// <summary>Whether a feature is supported.</summary>
    public bool HasFeature(string feature) => Features.TryGetValue(feature, out var group) && group.Supported;

    /// <summary>Reads libvirt's document.</summary>
    /// <exception cref="FormatException">It is not one of domain capabilities.</exception>
    public static DomainCapabilities Parse(string xml)
    {
        var root = XmlReading.Root(xml, "domainCapabilities");
        var os = CapabilityGroup.Read(root.Element("os"));
        return new DomainCapabilities
        {
            Emulator = root.Child("path") ?? "",
            VirtType = root.Child("domain") ?? "",
            Machine = root.Child("machine") ?? "",
            Architecture = root.Child("arch") ?? "",
            MaxVirtualCpus = root.Element("vcpu")?.Number("max"),
            IoThreads = root.Element("iothreads")?.Flag("supported") ?? false,
            Firmwares = os.Values("firmware"),
            Loader = LoaderCapabilities.Read(root.Element("os")?.Element("loader")),
            Cpu = CpuCapabilities.Read(root.Element("cpu")),
            MemoryBacking = CapabilityGroup.Read(root.Element("memoryBacking")),
            Devices = CapabilityGroup.ReadAll(root.Element("devices")),
            Features = CapabilityGroup.ReadAll(root.Element("features")),
            Sev = SevCapabilities.Read(root.Element("features")?.Element("sev")),
        };
    }
}

/// <summary>Something that may be supported, with the values that its attributes may take.</summary>
/// <param name="Supported">Whether it can be had at all.</param>
/// <param name="Enumerations">Values by attribute.</param>
public sealed record CapabilityGroup(bool Supported, IReadOnlyDictionary<string, IReadOnlyList<string>> Enumerations)
{
    /// <summary>Values of an attribute; empty if libvirt lists none.</summary>
    public IReadOnlyList<string> Values(string enumeration) => Enumerations.TryGetValue(enumeration, out var values) ? values : [];

    /// <summary>Whether it is supported with that value.</summary>
    public bool Has(string enumeration, string value) => Supported && Values(enumeration).Contains(value);

    internal static CapabilityGroup Read(XElement? element) => new(
        element?.Flag("supported") ?? false,
        element.List("enum", e => (Name: e.Text("name") ?? "", Values: e.List("value", value => value.Value.Trim())))
            .ToDictionary(e => e.Name, e => e.Values, StringComparer.Ordinal));

    internal static Dictionary<string, CapabilityGroup> ReadAll(XElement? parent)
        => (parent?.Elements() ?? []).ToDictionary(e => e.Name.LocalName, Read, StringComparer.Ordinal);
}

/// <summary>How firmware can be loaded.</summary>
/// <param name="Supported">Whether at all.</param>
/// <param name="Files">Firmware files that libvirt found.</param>
/// <param name="Types">Ways (<c>rom</c>, <c>pflash</c>).</param>
/// <param name="Secure">Whether Secure Boot can be enforced.</param>
public sealed record LoaderCapabilities(bool Supported, IReadOnlyList<string> Files, IReadOnlyList<string> Types, bool Secure)
{
    internal static LoaderCapabilities Read(XElement? loader)
    {
        var group = CapabilityGroup.Read(loader);
        return new LoaderCapabilities(
            group.Supported, loader.List("value", value => value.Value.Trim()), group.Values("type"), group.Has("secure", "yes"));
    }
}

/// <summary>CPU modes of a guest.</summary>
/// <param name="HostPassthrough">Whether <c>host-passthrough</c> can be had (KVM only).</param>
/// <param name="Maximum">Whether <c>maximum</c> can be had.</param>
/// <param name="HostModel">What <c>host-model</c> becomes; null if it cannot be had.</param>
/// <param name="Models">Named models, and whether this host can run them.</param>
public sealed record CpuCapabilities(bool HostPassthrough, bool Maximum, HostModelCpu? HostModel, IReadOnlyList<CustomCpuModel> Models)
{
    internal static CpuCapabilities Read(XElement? cpu)
    {
        var modes = (cpu?.Elements("mode") ?? []).Where(mode => mode.Flag("supported") == true)
            .ToDictionary(mode => mode.Text("name") ?? "", StringComparer.Ordinal);
        return new CpuCapabilities(
            modes.ContainsKey("host-passthrough"), modes.ContainsKey("maximum"),
            modes.TryGetValue("host-model", out var host) ? HostModelCpu.Read(host) : null,
            modes.TryGetValue("custom", out var custom) ? custom.List("model", CustomCpuModel.Read) : []);
    }
}

/// <summary>What <c>host-model</c> expands to here.</summary>
/// <param name="Model">Named model.</param>
/// <param name="Vendor">Vendor.</param>
/// <param name="Required">Features added to the model.</param>
/// <param name="Disabled">Features taken from the model.</param>
public sealed record HostModelCpu(string Model, string? Vendor, IReadOnlyList<string> Required, IReadOnlyList<string> Disabled)
{
    internal static HostModelCpu Read(XElement mode) => new(
        mode.Child("model") ?? "", mode.Child("vendor"), Features(mode, "require"), Features(mode, "disable"));

    private static string[] Features(XElement mode, string policy)
        => [.. mode.Elements("feature").Where(f => f.Text("policy") == policy).Select(f => f.Text("name") ?? "")];
}

/// <summary>A named CPU model.</summary>
/// <param name="Name">Name.</param>
/// <param name="Usable">Whether this host can run it; null if unknown.</param>
/// <param name="Vendor">Vendor.</param>
public sealed record CustomCpuModel(string Name, bool? Usable, string? Vendor)
{
    internal static CustomCpuModel Read(XElement model) => new(
        model.Value.Trim(), model.Text("usable") is { } usable and not "unknown" ? usable == "yes" : null, model.Text("vendor"));
}

/// <summary>AMD SEV.</summary>
/// <param name="CBitPosition">Position of the encryption bit in a page table entry.</param>
/// <param name="ReducedPhysicalBits">Address bits lost to encryption.</param>
/// <param name="MaxGuests">Most SEV guests; null if not reported.</param>
/// <param name="MaxEncryptedStateGuests">Most SEV-ES guests; null if not reported.</param>
public sealed record SevCapabilities(int CBitPosition, int ReducedPhysicalBits, int? MaxGuests, int? MaxEncryptedStateGuests)
{
    internal static SevCapabilities? Read(XElement? sev) => sev?.Flag("supported") != true ? null : new SevCapabilities(
        sev.ChildNumber("cbitpos") ?? 0, sev.ChildNumber("reducedPhysBits") ?? 0,
        sev.ChildNumber("maxGuests"), sev.ChildNumber("maxESGuests"));
}
