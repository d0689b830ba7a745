using System.Globalization;
using System.Xml.Linq;

namespace Kilonova.Libvirt.Xml;

/// <summary>How libvirt writes values into XML, for writing. What is null is not written.</summary>
internal static class Markup
{
    internal static XAttribute? Attribute(string name, string? value) => value is null ? null : new XAttribute(name, value);

    internal static XAttribute? Attribute(string name, long? value) => Attribute(name, value?.ToString(CultureInfo.InvariantCulture));

    internal static XAttribute? YesNo(string name, bool? value) => Attribute(name, value switch { null => null, true => "yes", false => "no" });

    internal static XAttribute? OnOff(string name, bool? value) => Attribute(name, value switch { null => null, true => "on", false => "off" });

    internal static XElement? Element(string name, string? value) => value is null ? null : new XElement(name, value);

    internal static XElement? Element(string name, long? value) => Element(name, value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>An element that says something by being there.</summary>
    internal static XElement? Present(string name, bool present) => present ? new XElement(name) : null;

    /// <summary>An element with attributes; nothing if all of them are absent.</summary>
    internal static XElement? IfAny(string name, params XObject?[] content)
        => content.Any(part => part is not null) ? new XElement(name, content) : null;

    internal static XElement KiB(string name, long amount)
        => new(name, Attribute("unit", "KiB"), amount.ToString(CultureInfo.InvariantCulture));

    internal static string Hex(int value, int digits) => "0x" + value.ToString("x" + digits, CultureInfo.InvariantCulture);
}
