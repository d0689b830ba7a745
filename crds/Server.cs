using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A virtual machine, as its user wants it. The namespace is the project.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Server", "servers")]
[Resource("user", "operator", ShortNames = ["srv"], Categories = ["all"], Selectable = [".spec.flavor", ".spec.powerState", ".status.host", ".status.phase", ".status.instanceID"])]
[Rule("size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')", "metadata.name must be a DNS label of at most 63 characters: it is the guest's hostname unless spec.hostname is given")]
[Column("Phase", ".status.phase")]
[Column("Task", ".status.taskState")]
[Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")]
[Column("Reason", ".status.conditions[?(@.type==\"Ready\")].reason")]
[Column("Host", ".status.host")]
[Column("Address", ".status.addresses[0].address")]
[Column("Flavor", ".spec.flavor")]
[Column("Power", ".status.powerState", Wide = true)]
[Column("Zone", ".status.availabilityZone", Wide = true)]
[Column("Image", ".spec.image.name", Wide = true)]
[Column("Instance", ".status.instanceID", Wide = true)]
[Column("Message", ".status.conditions[?(@.type==\"Ready\")].message", Wide = true)]
public sealed record Server : KubernetesObject<ServerSpec, ServerStatus>;

/// <summary>What the user wants of a server. Written by users only.</summary>
[Rule("!(has(self.userData) && has(self.userDataFrom))", "userData and userDataFrom cannot both be given", FieldPath = ".userDataFrom")]
[Rule("has(self.image)", "image is required: this version makes every root disk from an image", FieldPath = ".image")]
public sealed record ServerSpec : WireObject
{
    /// <summary>Name of the Flavor: how many CPUs, how much memory and disk.</summary>
    [ObjectName]
    [ChangeNotImplemented("resize")]
    public required string Flavor { get; init; }

    /// <summary>Image from which the root disk is made.</summary>
    [ChangeNotImplemented("rebuild")]
    public ObjectReference? Image { get; init; }

    /// <summary>Wanted power state. A guest that powered itself off stays off until this changes (see onGuestShutdown).</summary>
    public WantedPowerState PowerState { get; init; }

    /// <summary>What to do when the guest powers itself off.</summary>
    public OnGuestShutdown OnGuestShutdown { get; init; }

    /// <summary>Name of the guest; the Server's name when absent.</summary>
    [Text(63, Pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", Must = "a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit")]
    [ChangeNotImplemented("a new hostname")]
    public string? Hostname { get; init; }

    /// <summary>Interfaces, in the order in which the guest sees them. None when absent.</summary>
    [Items(16)]
    [ChangeNotImplemented("attaching and detaching interfaces")]
    public IReadOnlyList<ServerNetwork>? Networks { get; init; }

    /// <summary>Names of KeyPairs whose public keys the guest is given.</summary>
    [ObjectName]
    [Items(16, Unique = true)]
    [ChangeNotImplemented("rebuild")]
    public IReadOnlyList<string>? KeyPairs { get; init; }

    /// <summary>User data for the guest, in clear; at most 65,535 bytes in Base64. For anything secret use userDataFrom.</summary>
    [Text(49149)]
    [Rule("bytes(self).size() <= 49149", "userData must have at most 65,535 bytes in Base64, which are 49,149 bytes of text")]
    [ChangeNotImplemented("rebuild")]
    public string? UserData { get; init; }

    /// <summary>User data for the guest, from a Secret of the Server's namespace.</summary>
    [ChangeNotImplemented("rebuild")]
    public SecretKeyReference? UserDataFrom { get; init; }

    /// <summary>Metadata that the guest reads as <c>meta</c>.</summary>
    [Text(255)]
    [Entries(128, 255, KeyPattern = "^[-a-zA-Z0-9_:. ]+$", KeysMust = "letters, digits, '-', '_', ':', '.' and spaces")]
    [ChangeNotImplemented("new metadata")]
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Availability zone to be placed in; any when absent.</summary>
    [ZoneName]
    [Immutable]
    public string? AvailabilityZone { get; init; }

    /// <summary>What to do when no host can hold the server: try again when something changes, or fail.</summary>
    public OnNoValidHost OnNoValidHost { get; init; }
}

/// <summary>A power state that can be wished for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WantedPowerState>))]
public enum WantedPowerState
{
    /// <summary>The guest runs.</summary>
    Running,

    /// <summary>The guest is shut down; its disks and its place on the host stay.</summary>
    Stopped,
}

/// <summary>What follows when a guest powers itself off.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OnGuestShutdown>))]
public enum OnGuestShutdown
{
    /// <summary>It stays off.</summary>
    Stop,

    /// <summary>It is started again.</summary>
    Restart,
}

/// <summary>What follows when no host can hold a server.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OnNoValidHost>))]
public enum OnNoValidHost
{
    /// <summary>It waits, and is tried again when something changes.</summary>
    Retry,

    /// <summary>It goes to <c>Error</c> and is not tried again.</summary>
    Fail,
}

/// <summary>One interface of a server.</summary>
public sealed record ServerNetwork : WireObject
{
    /// <summary>Name of the Network.</summary>
    [ObjectName]
    public required string Network { get; init; }

    /// <summary>MAC address; derived from the instance ID when absent.</summary>
    [MacAddress]
    public string? MacAddress { get; init; }
}

/// <summary>A reference to an object by name.</summary>
public sealed record ObjectReference : WireObject
{
    /// <summary>Name.</summary>
    [ObjectName]
    public required string Name { get; init; }

    /// <summary>Namespace; the referring object's when absent. Another one only for what is public.</summary>
    [LabelName]
    public string? Namespace { get; init; }
}

/// <summary>A key of a Secret.</summary>
public sealed record SecretKeyReference : WireObject
{
    /// <summary>Name of the Secret.</summary>
    [ObjectName]
    public required string Name { get; init; }

    /// <summary>Key within it.</summary>
    [Text(253, MinLength = 1, Pattern = "^[-._a-zA-Z0-9]+$", Must = "a key of a Secret: letters, digits, '-', '_' and '.'")]
    public required string Key { get; init; }
}
