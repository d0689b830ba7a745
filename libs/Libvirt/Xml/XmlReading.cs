using System.Globalization;
using System.Xml.Linq;

namespace Kilonova.Libvirt.Xml;

/// <summary>How libvirt writes values into XML, for reading.</summary>
internal static class XmlReading
{
    /// <summary>Parses a document that libvirt or we wrote.</summary>
    /// <exception cref="FormatException">It is not XML, or its root is another.</exception>
    internal static XElement Root(string xml, string name)
    {
        try
        {
            var root = XElement.Parse(xml);
            return root.Name.LocalName == name
                ? root
                : throw new FormatException($"expected <{name}>, found <{root.Name.LocalName}>");
        }
        catch (System.Xml.XmlException error)
        {
            throw new FormatException($"not XML: {error.Message}", error);
        }
    }

    internal static string? Text(this XElement element, string attribute) => (string?)element.Attribute(attribute);

    internal static string? Child(this XElement element, string name) => element.Element(name)?.Value.Trim();

    internal static int? Number(this XElement element, string attribute) => Int(element.Text(attribute), element);

    internal static long? LongNumber(this XElement element, string attribute) => Long(element.Text(attribute), element);

    internal static int? ChildNumber(this XElement element, string name) => Int(element.Child(name), element);

    internal static long? ChildLong(this XElement element, string name) => Long(element.Child(name), element);

    /// <summary><c>yes</c> and <c>on</c> are true; anything else that is there is false.</summary>
    internal static bool? Flag(this XElement element, string attribute)
        => element.Text(attribute) is { } text ? text is "yes" or "on" : null;

    internal static IReadOnlyList<T> List<T>(this XElement? element, string name, Func<XElement, T> read)
        => element is null ? [] : [.. element.Elements(name).Select(read)];

    /// <summary>An amount with libvirt's <c>unit</c> attribute, in KiB. Without one it is KiB.</summary>
    internal static long? KiB(this XElement? element)
    {
        if (element is null || Long(element.Value.Trim(), element) is not { } amount)
            return null;
        return element.Text("unit") switch
        {
            null or "KiB" or "k" or "K" => amount,
            "b" or "bytes" => amount / 1024,
            "KB" => amount * 1000 / 1024,
            "MiB" or "m" or "M" => amount * 1024,
            "MB" => amount * 1_000_000 / 1024,
            "GiB" or "g" or "G" => amount * 1024 * 1024,
            "GB" => amount * 1_000_000_000 / 1024,
            "TiB" or "t" or "T" => amount * 1024 * 1024 * 1024,
            var unit => throw new FormatException($"unknown unit '{unit}' of <{element.Name.LocalName}>"),
        };
    }

    private static int? Int(string? text, XElement element) => Long(text, element) is { } value ? checked((int)value) : null;

    private static long? Long(string? text, XElement element)
    {
        if (text is null)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException($"'{text}' in <{element.Name.LocalName}> is not a number");
    }
}
