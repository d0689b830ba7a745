using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>SMBIOS (<c>&lt;sysinfo type='smbios'&gt;</c>); needs <see cref="GuestOs.SmbiosMode"/> <c>sysinfo</c>.</summary>
public sealed record SystemInformation
{
    /// <summary>Entries of the system block, in order (<c>manufacturer</c>, <c>product</c>, <c>serial</c>, <c>uuid</c>, …).</summary>
    public IReadOnlyList<SystemEntry> System { get; init; } = [];

    internal XElement ToXml() => new(
        "sysinfo",
        Attribute("type", "smbios"),
        new XElement("system", System.Select(entry => new XElement("entry", Attribute("name", entry.Name), entry.Value))));

    internal static SystemInformation? Read(XElement? information) => information is null ? null : new SystemInformation
    {
        System = information.Element("system").List("entry", entry => new SystemEntry(entry.Text("name") ?? "", entry.Value)),
    };
}

/// <summary>An SMBIOS entry.</summary>
/// <param name="Name">Name.</param>
/// <param name="Value">Text.</param>
public sealed record SystemEntry(string Name, string Value);
