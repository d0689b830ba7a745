using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>A security label (<c>&lt;seclabel&gt;</c>).</summary>
/// <param name="Type"><c>none</c>, <c>dynamic</c>, <c>static</c>.</param>
/// <param name="Model">Driver (<c>dac</c>, <c>apparmor</c>, <c>selinux</c>); null is the host's first.</param>
/// <param name="Relabel">Whether files are relabelled.</param>
/// <param name="Label">The label, with <c>static</c>.</param>
public sealed record SecurityLabel(string Type, string? Model = null, bool? Relabel = null, string? Label = null)
{
    internal XElement ToXml() => new(
        "seclabel", Attribute("type", Type), Attribute("model", Model), YesNo("relabel", Relabel), Element("label", Label));

    internal static SecurityLabel Read(XElement label)
        => new(label.Text("type") ?? "dynamic", label.Text("model"), label.Flag("relabel"), label.Child("label"));
}

/// <summary>Memory encryption (<c>&lt;launchSecurity&gt;</c>), AMD SEV.</summary>
/// <param name="Policy">SEV policy bits.</param>
/// <param name="CBitPosition">From the domain capabilities.</param>
/// <param name="ReducedPhysicalBits">From the domain capabilities.</param>
public sealed record LaunchSecurity(int Policy, int? CBitPosition = null, int? ReducedPhysicalBits = null)
{
    internal XElement ToXml() => new(
        "launchSecurity", Attribute("type", "sev"), Element("cbitpos", CBitPosition), Element("reducedPhysBits", ReducedPhysicalBits),
        Element("policy", Hex(Policy, 4)));

    internal static LaunchSecurity? Read(XElement? security) => security?.Text("type") != "sev" ? null : new LaunchSecurity(
        Devices.PciAddress.Number(security.Child("policy")), security.ChildNumber("cbitpos"), security.ChildNumber("reducedPhysBits"));
}
