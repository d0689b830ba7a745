using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A size of server. Immutable but for description, access and extra specs.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Flavor", "flavors", Scope.Cluster)]
[Resource("admin", ShortNames = ["flv"])]
[Column("vCPUs", ".spec.vcpus", Type = "integer")]
[Column("Memory-MiB", ".spec.memoryMiB", Type = "integer")]
[Column("Root-GiB", ".spec.rootGiB", Type = "integer")]
[Column("Description", ".spec.description", Wide = true)]
public sealed record Flavor : KubernetesObject<FlavorSpec>;

/// <summary>What servers of a flavor get.</summary>
public sealed record FlavorSpec : WireObject
{
    /// <summary>Virtual CPUs.</summary>
    [Range(1, 4096)]
    [Immutable(Instead = "create another Flavor")]
    public int Vcpus { get; init; }

    /// <summary>Memory, in MiB.</summary>
    [Range(1, 2147483647)]
    [Immutable(Instead = "create another Flavor")]
    public long MemoryMiB { get; init; }

    /// <summary>Root disk, in GiB; 0 means the image's own size.</summary>
    [Range(0, 2147483647)]
    [Immutable(Instead = "create another Flavor")]
    public long RootGiB { get; init; }

    /// <summary>Ephemeral disk, in GiB.</summary>
    [Range(0, 2147483647)]
    [NotImplemented]
    public long? EphemeralGiB { get; init; }

    /// <summary>Swap disk, in MiB.</summary>
    [Range(0, 2147483647)]
    [NotImplemented]
    public long? SwapMiB { get; init; }

    /// <summary>Description, for people.</summary>
    [Text(65535)]
    public string? Description { get; init; }

    /// <summary>Extra specs, as Nova has them.</summary>
    [Text(255)]
    [Entries(128, 255, KeyPattern = "^[-a-zA-Z0-9_:. ]+$", KeysMust = "letters, digits, '-', '_', ':', '.' and spaces")]
    [NotImplemented]
    public IReadOnlyDictionary<string, string>? ExtraSpecs { get; init; }
}

/// <summary>A disk image.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Image", "images")]
[Resource("user", "operator", ShortNames = ["img"], Selectable = [".spec.visibility"])]
[Column("Visibility", ".spec.visibility")]
[Column("Format", ".spec.diskFormat")]
[Column("Min-Disk-GiB", ".spec.minDiskGiB", Type = "integer")]
[Column("Source", ".spec.source.url", Wide = true)]
[Column("Digest", ".status.digest", Wide = true)]
public sealed record Image : KubernetesObject<ImageSpec, ImageStatus>;

/// <summary>Where an image is and what it is.</summary>
[Rule("has(self.source) && has(self.source.url)", "source.url is required", FieldPath = ".source")]
public sealed record ImageSpec : WireObject
{
    /// <summary>Who may use it.</summary>
    public ImageVisibility Visibility { get; init; }

    /// <summary>Where it is fetched from.</summary>
    [Immutable(Instead = "create another Image")]
    public ImageSource? Source { get; init; }

    /// <summary>Format of the file.</summary>
    [Immutable(Instead = "create another Image")]
    public DiskFormat DiskFormat { get; init; }

    /// <summary>Checksum of the file, <c>sha256:…</c> or <c>sha512:…</c>.</summary>
    [Text(135, Pattern = "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$", Must = "sha256: and 64, or sha512: and 128 lower-case hexadecimal digits")]
    [Immutable(Instead = "create another Image")]
    public string? Checksum { get; init; }

    /// <summary>Smallest root disk, in GiB.</summary>
    [Range(0, 2147483647)]
    public long? MinDiskGiB { get; init; }

    /// <summary>Smallest memory, in MiB.</summary>
    [Range(0, 2147483647)]
    public long? MinMemoryMiB { get; init; }

    /// <summary>Image properties, as Nova has them.</summary>
    [Text(255)]
    [Entries(128, 255)]
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
}

/// <summary>Source of an image.</summary>
public sealed record ImageSource : WireObject
{
    /// <summary><c>http</c>, <c>https</c> or <c>file</c> (a path on each host).</summary>
    [Text(2048, Pattern = "^(https?://[^/?#\\s]+(/\\S*)?|file:///\\S+)$", Must = "an http, https or file URL, for instance https://images.example.org/debian.qcow2 or file:///srv/images/debian.qcow2")]
    public string? Url { get; init; }
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
}

/// <summary>What is known of an image.</summary>
public sealed record ImageStatus : WireObject
{
    /// <summary>Generation that this speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Digest that was first seen; what is fetched later must have the same.</summary>
    [Text(135)]
    public string? Digest { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A public key.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "KeyPair", "keypairs")]
[Resource("user", ShortNames = ["kp"])]
[Column("Key", ".spec.publicKey", Wide = true)]
public sealed record KeyPair : KubernetesObject<KeyPairSpec>;

