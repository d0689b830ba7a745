using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>
/// The complete work order for one guest on one host: everything resolved, so that the agent reads nothing else. Lives in the host's
/// namespace; its name is the instance ID. Specification by the operator, status by that host's agent.
/// </summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Instance", "instances")]
[Resource("operator", "agent of the host", ShortNames = ["inst"], Selectable = [".spec.server.namespace", ".spec.server.name", ".spec.server.uid", ".spec.wanted", ".status.powerState"])]
[Rule("self.metadata.name.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')", "metadata.name must be the instance ID, a UUID in lower-case")]
[Column("Server", ".spec.server.name")]
[Column("Project", ".spec.server.namespace")]
[Column("Wanted", ".spec.powerState")]
[Column("Power", ".status.powerState")]
[Column("Step", ".status.step")]
[Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")]
[Column("Presence", ".spec.wanted", Wide = true)]
[Column("Epoch", ".spec.epoch", Type = "integer", Wide = true)]
[Column("Reason", ".status.conditions[?(@.type==\"Ready\")].reason", Wide = true)]
[Column("Message", ".status.conditions[?(@.type==\"Ready\")].message", Wide = true)]
public sealed record Instance : KubernetesObject<InstanceSpec, InstanceStatus>;

/// <summary>What the host is to do.</summary>
[Rule("self.wanted == 'Absent' || has(self.flavor)", "flavor is required unless wanted is Absent", FieldPath = ".flavor")]
public sealed record InstanceSpec : WireObject
{
    /// <summary>The Server that this is for.</summary>
    [Immutable]
    public required ServerReference Server { get; init; }

    /// <summary>Placement number; equal to the ledger's entry for this host.</summary>
    [Range(1, 1e15)]
    [Immutable]
    public long Epoch { get; init; }

    /// <summary>The bound claim; equal to the ledger's entry for this host.</summary>
    [Text(64, MinLength = 1)]
    [Immutable]
    public required string ClaimID { get; init; }

    /// <summary>Whether the guest is to be here.</summary>
    public InstancePresence Wanted { get; init; }

    /// <summary>Power state of a guest that is to be here.</summary>
    public WantedPowerState PowerState { get; init; }

    /// <summary>What to do when the guest powers itself off.</summary>
    public OnGuestShutdown OnGuestShutdown { get; init; }

    /// <summary>Set while the guest is about to leave; a guest with a note is never started (protocol: R3, R7, R8).</summary>
    public MoveNote? Note { get; init; }

    /// <summary>Generation of the Server that this was written for.</summary>
    public long ServerGeneration { get; init; }

    /// <summary>Name of the guest.</summary>
    [Text(63)]
    public string? Hostname { get; init; }

    /// <summary>Copy of the flavor. Absent only when <see cref="Wanted"/> is <c>Absent</c>.</summary>
    public InstanceFlavor? Flavor { get; init; }

    /// <summary>Where the root disk comes from.</summary>
    public InstanceImage? Image { get; init; }

    /// <summary>Interfaces, in order.</summary>
    [Items(16)]
    public IReadOnlyList<InstanceInterface>? Interfaces { get; init; }

    /// <summary>Public keys.</summary>
    [Items(16)]
    public IReadOnlyList<InstanceKey>? Keys { get; init; }

    /// <summary>Metadata that the guest reads as <c>meta</c>.</summary>
    [Text(255)]
    [Entries(128, 255)]
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Availability zone that the guest is told.</summary>
    [Text(255)]
    public string? AvailabilityZone { get; init; }

    /// <summary>Name of the Secret beside this Instance that holds user data (key <c>userData</c>); absent when there is none.</summary>
    [ObjectName]
    public string? SecretName { get; init; }

    /// <summary>Request ID, from apply to libvirt, for logs.</summary>
    [Text(64)]
    public string? RequestID { get; init; }
}

/// <summary>Whether a guest is to be on a host.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InstancePresence>))]
public enum InstancePresence
{
    /// <summary>It is to be here.</summary>
    Present,

    /// <summary>It is to come here by a migration.</summary>
    Incoming,

    /// <summary>It is not to be here; written only to be deleted (protocol: R1).</summary>
    Absent,
}

/// <summary>The Server behind an Instance.</summary>
public sealed record ServerReference : WireObject
{
    /// <summary>Its namespace: the project.</summary>
    [Text(63, MinLength = 1)]
    public required string Namespace { get; init; }

    /// <summary>Its name.</summary>
    [Text(253, MinLength = 1)]
    public required string Name { get; init; }

    /// <summary>Its UID.</summary>
    [Text(36, MinLength = 1)]
    public required string Uid { get; init; }
}

/// <summary>A note on an Instance that its guest is about to leave.</summary>
public sealed record MoveNote : WireObject
{
    /// <summary>Placement number of the destination.</summary>
    public long TargetEpoch { get; init; }

    /// <summary>Why.</summary>
    public MoveReason Reason { get; init; }

    /// <summary>Destination host, for a migration.</summary>
    [Text(253)]
    public string? Destination { get; init; }

    /// <summary>Whether the source's agent is asked to stop (protocol: R7).</summary>
    public bool? Abort { get; init; }
}

/// <summary>Why a guest leaves a host.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MoveReason>))]
public enum MoveReason
{
    /// <summary>A migration, live or cold.</summary>
    Migration,

    /// <summary>Its host is off.</summary>
    Evacuation,

    /// <summary>The store was restored from a copy, and another host runs it (protocol: R9).</summary>
    Restore,
}

/// <summary>A flavor as copied into an Instance.</summary>
public sealed record InstanceFlavor : WireObject
{
    /// <summary>Name of the Flavor.</summary>
    [Text(253)]
    public required string Name { get; init; }

    /// <summary>Virtual CPUs.</summary>
    [Range(1, 4096)]
    public int Vcpus { get; init; }

    /// <summary>Memory, in MiB.</summary>
    [Range(1, 2147483647)]
    public long MemoryMiB { get; init; }

    /// <summary>Root disk, in GiB; 0 means the image's own size.</summary>
    [Range(0, 2147483647)]
    public long RootGiB { get; init; }

    /// <summary>Ephemeral disk, in GiB.</summary>
    [Range(0, 2147483647)]
    public long? EphemeralGiB { get; init; }

    /// <summary>Swap disk, in MiB.</summary>
    [Range(0, 2147483647)]
    public long? SwapMiB { get; init; }

    /// <summary>Extra specs.</summary>
    [Text(255)]
    [Entries(128, 255)]
    public IReadOnlyDictionary<string, string>? ExtraSpecs { get; init; }
}

/// <summary>An image as copied into an Instance.</summary>
public sealed record InstanceImage : WireObject
{
    /// <summary>Namespace and name of the Image, for people.</summary>
    [Text(317)]
    public required string Name { get; init; }

    /// <summary>UID of the Image.</summary>
    [Text(36)]
    public string? Uid { get; init; }

    /// <summary>Where it is fetched from: <c>http</c>, <c>https</c> or <c>file</c>.</summary>
    [Text(2048, MinLength = 1)]
    public required string Url { get; init; }

    /// <summary>Format that the Image declares; the detected one must be equal.</summary>
    public DiskFormat Format { get; init; }

    /// <summary>Checksum of the file as fetched, <c>sha256:…</c> or <c>sha512:…</c>; not checked when absent.</summary>
    [Text(135)]
    public string? Checksum { get; init; }

    /// <summary>Image properties.</summary>
    [Text(255)]
    [Entries(128, 255)]
    public IReadOnlyDictionary<string, string>? Properties { get; init; }
}

/// <summary>An interface as resolved for a host.</summary>
public sealed record InstanceInterface : WireObject
{
    /// <summary>Name of the Network.</summary>
    [Text(253)]
    public required string Network { get; init; }

    /// <summary>How it is attached.</summary>
    public NetworkType Type { get; init; }

    /// <summary>MAC address.</summary>
    [MacAddress]
    public required string MacAddress { get; init; }

    /// <summary>Bridge on the host, for type <c>Bridge</c>.</summary>
    [Text(15)]
    public string? Bridge { get; init; }

    /// <summary>MTU, in bytes; the host's default when absent.</summary>
    [Range(68, 65535)]
    public int? Mtu { get; init; }

    /// <summary>Address and prefix length, for instance <c>192.0.2.7/24</c>, when it was allocated.</summary>
    [Text(49)]
    public string? Address { get; init; }

    /// <summary>Gateway.</summary>
    [Text(45)]
    public string? Gateway { get; init; }

    /// <summary>Name servers.</summary>
    [Text(45)]
    [Items(8)]
    public IReadOnlyList<string>? DnsServers { get; init; }
}

/// <summary>A public key.</summary>
public sealed record InstanceKey : WireObject
{
    /// <summary>Name of the KeyPair.</summary>
    [Text(253)]
    public required string Name { get; init; }

    /// <summary>Public key, in OpenSSH's one-line form.</summary>
    [Text(16384)]
    public required string PublicKey { get; init; }
}

/// <summary>What the host did. Written by its agent only.</summary>
public sealed record InstanceStatus : WireObject
{
    /// <summary>Generation of the Instance that this speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Placement number in the agent's own record: what this host last started, or is building.</summary>
    public long? Epoch { get; init; }

    /// <summary>Step of the build or of the removal that is under way; absent when nothing is.</summary>
    public InstanceStep? Step { get; init; }

    /// <summary>How far the step is, for steps that take long.</summary>
    public StepProgress? Progress { get; init; }

    /// <summary>Power state of the domain.</summary>
    public PowerState? PowerState { get; init; }

    /// <summary>Whether the guest powered itself off and is left so.</summary>
    public bool? StoppedByGuest { get; init; }

    /// <summary>Why the build cannot go on here; the operator then tries another host. Absent when it can.</summary>
    public InstanceFailure? Failure { get; init; }

    /// <summary>Boot ID of the host in which the guest was last started.</summary>
    [Text(64)]
    public string? BootID { get; init; }

    /// <summary>When the guest was last started.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Machine type with which the guest first booted.</summary>
    [Text(255)]
    public string? MachineType { get; init; }

    /// <summary>CPU model with which the guest first booted.</summary>
    [Text(255)]
    public string? CpuModel { get; init; }

    /// <summary>SHA-256 of the image that the root disk was made from.</summary>
    [Text(135)]
    public string? ImageDigest { get; init; }

    /// <summary>Answer to a move note (protocol: R7).</summary>
    public MoveAnswer? Move { get; init; }

    /// <summary>Conditions: <c>Ready</c>, with the reason where it is not.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A step of building or removing a guest.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InstanceStep>))]
public enum InstanceStep
{
    /// <summary>Nothing begun.</summary>
    Pending,

    /// <summary>The image is fetched into the cache.</summary>
    Image,

    /// <summary>The disks are made.</summary>
    Disks,

    /// <summary>The interfaces are prepared.</summary>
    Network,

    /// <summary>The config drive is written.</summary>
    ConfigDrive,

    /// <summary>The domain is defined.</summary>
    Define,

    /// <summary>The domain is started.</summary>
    Start,

    /// <summary>The guest is shut down.</summary>
    Stop,

    /// <summary>Domain and disks are removed.</summary>
    Remove,
}

/// <summary>How far a long step is.</summary>
public sealed record StepProgress : WireObject
{
    /// <summary>Done, in percent.</summary>
    [Range(0, 100)]
    public int Percent { get; init; }

    /// <summary>In words, for instance <c>120 of 600 MiB</c>.</summary>
    [Text(255)]
    public string? Message { get; init; }
}

/// <summary>Why a host cannot build a guest.</summary>
public sealed record InstanceFailure : WireObject
{
    /// <summary>Placement number that failed.</summary>
    public long Epoch { get; init; }

    /// <summary>Step that failed.</summary>
    public InstanceStep Step { get; init; }

    /// <summary>One word: why, for instance <c>ImageChecksumMismatch</c>.</summary>
    [Text(255)]
    public required string Reason { get; init; }

    /// <summary>What happened, to what, why, and what to do.</summary>
    [Text(4096)]
    public required string Message { get; init; }

    /// <summary>Whether another host may fare better. An image that is wrong is wrong everywhere.</summary>
    public bool Elsewhere { get; init; }
}

/// <summary>What a host says of a move.</summary>
public sealed record MoveAnswer : WireObject
{
    /// <summary>Placement number of the destination.</summary>
    public long TargetEpoch { get; init; }

    /// <summary>The answer.</summary>
    public MoveAnswerKind Answer { get; init; }
}

/// <summary>Answers to a move.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MoveAnswerKind>))]
public enum MoveAnswerKind
{
    /// <summary>Source: the guest runs here and will not be sent.</summary>
    Running,

    /// <summary>Source: the guest does not run here and will not be sent.</summary>
    NotRunning,

    /// <summary>Destination: the guest runs here.</summary>
    Moved,

    /// <summary>Destination: the guest is not here and will not be taken.</summary>
    Refused,
}
