using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;

namespace Kilonova.Crds;

/// <summary>A size of server. Immutable but for description, access and extra specs.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Flavor", "flavors", Scope.Cluster)]
public sealed record Flavor : KubernetesObject<FlavorSpec>;

/// <summary>What servers of a flavor get.</summary>
public sealed record FlavorSpec : WireObject
{
    /// <summary>Virtual CPUs.</summary>
    public int Vcpus { get; init; }

    /// <summary>Memory, in MiB.</summary>
    public long MemoryMiB { get; init; }

    /// <summary>Root disk, in GiB; 0 means the image's own size.</summary>
    public long RootGiB { get; init; }

    /// <summary>Ephemeral disk, in GiB.</summary>
    public long? EphemeralGiB { get; init; }

    /// <summary>Swap disk, in MiB.</summary>
    public long? SwapMiB { get; init; }

    /// <summary>Description, for people.</summary>
    public string? Description { get; init; }

    /// <summary>Extra specs, as Nova has them.</summary>
    public IReadOnlyDictionary<string, string>? ExtraSpecs { get; init; }
}

/// <summary>A disk image.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Image", "images")]
public sealed record Image : KubernetesObject<ImageSpec, ImageStatus>;

/// <summary>Where an image is and what it is.</summary>
public sealed record ImageSpec : WireObject
{
    /// <summary>Who may use it.</summary>
    public ImageVisibility Visibility { get; init; }

    /// <summary>Where it is fetched from.</summary>
    public ImageSource? Source { get; init; }

    /// <summary>Format of the file.</summary>
    public DiskFormat DiskFormat { get; init; }

    /// <summary>Checksum of the file, <c>sha256:…</c> or <c>sha512:…</c>.</summary>
    public string? Checksum { get; init; }

    /// <summary>Smallest root disk, in GiB.</summary>
    public long? MinDiskGiB { get; init; }

    /// <summary>Smallest memory, in MiB.</summary>
    public long? MinMemoryMiB { get; init; }

    /// <summary>Image properties, as Nova has them.</summary>
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
    public string? Digest { get; init; }

    /// <summary>Conditions.</summary>
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A public key.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "KeyPair", "keypairs")]
public sealed record KeyPair : KubernetesObject<KeyPairSpec>;

/// <summary>A public key.</summary>
public sealed record KeyPairSpec : WireObject
{
    /// <summary>Public key, in OpenSSH's one-line form.</summary>
    public required string PublicKey { get; init; }
}

/// <summary>A network that guests can be attached to.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Network", "networks", Scope.Cluster)]
public sealed record Network : KubernetesObject<NetworkSpec, NetworkStatus>;

/// <summary>How a network is reached from a host.</summary>
public sealed record NetworkSpec : WireObject
{
    /// <summary>How guests are attached.</summary>
    public NetworkType Type { get; init; }

    /// <summary>Bridge on every host, for type <c>Bridge</c>.</summary>
    public string? Bridge { get; init; }

    /// <summary>MTU, in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>Name servers that guests are told.</summary>
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
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A set of hosts with metadata, and perhaps an availability zone.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Aggregate", "aggregates", Scope.Cluster)]
public sealed record Aggregate : KubernetesObject<AggregateSpec, AggregateStatus>;

/// <summary>Members and metadata of an aggregate.</summary>
public sealed record AggregateSpec : WireObject
{
    /// <summary>Names of Hypervisors.</summary>
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>Labels of Hypervisors that are members too; all must be equal.</summary>
    public IReadOnlyDictionary<string, string>? HostSelector { get; init; }

    /// <summary>Availability zone of the members. A host is in one zone at most.</summary>
    public string? AvailabilityZone { get; init; }

    /// <summary>Metadata that filters and weighers read.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>What became of an aggregate.</summary>
public sealed record AggregateStatus : WireObject
{
    /// <summary>Generation that this speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Members that exist.</summary>
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>Conditions: <c>Ready</c>, with conflicts of zones and hosts that do not exist.</summary>
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A set of hosts with its own API server; <c>local</c> is this one, <c>cell0</c> holds what no host could take.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Cell", "cells", Scope.Cluster)]
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
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