/// <summary>A public key.</summary>
public sealed record KeyPairSpec : WireObject
{
    /// <summary>Public key, in OpenSSH's one-line form.</summary>
    [Text(16384, Pattern = "^(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh[.]com) [A-Za-z0-9+/]+={0,2}( [^\\r\\n]*)?$", Must = "one OpenSSH public key on one line, for instance ssh-ed25519 AAAA… me@example")]
    [Immutable(Instead = "create another KeyPair")]
    public required string PublicKey { get; init; }
}

/// <summary>A network that guests can be attached to.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Network", "networks", Scope.Cluster)]
[Resource("admin", "operator")]
[Column("Type", ".spec.type")]
[Column("Bridge", ".spec.bridge")]
[Column("MTU", ".spec.mtu", Type = "integer")]
public sealed record Network : KubernetesObject<NetworkSpec, NetworkStatus>;

/// <summary>How a network is reached from a host.</summary>
[Rule("self.type != 'Bridge' || has(self.bridge)", "bridge is required for type Bridge", FieldPath = ".bridge")]
[Rule("self.type == 'Bridge' || !has(self.bridge)", "bridge goes only with type Bridge", FieldPath = ".bridge")]
public sealed record NetworkSpec : WireObject
{
    /// <summary>How guests are attached.</summary>
    [Immutable(Instead = "create another Network")]
    public NetworkType Type { get; init; }

    /// <summary>Bridge on every host, for type <c>Bridge</c>.</summary>
    [Text(15, Pattern = "^[A-Za-z0-9_][-A-Za-z0-9_.]*$", Must = "the name of a network device: at most 15 letters, digits, '-', '_' and '.'")]
    public string? Bridge { get; init; }

    /// <summary>MTU, in bytes.</summary>
    [Range(68, 65535)]
    public int? Mtu { get; init; }

    /// <summary>Name servers that guests are told.</summary>
    [IPAddress]
    [Items(8)]
    public IReadOnlyList<string>? DnsServers { get; init; }
}

/// <summary>How guests are attached to a network.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NetworkType>))]
public enum NetworkType
{
    /// <summary>QEMU's own user-mode network: outgoing only, no set-up on the host.</summary>
    User,

    /// <summary>A bridge on the host.</summary>
    Bridge,
}

/// <summary>What is known of a network.</summary>
public sealed record NetworkStatus : WireObject
{
    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A set of hosts with metadata, and perhaps an availability zone.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Aggregate", "aggregates", Scope.Cluster)]
[Resource("admin", "operator", ShortNames = ["agg"])]
[Column("Zone", ".spec.availabilityZone")]
[Column("Hosts", ".status.hosts")]
[Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")]
[Column("Reason", ".status.conditions[?(@.type==\"Ready\")].reason", Wide = true)]
[Column("Message", ".status.conditions[?(@.type==\"Ready\")].message", Wide = true)]
public sealed record Aggregate : KubernetesObject<AggregateSpec, AggregateStatus>;

/// <summary>Members and metadata of an aggregate.</summary>
public sealed record AggregateSpec : WireObject
{
    /// <summary>Names of Hypervisors.</summary>
    [Text(63, MinLength = 1, Pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    [Items(5000, Unique = true)]
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>Labels of Hypervisors that are members too; all must be equal.</summary>
    [Text(63)]
    [Entries(16, 316)]
    public IReadOnlyDictionary<string, string>? HostSelector { get; init; }

    /// <summary>Availability zone of the members. A host is in one zone at most.</summary>
    [ZoneName]
    public string? AvailabilityZone { get; init; }

    /// <summary>Metadata that filters and weighers read.</summary>
    [Text(255)]
    [Entries(128, 255)]
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>What became of an aggregate.</summary>
public sealed record AggregateStatus : WireObject
{
    /// <summary>Generation that this speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Members that exist.</summary>
    [Text(63)]
    [Items(5000)]
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>Conditions: <c>Ready</c>, with conflicts of zones and hosts that do not exist.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A set of hosts with its own API server; <c>local</c> is this one, <c>cell0</c> holds what no host could take.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Cell", "cells", Scope.Cluster)]
[Resource("admin (the operator creates local and cell0)", "operator")]
[Column("Disabled", ".spec.disabled", Type = "boolean")]
[Column("Hosts", ".status.hosts", Type = "integer")]
[Column("Servers", ".status.servers", Type = "integer")]
[Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")]
public sealed record Cell : KubernetesObject<CellSpec, CellStatus>;

/// <summary>What the admin says of a cell.</summary>
public sealed record CellSpec : WireObject
{
    /// <summary>No new guests in this cell.</summary>
    public bool? Disabled { get; init; }
}

/// <summary>What became of a cell.</summary>
public sealed record CellStatus : WireObject
{
    /// <summary>Hosts in it.</summary>
    public int? Hosts { get; init; }

    /// <summary>Servers in it.</summary>
    public int? Servers { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
