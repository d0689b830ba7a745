using System.Globalization;
using System.Xml.Linq;
using Kilonova.Crds;

namespace Kilonova.NodeAgent.Domains;

/// <summary>
/// Our element in a domain's metadata: whose it is and under which placement it was started. A copy of the agent's record, for people and for adoption.
/// </summary>
internal sealed record DomainMetadata(string InstanceID, long Epoch, string ClaimID, string Server)
{
    /// <summary>Namespace of the element.</summary>
    public const string Uri = "https://kilonova.dev/xmlns/domain/1";

    /// <summary>Prefix that libvirt writes for it.</summary>
    public const string Prefix = "kilonova";

    private static readonly XNamespace Namespace = Uri;

    /// <summary>What a domain of this Instance carries.</summary>
    public static DomainMetadata Of(Instance instance) =>
        new(instance.Metadata.Name!, instance.Spec.Epoch, instance.Spec.ClaimID, $"{instance.Spec.Server.Namespace}/{instance.Spec.Server.Name}");

    /// <summary>The element.</summary>
    public XElement ToXml() => new(
        Namespace + "instance",
        new XAttribute(XNamespace.Xmlns + Prefix, Uri),
        new XAttribute("id", InstanceID),
        new XAttribute("epoch", Epoch),
        new XAttribute("claim", ClaimID),
        new XAttribute("server", Server));

    /// <summary>Reads the element, as libvirt gives it back; null when it is not one of ours.</summary>
    public static DomainMetadata? Read(string? xml)
    {
        if (xml is null)
            return null;
        XElement element;
        try
        {
            element = XElement.Parse(xml);
        }
        catch (System.Xml.XmlException)
        {
            return null; // libvirt gives well-formed XML; what is not was not written by us.
        }

        return element.Name.LocalName == "instance"
            && element.Attribute("id")?.Value is { } id
            && long.TryParse(element.Attribute("epoch")?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            && element.Attribute("claim")?.Value is { } claim
            ? new DomainMetadata(id, epoch, claim, element.Attribute("server")?.Value ?? "")
            : null;
    }
}
