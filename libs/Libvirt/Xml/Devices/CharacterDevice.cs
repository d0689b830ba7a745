using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>A serial port, console or channel.</summary>
public sealed record CharacterDevice
{
    /// <summary>Where its other end is.</summary>
    public required CharacterSource Source { get; init; }

    /// <summary>A copy of what the guest writes, kept by virtlogd.</summary>
    public CharacterLog? Log { get; init; }

    /// <summary>Kind of device in the guest (<c>isa-serial</c>; for a console <c>serial</c> or <c>virtio</c>; for a channel <c>virtio</c>).</summary>
    public string? TargetType { get; init; }

    /// <summary>Port number.</summary>
    public int? TargetPort { get; init; }

    /// <summary>Name of a channel (<c>org.qemu.guest_agent.0</c>).</summary>
    public string? TargetName { get; init; }

    /// <summary>Whether the guest's end of the channel is open; only read, null for others.</summary>
    public string? TargetState { get; init; }

    internal XElement ToXml(string name) => new(
        name,
        Attribute("type", Source.Type),
        Source.ToXml(),
        Log is null ? null : new XElement("log", Attribute("file", Log.Path), OnOff("append", Log.Append)),
        IfAny("target", Attribute("type", TargetType), Attribute("port", TargetPort), Attribute("name", TargetName)));

    internal static CharacterDevice Read(XElement element)
    {
        var target = element.Element("target");
        return new CharacterDevice
        {
            Source = CharacterSource.Read(element),
            Log = element.Element("log") is { } log ? new CharacterLog(log.Text("file") ?? "", log.Flag("append")) : null,
            TargetType = target?.Text("type"),
            TargetPort = target?.Number("port"),
            TargetName = target?.Text("name"),
            TargetState = target?.Text("state"),
        };
    }
}

/// <summary>A log of what the guest writes.</summary>
/// <param name="Path">File.</param>
/// <param name="Append">Whether it goes on at the next start; null is libvirt's choice.</param>
public sealed record CharacterLog(string Path, bool? Append = null);

/// <summary>The host's end of a character device.</summary>
public abstract record CharacterSource
{
    internal abstract string Type { get; }

    internal virtual XElement? ToXml() => null;

    internal static CharacterSource Read(XElement element)
    {
        var source = element.Element("source");
        return element.Text("type") switch
        {
            "pty" => new PtyCharacter(source?.Text("path")),
            "file" => new FileCharacter(source?.Text("path") ?? "", source?.Flag("append")),
            "unix" => new UnixCharacter(source?.Text("path"), source?.Text("mode") ?? "bind"),
            "tcp" => new TcpCharacter(source?.Text("mode") ?? "connect", source?.Text("host") ?? "", source?.Text("service") ?? ""),
            var other => new OtherCharacter(other ?? ""),
        };
    }
}

/// <summary>A pseudo terminal.</summary>
/// <param name="Path">Its device, known while the domain runs; only read.</param>
public sealed record PtyCharacter(string? Path = null) : CharacterSource
{
    internal override string Type => "pty";
}

/// <summary>A file that QEMU writes.</summary>
/// <param name="Path">File.</param>
/// <param name="Append">Whether it goes on at the next start.</param>
public sealed record FileCharacter(string Path, bool? Append = null) : CharacterSource
{
    internal override string Type => "file";

    internal override XElement ToXml() => new("source", Attribute("path", Path), OnOff("append", Append));
}

/// <summary>A Unix socket.</summary>
/// <param name="Path">Socket; null lets libvirt choose.</param>
/// <param name="Mode"><c>bind</c>: QEMU listens; <c>connect</c>.</param>
public sealed record UnixCharacter(string? Path = null, string Mode = "bind") : CharacterSource
{
    internal override string Type => "unix";

    internal override XElement? ToXml() => Path is null && Mode == "bind"
        ? null
        : new XElement("source", Attribute("mode", Mode), Attribute("path", Path));
}

/// <summary>A TCP socket.</summary>
/// <param name="Mode"><c>bind</c>: QEMU listens; <c>connect</c>.</param>
/// <param name="Host">Address.</param>
/// <param name="Service">Port.</param>
public sealed record TcpCharacter(string Mode, string Host, string Service) : CharacterSource
{
    internal override string Type => "tcp";

    internal override XElement ToXml() => new(
        "source", Attribute("mode", Mode), Attribute("host", Host), Attribute("service", Service));
}

/// <summary>A kind without a source of its own (<c>spicevmc</c>, <c>null</c>), or one that the model does not have.</summary>
/// <param name="Kind">libvirt's word for it.</param>
public sealed record OtherCharacter(string Kind) : CharacterSource
{
    internal override string Type => Kind;
}
