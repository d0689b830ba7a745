using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>What is so of a server. Written by the operator only.</summary>
public sealed record ServerStatus : WireObject
{
    /// <summary>Generation that this status speaks of; -1 before the operator has seen the server.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Identity below the API: domain, disks, allocations and Instance bear it. The UID of the first Server object.</summary>
    [Text(36)]
    public string? InstanceID { get; init; }

    /// <summary>Highest placement number used up (a number is used once, whether or not its claim was bound).</summary>
    public long? PlacementEpoch { get; init; }

    /// <summary>Host on which the server is bound.</summary>
    [Text(253)]
    public string? Host { get; init; }

    /// <summary>Placement number under which it is bound to <see cref="Host"/>.</summary>
    public long? HostEpoch { get; init; }

    /// <summary>The claim that was bound; the ledger's entry and the Instance carry the same.</summary>
    [Text(64)]
    public string? ClaimID { get; init; }

    /// <summary>Cell of the host.</summary>
    [Text(253)]
    public string? Cell { get; init; }

    /// <summary>Availability zone of the host.</summary>
    [Text(255)]
    public string? AvailabilityZone { get; init; }

    /// <summary>Nova's word for the state.</summary>
    public ServerPhase? Phase { get; init; }

    /// <summary>What is being done at the moment, for instance <c>spawning</c>.</summary>
    [Text(64)]
    public string? TaskState { get; init; }

    /// <summary>Power state of the guest, as last reported.</summary>
    public PowerState? PowerState { get; init; }

    /// <summary>Addresses of the guest.</summary>
    [Items(64)]
    public IReadOnlyList<ServerAddress>? Addresses { get; init; }

    /// <summary>Flavor as it was when the server was built.</summary>
    public FlavorSummary? Flavor { get; init; }

    /// <summary>Hosts that failed to build this server, with the reason; not tried again for it.</summary>
    [Items(16)]
    public IReadOnlyList<FailedHost>? FailedHosts { get; init; }

    /// <summary>Why the server is where it is, or why it is nowhere.</summary>
    public SchedulingReport? Scheduling { get; init; }

    /// <summary>Rebuild number for which the root disk was made.</summary>
    [NotImplemented]
    public long? Rebuild { get; init; }

    /// <summary>Disks as the guest has them.</summary>
    [Items(64)]
    [NotImplemented]
    public IReadOnlyList<ServerDisk>? Disks { get; init; }

    /// <summary>Name of the Migration that is under way, or waits to be confirmed.</summary>
    [Text(253)]
    [NotImplemented]
    public string? Migration { get; init; }

    /// <summary>Secret of this namespace with the administrator's password that was made for the guest.</summary>
    [Text(253)]
    [NotImplemented]
    public string? AdminPasswordSecret { get; init; }

    /// <summary>Names of ServerActions that are done; the last 50.</summary>
    [Text(253)]
    [Items(50)]
    [NotImplemented]
    public IReadOnlyList<string>? DoneActions { get; init; }

    /// <summary>When the guest was first started.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LaunchedAt { get; init; }

    /// <summary>Conditions: <c>Ready</c>, <c>Reconciling</c>, <c>Stalled</c>, <c>Scheduled</c>, <c>Blocked</c>, <c>HostReachable</c>.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>Nova's words for what state a server is in.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServerPhase>))]
public enum ServerPhase
{
    /// <summary>Not known: its host or cell does not answer.</summary>
    Unknown,

    /// <summary>Being scheduled and built.</summary>
    Build,

    /// <summary>Runs.</summary>
    Active,

    /// <summary>Shut down.</summary>
    Shutoff,

    /// <summary>Its CPUs stand still.</summary>
    Paused,

    /// <summary>Its memory is on disk.</summary>
    Suspended,

    /// <summary>Being rebooted by its guest's own means.</summary>
    Reboot,

    /// <summary>Being power-cycled.</summary>
    HardReboot,

    /// <summary>Being given another flavor, or moved without running.</summary>
    Resize,

    /// <summary>Resized; waits to be confirmed or reverted.</summary>
    VerifyResize,

    /// <summary>Being reverted to the flavor or host it had.</summary>
    RevertResize,

    /// <summary>Being moved while it runs.</summary>
    Migrating,

    /// <summary>Its root disk is being made anew.</summary>
    Rebuild,

    /// <summary>Booted from a rescue image.</summary>
    Rescue,

    /// <summary>Shelved; its disks are still on the host.</summary>
    Shelved,

    /// <summary>Shelved; nothing of it is on any host.</summary>
    ShelvedOffloaded,

    /// <summary>Its administrator's password is being set.</summary>
    Password,

