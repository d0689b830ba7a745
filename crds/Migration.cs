using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A server's move to another host: request and record.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Migration", "migrations")]
[Resource("admin, operator", "operator", ShortNames = ["mig"], Selectable = [".spec.server", ".spec.type", ".status.phase", ".status.source", ".status.destination"])]
[NotImplemented]
[Column("Server", ".spec.server")]
[Column("Type", ".spec.type")]
[Column("Phase", ".status.phase")]
[Column("Source", ".status.source")]
[Column("Destination", ".status.destination")]
[Column("Progress", ".status.progress.percent", Type = "integer")]
[Column("Message", ".status.conditions[?(@.type==\"Ready\")].message", Wide = true)]
public sealed record Migration : KubernetesObject<MigrationSpec, MigrationStatus>;

/// <summary>What is to move, how and where to. Only abort and forceComplete can change.</summary>
[Rule("!(has(self.abort) && self.abort && has(self.forceComplete) && self.forceComplete)", "abort and forceComplete cannot both be true", FieldPath = ".forceComplete")]
[Rule("self.type == 'Live' || !has(self.live)", "live goes only with type Live", FieldPath = ".live")]
public sealed record MigrationSpec : WireObject
{
    /// <summary>Name of the Server, in this namespace.</summary>
    [ObjectName]
    [Immutable(Instead = "create another Migration")]
    public required string Server { get; init; }

    /// <summary>How it moves.</summary>
    [Immutable(Instead = "create another Migration")]
    public required MigrationType Type { get; init; }

    /// <summary>Name of the Hypervisor to go to; chosen by the scheduler when absent. A host that the filters reject is refused.</summary>
    [ObjectName]
    [Immutable(Instead = "create another Migration")]
    public string? Destination { get; init; }

    /// <summary>Settings of a live migration, instead of the host's.</summary>
    [Immutable(Instead = "create another Migration")]
    public LiveMigrationSettings? Live { get; init; }

    /// <summary>Stop the move, if it can still be stopped.</summary>
    public bool? Abort { get; init; }

    /// <summary>End a live migration now: by post-copy where permitted, else by pausing the guest.</summary>
    public bool? ForceComplete { get; init; }
}

/// <summary>How a server moves.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MigrationType>))]
public enum MigrationType
{
    /// <summary>Running.</summary>
    Live,

    /// <summary>Shut down, moved, started; confirmed as a resize is.</summary>
    Cold,

    /// <summary>Shut down, moved, started with another flavor.</summary>
    Resize,

    /// <summary>Built anew on another host, since its own is off.</summary>
    Evacuation,
}

/// <summary>Settings of live migrations.</summary>
public sealed record LiveMigrationSettings : WireObject
{
    /// <summary>Bandwidth, in MiB/s; 0 means no limit of ours.</summary>
    [Range(0, 1048576)]
    public int? BandwidthMiB { get; init; }

    /// <summary>Longest pause of the guest, in ms; 500 when absent.</summary>
    [Range(100, 60000)]
    public int? DowntimeMilliseconds { get; init; }

    /// <summary>Steps in which the permitted pause grows; 10 when absent.</summary>
    [Range(3, 100)]
    public int? DowntimeSteps { get; init; }

    /// <summary>Seconds between steps, for each GiB that is moved; 75 when absent.</summary>
    [Range(3, 3600)]
    public int? DowntimeDelaySeconds { get; init; }

    /// <summary>Seconds until it takes too long, for each GiB that is moved; 800 when absent, 0 is never.</summary>
    [Range(0, 86400)]
    public int? CompletionTimeoutSeconds { get; init; }

    /// <summary>What to do when it takes too long.</summary>
    public MigrationTimeoutAction? TimeoutAction { get; init; }

    /// <summary>Whether the guest may go on at the destination before its memory is there. A lost network then means a lost guest.</summary>
    public bool? PermitPostCopy { get; init; }

    /// <summary>Whether the guest's CPUs may be slowed down so that its memory can be copied.</summary>
    public bool? PermitAutoConverge { get; init; }
}

/// <summary>What to do with a live migration that takes too long.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MigrationTimeoutAction>))]
public enum MigrationTimeoutAction
{
    /// <summary>Stop it.</summary>
    Abort,

    /// <summary>End it by post-copy or by pausing the guest.</summary>
    ForceComplete,
}

/// <summary>What became of a move.</summary>
public sealed record MigrationStatus : WireObject
{
    /// <summary>Generation that this speaks of; -1 before the operator has seen the migration.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>How far it is.</summary>
    public MigrationPhase? Phase { get; init; }

    /// <summary>Host that it leaves.</summary>
    [Text(253)]
    public string? Source { get; init; }

    /// <summary>Host that it goes to.</summary>
    [Text(253)]
    public string? Destination { get; init; }

    /// <summary>Placement number at the destination.</summary>
    public long? TargetEpoch { get; init; }

    /// <summary>The claim at the destination.</summary>
    [Text(64)]
    public string? ClaimID { get; init; }

    /// <summary>Flavor that it had, for a resize.</summary>
    public FlavorSummary? OldFlavor { get; init; }

    /// <summary>How much is moved.</summary>
    public MigrationProgress? Progress { get; init; }

    /// <summary>Only an admin's word or a taint says that the source is off.</summary>
    public bool? Unverified { get; init; }

    /// <summary>When it began.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Conditions: <c>Ready</c>, <c>Reconciling</c>, <c>Stalled</c>, <c>Blocked</c>.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>Nova's words for how far a move is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MigrationPhase>))]
public enum MigrationPhase
{
    /// <summary>Not begun.</summary>
    Queued,

    /// <summary>A host is chosen and claimed.</summary>
    Accepted,

    /// <summary>The destination gets ready.</summary>
    Preparing,

    /// <summary>Memory and disks are moved.</summary>
    Running,

    /// <summary>The guest runs at the destination, and memory follows.</summary>
    PostCopy,

    /// <summary>The guest is at the destination; the source is cleaned up.</summary>
    PostMigrating,

    /// <summary>A resize or cold migration waits to be confirmed.</summary>
    Finished,

    /// <summary>Being confirmed.</summary>
    Confirming,

    /// <summary>Confirmed.</summary>
    Confirmed,

    /// <summary>Being reverted.</summary>
    Reverting,

    /// <summary>Reverted.</summary>
    Reverted,

    /// <summary>Done.</summary>
    Completed,

    /// <summary>Stopped; the guest is where it was.</summary>
    Cancelled,

    /// <summary>Failed; see the conditions.</summary>
    Failed,
}

/// <summary>How much of a guest is moved.</summary>
public sealed record MigrationProgress : WireObject
{
    /// <summary>Done, in percent of what is known.</summary>
    [Range(0, 100)]
    public int Percent { get; init; }

    /// <summary>Memory in all, in bytes.</summary>
    public long? MemoryTotalBytes { get; init; }

    /// <summary>Memory moved, in bytes.</summary>
    public long? MemoryProcessedBytes { get; init; }

    /// <summary>Memory left, in bytes.</summary>
    public long? MemoryRemainingBytes { get; init; }

    /// <summary>Disk in all, in bytes.</summary>
    public long? DiskTotalBytes { get; init; }

    /// <summary>Disk moved, in bytes.</summary>
    public long? DiskProcessedBytes { get; init; }

    /// <summary>Disk left, in bytes.</summary>
    public long? DiskRemainingBytes { get; init; }
}
