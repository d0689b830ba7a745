using Kilonova.Crds;

namespace Kilonova.NodeAgent.Protocol;

/// <summary>
/// What the agent holds true of an instance on this host, on stable storage. The authority on the host: the domain's metadata is a copy.
/// </summary>
internal sealed record InstanceRecord
{
    /// <summary>Instance ID.</summary>
    public required string InstanceID { get; init; }

    /// <summary>Highest placement number that was started here, or was about to be.</summary>
    public required long Epoch { get; init; }

    /// <summary>Claim of that number.</summary>
    public required string ClaimID { get; init; }

    /// <summary>Server, <c>namespace/name</c>, for people.</summary>
    public string? Server { get; init; }

    /// <summary>UID of the Server.</summary>
    public string? ServerUid { get; init; }

    /// <summary>Power state that was wanted when the agent last acted.</summary>
    public WantedPowerState WantedPower { get; init; }

    /// <summary>What the agent knows of the guest's run.</summary>
    public GuestRun Run { get; init; }

    /// <summary>Whether the guest went off by itself and is left so.</summary>
    public bool StoppedByGuest { get; init; }

    /// <summary>Boot ID of the host in which it was last started.</summary>
    public string? BootID { get; init; }

    /// <summary>When it was last started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it was first started; the disks are the guest's since then and are never made anew.</summary>
    public DateTimeOffset? LaunchedAt { get; init; }

    /// <summary>Machine type with which it first booted.</summary>
    public string? MachineType { get; init; }

    /// <summary>CPU model with which it first booted.</summary>
    public string? CpuModel { get; init; }

    /// <summary>Digest of the image that the root disk was made from.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>Files of the instance.</summary>
    public IReadOnlyList<string>? Disks { get; init; }
}

/// <summary>What an agent's record says of a guest's run.</summary>
internal enum GuestRun
{
    /// <summary>It was never started.</summary>
    Never,

    /// <summary>The start was decided; whether it happened, only libvirt knows.</summary>
    Starting,

    /// <summary>It was seen running.</summary>
    Running,

    /// <summary>It was seen off.</summary>
    Off,
}
