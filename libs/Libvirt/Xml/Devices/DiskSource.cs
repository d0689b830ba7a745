using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>What a disk holds.</summary>
public abstract record DiskSource
{
    internal abstract string Type { get; }

    internal abstract XElement ToXml();

    internal static DiskSource? Read(XElement disk)
    {
        if (disk.Element("source") is not { } source)
            return null;
        return disk.Text("type") switch
        {
            "file" => source.Text("file") is { } file ? new FileDisk(file) : null,
            "block" => new BlockDisk(source.Text("dev") ?? ""),
            "network" => NetworkDisk.Read(disk, source),
            var other => new OtherDisk(other ?? ""),
        };
    }
}

/// <summary>A file.</summary>
/// <param name="Path">Absolute path.</param>
public sealed record FileDisk(string Path) : DiskSource
{
    internal override string Type => "file";

    internal override XElement ToXml() => new("source", Attribute("file", Path));
}

/// <summary>A block device.</summary>
/// <param name="Path">Absolute path.</param>
public sealed record BlockDisk(string Path) : DiskSource
{
    internal override string Type => "block";

    internal override XElement ToXml() => new("source", Attribute("dev", Path));
}

/// <summary>Storage that QEMU reaches over the network.</summary>
/// <param name="Protocol"><c>rbd</c>, <c>nbd</c>, <c>iscsi</c>, ….</param>
/// <param name="Name">Image, export or target.</param>
/// <param name="Hosts">Servers.</param>
/// <param name="Auth">Who is asking; null is nobody.</param>
public sealed record NetworkDisk(string Protocol, string Name, IReadOnlyList<NetworkDiskHost> Hosts, NetworkDiskAuth? Auth = null)
    : DiskSource
{
    internal override string Type => "network";

    internal override XElement ToXml() => new(
        "source", Attribute("protocol", Protocol), Attribute("name", Name),
        Hosts.Select(host => new XElement("host", Attribute("name", host.Name), Attribute("port", host.Port))));

    internal XElement? AuthToXml() => Auth is null ? null : new XElement(
        "auth", Attribute("username", Auth.User),
        new XElement("secret", Attribute("type", Auth.SecretType), Attribute("uuid", Auth.Secret.ToString())));

    internal static NetworkDisk Read(XElement disk, XElement source) => new(
        source.Text("protocol") ?? "", source.Text("name") ?? "",
        source.List("host", host => new NetworkDiskHost(host.Text("name") ?? "", host.Number("port"))),
        (disk.Element("auth") ?? source.Element("auth")) is { } auth && auth.Element("secret") is { } secret
            && Guid.TryParse(secret.Text("uuid"), out var uuid)
            ? new NetworkDiskAuth(auth.Text("username") ?? "", secret.Text("type") ?? "", uuid)
            : null);
}

/// <summary>A kind that the model does not have; only read.</summary>
/// <param name="Kind">libvirt's word for it.</param>
public sealed record OtherDisk(string Kind) : DiskSource
{
    internal override string Type => Kind;

    internal override XElement ToXml() => throw new NotSupportedException($"a disk of type '{Kind}' was read, but cannot be written");
}

/// <summary>A storage server.</summary>
/// <param name="Name">Name or address.</param>
/// <param name="Port">Port; null is the protocol's.</param>
public sealed record NetworkDiskHost(string Name, int? Port = null);

/// <summary>Credentials, kept in libvirt's secrets.</summary>
/// <param name="User">User.</param>
/// <param name="SecretType"><c>ceph</c>, <c>iscsi</c>.</param>
/// <param name="Secret">UUID of the secret.</param>
public sealed record NetworkDiskAuth(string User, string SecretType, Guid Secret);
