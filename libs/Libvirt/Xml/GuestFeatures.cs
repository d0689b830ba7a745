using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>Features of the machine (<c>&lt;features&gt;</c>).</summary>
public sealed record GuestFeatures
{
    /// <summary>ACPI: without it a guest does not see the power button.</summary>
    public bool Acpi { get; init; }

    /// <summary>APIC.</summary>
    public bool Apic { get; init; }

    /// <summary>Physical address extension.</summary>
    public bool Pae { get; init; }

    /// <summary>System management mode, which Secure Boot needs.</summary>
    public bool? Smm { get; init; }

    /// <summary>Performance counters.</summary>
    public bool? Pmu { get; init; }

    /// <summary>A device through which crash dumps are understood.</summary>
    public bool? VmCoreInfo { get; init; }

    /// <summary>Whether KVM hides itself from the guest.</summary>
    public bool? KvmHidden { get; init; }

    /// <summary>I/O APIC: <c>qemu</c>, <c>kvm</c>.</summary>
    public string? IoApicDriver { get; init; }

    /// <summary>Hyper-V enlightenments, in order.</summary>
    public IReadOnlyList<HyperVFeature> HyperV { get; init; } = [];

    internal XElement ToXml() => new(
        "features",
        Present("acpi", Acpi),
        Present("apic", Apic),
        Present("pae", Pae),
        HyperV.Count == 0 ? null : new XElement("hyperv", Attribute("mode", "custom"), HyperV.Select(feature => feature.ToXml())),
        KvmHidden is null ? null : new XElement("kvm", new XElement("hidden", OnOff("state", KvmHidden))),
        IfAny("pmu", OnOff("state", Pmu)),
        IfAny("smm", OnOff("state", Smm)),
        IfAny("ioapic", Attribute("driver", IoApicDriver)),
        IfAny("vmcoreinfo", OnOff("state", VmCoreInfo)));

    internal static GuestFeatures? Read(XElement? features) => features is null ? null : new GuestFeatures
    {
        Acpi = features.Element("acpi") is not null,
        Apic = features.Element("apic") is not null,
        Pae = features.Element("pae") is not null,
        Smm = State(features.Element("smm")),
        Pmu = State(features.Element("pmu")),
        VmCoreInfo = State(features.Element("vmcoreinfo")),
        KvmHidden = State(features.Element("kvm")?.Element("hidden")),
        IoApicDriver = features.Element("ioapic")?.Text("driver"),
        HyperV = [.. features.Element("hyperv")?.Elements().Select(HyperVFeature.Read) ?? []],
    };

    /// <summary>An element without <c>state</c> means on.</summary>
    private static bool? State(XElement? feature) => feature is null ? null : feature.Flag("state") ?? true;
}

/// <summary>A Hyper-V enlightenment.</summary>
/// <param name="Name">Element (<c>relaxed</c>, <c>vapic</c>, <c>spinlocks</c>, …).</param>
/// <param name="On">On or off.</param>
/// <param name="Retries">Of <c>spinlocks</c>.</param>
/// <param name="Value">Of <c>vendor_id</c>.</param>
public sealed record HyperVFeature(string Name, bool On = true, int? Retries = null, string? Value = null)
{
    internal XElement ToXml() => new(Name, OnOff("state", On), Attribute("retries", Retries), Attribute("value", Value));

    internal static HyperVFeature Read(XElement feature)
        => new(feature.Name.LocalName, feature.Flag("state") ?? true, feature.Number("retries"), feature.Text("value"));
}