    /// <summary>Being deleted.</summary>
    Deleting,

    /// <summary>Failed; see the conditions.</summary>
    Error,
}

/// <summary>Power state of a guest.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PowerState>))]
public enum PowerState
{
    /// <summary>There is no domain, or its state is not known.</summary>
    NoState,

    /// <summary>Runs.</summary>
    Running,

    /// <summary>Paused.</summary>
    Paused,

    /// <summary>Off.</summary>
    Shutdown,

    /// <summary>Crashed.</summary>
    Crashed,

    /// <summary>Suspended to disk.</summary>
    Suspended,
}

/// <summary>A disk as a guest has it.</summary>
public sealed record ServerDisk : WireObject
{
    /// <summary>Name among the server's disks; <c>root</c> for the root disk.</summary>
    [Text(63, MinLength = 1)]
    public required string Name { get; init; }

    /// <summary>Device name in the guest, for instance <c>vda</c>. It is a guess: guests find disks by tag or serial.</summary>
    [Text(32)]
    public string? Device { get; init; }

    /// <summary>Serial number.</summary>
    [Text(64)]
    public string? Serial { get; init; }

    /// <summary>Size, in GiB.</summary>
    public long? SizeGiB { get; init; }

    /// <summary>PersistentVolumeClaim that it is on; none for a local disk.</summary>
    [Text(253)]
    public string? Volume { get; init; }

    /// <summary>Tag.</summary>
    [Text(60)]
    public string? Tag { get; init; }
}

/// <summary>An address of a guest.</summary>
public sealed record ServerAddress : WireObject
{
    /// <summary>Name of the Network.</summary>
    [Text(253)]
    public required string Network { get; init; }

    /// <summary>MAC address.</summary>
    [Text(17)]
    public required string MacAddress { get; init; }

    /// <summary>IP address; absent where the guest is left to find its own.</summary>
    [Text(49)]
    public string? Address { get; init; }
}

/// <summary>The figures of a flavor that people look for.</summary>
public sealed record FlavorSummary : WireObject
{
    /// <summary>Name of the Flavor.</summary>
    [Text(253)]
    public required string Name { get; init; }

    /// <summary>Virtual CPUs.</summary>
    public int Vcpus { get; init; }

    /// <summary>Memory, in MiB.</summary>
    public long MemoryMiB { get; init; }

    /// <summary>Root disk, in GiB.</summary>
    public long RootGiB { get; init; }
}

/// <summary>A host that could not build a server.</summary>
public sealed record FailedHost : WireObject
{
    /// <summary>Name of the Hypervisor.</summary>
    [Text(253)]
    public required string Host { get; init; }

    /// <summary>Placement number of the attempt.</summary>
    public long Epoch { get; init; }

    /// <summary>One word: why.</summary>
    [Text(255)]
    public required string Reason { get; init; }

    /// <summary>What happened, in the host's words.</summary>
    [Text(4096)]
    public required string Message { get; init; }
}

/// <summary>Why a server is where it is, or nowhere. At most 4 KiB.</summary>
public sealed record SchedulingReport : WireObject
{
    /// <summary>When this was decided.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? Time { get; init; }

    /// <summary>Hosts that were looked at.</summary>
    public int Hosts { get; init; }

    /// <summary>How many hosts each step rejected, in the order of the steps.</summary>
    [Items(64)]
    public IReadOnlyList<FilterCount>? Rejected { get; init; }

    /// <summary>Sample hosts with the numbers that rejected them.</summary>
    [Items(16)]
    public IReadOnlyList<HostRejection>? Samples { get; init; }

    /// <summary>The host that came nearest and the smallest change that would make it fit.</summary>
    [Text(1024)]
    public string? NearestMiss { get; init; }

    /// <summary>Hosts that would have been next, best first.</summary>
    [Text(253)]
    [Items(16)]
    public IReadOnlyList<string>? Alternates { get; init; }
}

/// <summary>How many hosts a step rejected.</summary>
public sealed record FilterCount : WireObject
{
    /// <summary>Name of the filter, or of the resource class for the fit.</summary>
    [Text(255)]
    public required string Filter { get; init; }

    /// <summary>Hosts rejected.</summary>
    public int Hosts { get; init; }
}

/// <summary>Why one host was rejected.</summary>
public sealed record HostRejection : WireObject
{
    /// <summary>Name of the Hypervisor.</summary>
    [Text(253)]
    public required string Host { get; init; }

    /// <summary>First filter that rejected it.</summary>
    [Text(255)]
    public required string Filter { get; init; }

    /// <summary>With which numbers.</summary>
    [Text(1024)]
    public required string Message { get; init; }
}
