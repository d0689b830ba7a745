using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A disk image: from a URL, or a snapshot of a server.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Image", "images")]
[Resource("user", "operator", ShortNames = ["img"], Selectable = [".spec.visibility"])]
[Column("Visibility", ".spec.visibility")]
[Column("Format", ".spec.diskFormat")]
[Column("Min-Disk-GiB", ".spec.minDiskGiB", Type = "integer")]
[Column("Min-Memory-MiB", ".spec.minMemoryMiB", Type = "integer")]
[Column("Source", ".spec.source.url", Wide = true)]
public sealed record Image : KubernetesObject<ImageSpec, ImageStatus>;

/// <summary>Where an image is and what it is.</summary>
[Rule("has(self.source) && (has(self.source.url) != has(self.source.server))", "source must have exactly one of url and server", FieldPath = ".source")]
public sealed record ImageSpec : WireObject
{
    /// <summary>Who may use it.</summary>
    public ImageVisibility Visibility { get; init; }

    /// <summary>Namespaces that may use an image of visibility <c>Shared</c>.</summary>
    [LabelName]
    [Items(1024, Unique = true)]
    [NotImplemented]
    public IReadOnlyList<string>? Members { get; init; }

    /// <summary>Where it comes from.</summary>
    [Immutable(Instead = "create another Image")]
    public ImageSource? Source { get; init; }

    /// <summary>Format of the file. What is found must be equal: the format is detected, never trusted.</summary>
    [Immutable(Instead = "create another Image")]
    public DiskFormat DiskFormat { get; init; }

    /// <summary>Checksum of the file, <c>sha256:…</c> or <c>sha512:…</c>; checked before the image is used.</summary>
    [Text(135, Pattern = "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$", Must = "sha256: with 64, or sha512: with 128 lower-case hexadecimal digits")]
    [Immutable(Instead = "create another Image")]
    public string? Checksum { get; init; }

    /// <summary>Smallest root disk, in GiB.</summary>
    [Range(0, 2147483647)]
    public long? MinDiskGiB { get; init; }

    /// <summary>Smallest memory, in MiB.</summary>
    [Range(0, 2147483647)]
    public long? MinMemoryMiB { get; init; }

    /// <summary>Image properties, as Nova has them, for instance <c>hw_firmware_type: uefi</c> or <c>os_type: windows</c>.</summary>
    [Text(255)]
    [Entries(128, 255, KeyPattern = "^[-a-zA-Z0-9_:. ]+$", KeysMust = "made of letters, digits, '-', '_', ':', '.' and spaces")]
    [NotImplemented]
    public IReadOnlyDictionary<string, string>? Properties { get; init; }
}

/// <summary>Who may use an image.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ImageVisibility>))]
public enum ImageVisibility
{
    /// <summary>Its namespace.</summary>
    Private,

    /// <summary>Everybody.</summary>
    Public,

    /// <summary>Its namespace and those in members.</summary>
    [NotImplemented]
    Shared,

    /// <summary>Everybody who names it; it is not listed for others.</summary>
    [NotImplemented]
    Community,
}

/// <summary>Source of an image: exactly one of its fields.</summary>
public sealed record ImageSource : WireObject
{
    /// <summary><c>http</c>, <c>https</c>, or <c>file</c>: a path on each host, below a directory that its agent allows.</summary>
    [Text(2048, Pattern = "^(https?://[^/?#\\s]+(/\\S*)?|file:///\\S+)$", Must = "an http, https or file URL, for instance https://images.example.org/debian.qcow2 or file:///srv/images/debian.qcow2")]
    [Rule("!self.contains('/../') && !self.endsWith('/..')", "url must not contain '..'")]
    public string? Url { get; init; }

    /// <summary>Name of a Server of this namespace whose root disk is copied: a snapshot.</summary>
    [ObjectName]
    [NotImplemented]
    public string? Server { get; init; }

    /// <summary>Whether the guest agent freezes file systems while the snapshot is taken.</summary>
    [NotImplemented]
    public bool? Quiesce { get; init; }
}

/// <summary>Format of a disk image.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiskFormat>))]
public enum DiskFormat
{
    /// <summary>QEMU's copy-on-write format.</summary>
    [JsonStringEnumMemberName("qcow2")]
    Qcow2,

    /// <summary>Plain bytes.</summary>
    [JsonStringEnumMemberName("raw")]
    Raw,

    /// <summary>A CD-ROM to boot from.</summary>
    [NotImplemented]
    [JsonStringEnumMemberName("iso")]
    Iso,

    /// <summary>VMware's format.</summary>
    [NotImplemented]
    [JsonStringEnumMemberName("vmdk")]
    Vmdk,

    /// <summary>VirtualBox's format.</summary>
    [NotImplemented]
    [JsonStringEnumMemberName("vdi")]
    Vdi,

    /// <summary>Hyper-V's newer format.</summary>
    [NotImplemented]
    [JsonStringEnumMemberName("vhdx")]
    Vhdx,
}

/// <summary>What is known of an image.</summary>
public sealed record ImageStatus : WireObject
{
    /// <summary>Generation that this speaks of.</summary>
    [NotImplemented]
    public long? ObservedGeneration { get; init; }

    /// <summary>Digest that was first seen; what is fetched later must have the same.</summary>
    [Text(135)]
    [NotImplemented]
    public string? Digest { get; init; }

    /// <summary>Size of the file, in bytes.</summary>
    [NotImplemented]
    public long? SizeBytes { get; init; }

    /// <summary>Size of the disk in it, in bytes.</summary>
    [NotImplemented]
    public long? VirtualSizeBytes { get; init; }

    /// <summary>Hosts that have it in their cache, at most 256.</summary>
    [Text(253)]
    [Items(256)]
    [NotImplemented]
    public IReadOnlyList<string>? Locations { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
