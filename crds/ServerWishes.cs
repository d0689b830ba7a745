using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A power state that can be wished for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WantedPowerState>))]
public enum WantedPowerState
{
    /// <summary>The guest runs.</summary>
    Running,

    /// <summary>The guest is shut down; its disks and its place on the host stay.</summary>
    Stopped,

    /// <summary>The guest's CPUs stand still; its memory stays where it is.</summary>
    [NotImplemented]
    Paused,

    /// <summary>The guest's memory is on disk, and it runs on from there.</summary>
    [NotImplemented]
    Suspended,
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

/// <summary>How a resize is confirmed.</summary>
public sealed record ServerResize : WireObject
{
    /// <summary>After this time in <c>VerifyResize</c> a resize confirms itself; <c>0</c> is never; one hour when absent.</summary>
    [Duration]
    public string? ConfirmAfter { get; init; }
}

/// <summary>How a server is shelved.</summary>
public sealed record ServerShelve : WireObject
{
    /// <summary>After this time its place on the host is given back, with a snapshot of its root disk kept; <c>0</c>, the default, is at once.</summary>
    [Duration]
    public string? OffloadAfter { get; init; }
}

/// <summary>How a server is rescued.</summary>
public sealed record ServerRescue : WireObject
{
    /// <summary>Image to boot from; the server's own when absent.</summary>
    public ObjectReference? Image { get; init; }

    /// <summary>Password of the rescue system's administrator, from a Secret of this namespace.</summary>
    public SecretKeyReference? AdminPasswordFrom { get; init; }
}

/// <summary>Wishes to the scheduler. They hold for every later move of the server too.</summary>
public sealed record SchedulerHints : WireObject
{
    /// <summary>Name of a ServerGroup of this namespace that the server joins when it is created.</summary>
    [ObjectName]
    public string? Group { get; init; }

    /// <summary>Servers of this namespace on whose hosts it is to be.</summary>
    [ObjectName]
    [Items(64, Unique = true)]
    public IReadOnlyList<string>? SameHost { get; init; }

    /// <summary>Servers of this namespace on whose hosts it is not to be.</summary>
    [ObjectName]
    [Items(64, Unique = true)]
    public IReadOnlyList<string>? DifferentHost { get; init; }

    /// <summary>Range of addresses of hosts to be placed on.</summary>
    [Cidr]
    public string? HostCidr { get; init; }

    /// <summary>Condition on hosts, in JSON as Nova's JsonFilter has it, for instance <c>[">=", "$free_ram_mb", 1024]</c>.</summary>
    [Text(4096)]
    public string? Query { get; init; }

    /// <summary>Cell to be placed in. For admins.</summary>
    [ObjectName]
    [NotImplemented]
    public string? TargetCell { get; init; }

    /// <summary>Host to be placed on, if the filters let it. For admins.</summary>
    [ObjectName]
    [NotImplemented]
    public string? RequestedHost { get; init; }

    /// <summary>Hints for filters of your own.</summary>
    [Text(255)]
    [Entries(32, 255)]
    [NotImplemented]
    public IReadOnlyDictionary<string, string>? Custom { get; init; }
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
