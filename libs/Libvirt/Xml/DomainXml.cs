using System.Text;
using System.Xml;

namespace Kilonova.Libvirt.Xml;

/// <summary>Domain definitions as libvirt's XML and back.</summary>
public static class DomainXml
{
    /// <summary>
    /// Writes a definition. The same definition gives the same text, in libvirt's order of elements, so texts can be compared and
    /// reviewed. Values are escaped.
    /// </summary>
    /// <exception cref="ArgumentException">A value holds characters that XML cannot carry.</exception>
    public static string Write(DomainDefinition domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        var text = new StringBuilder();
        var settings = new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true, NewLineChars = "\n", CheckCharacters = true };
        using (var writer = XmlWriter.Create(text, settings))
            domain.ToXml().Save(writer);
        return text.Append('\n').ToString();
    }

    /// <summary>
    /// Reads a definition from what <see cref="Write"/> or libvirt wrote. Of foreign XML only what the model has is kept: this is for
    /// looking, not for editing another's domain.
    /// </summary>
    /// <exception cref="FormatException">It is not domain XML.</exception>
    public static DomainDefinition Read(string xml) => DomainDefinition.Read(XmlReading.Root(xml, "domain"));
}
