using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;

namespace Kilonova.Crds;

/// <summary>A virtual machine, as its user wants it. The namespace is the project.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Server", "servers")]
public sealed record Server : KubernetesObject<ServerSpec, ServerStatus>;

/// <summary>What the user wants of a server. Written by users only.</summary>
public sealed record ServerSpec : WireObject
{
    /// <summary>Name of the Flavor: how many CPUs, how much memory and disk.</summary>
    public required string Flavor { get; init; }

    /// <summary>Image from which the root disk is made.</summary>
    public ObjectReference? Image { get; init; }

    /// <summary>Wanted power state. A guest that powered itself off stays off until this changes (see onGuestShutdown).</summary>
    public WantedPowerState PowerState { get; init; }

    /// <summary>What to do when the guest powers itself off.</summary>
    public OnGuestShutdown OnGuestShutdown { get; init; }

    /// <summary>Name of the guest; the Server's name when absent.</summary>
    public string? Hostname { get; init; }

    /// <summary>Interfaces, in the order in which the guest sees them. None when absent.</summary>
    public IReadOnlyList<ServerNetwork>? Networks { get; init; }

    /// <summary>Names of KeyPairs whose public keys the guest is given.</summary>
    public IReadOnlyList<string>? KeyPairs { get; init; }

    /// <summary>User data for the guest, in clear; at most 65,535 bytes in Base64. For anything secret use userDataFrom.</summary>
    public string? UserData { get; init; }

    /// <summary>User data for the guest, from a Secret of the Server's namespace.</summary>
    public SecretKeyReference? UserDataFrom { get; init; }

    /// <summary>Metadata that the guest reads as <c>meta</c>.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Availability zone to be placed in; any when absent.</summary>
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
    public required string Network { get; init; }

    /// <summary>MAC address; derived from the instance ID when absent.</summary>
    public string? MacAddress { get; init; }
}

/// <summary>A reference to an object by name.</summary>
public sealed record ObjectReference : WireObject
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Namespace; the referring object's when absent. Another one only for what is public.</summary>
    public string? Namespace { get; init; }
}

/// <summary>A key of a Secret.</summary>
public sealed record SecretKeyReference : WireObject
{
    /// <summary>Name of the Secret.</summary>
    public required string Name { get; init; }

    /// <summary>Key within it.</summary>
    public required string Key { get; init; }
}
