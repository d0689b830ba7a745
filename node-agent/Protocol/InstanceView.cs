using Kilonova.Crds;

namespace Kilonova.NodeAgent.Protocol;

/// <summary>
/// All that the agent knows of one instance when it decides the next step. Built anew before every step from what is on the host; the two
/// readings of the API are kept between steps of a round and carry the moment at which they were asked for.
/// </summary>
internal sealed record InstanceView
{
    /// <summary>Instance ID.</summary>
    public required string InstanceID { get; init; }

    /// <summary>The host.</summary>
    public required HostView Host { get; init; }

    /// <summary>The Instance by quorum read; null when it was not read in this round.</summary>
    public InstanceReading? Instance { get; init; }

    /// <summary>The ledger's entries of this ID by quorum read; null when they were not read in this round.</summary>
    public LedgerReading? Ledger { get; init; }

    /// <summary>The agent's own record.</summary>
    public InstanceRecord? Record { get; init; }

    /// <summary>Highest placement number that was removed here.</summary>
    public long? TombstoneEpoch { get; init; }

    /// <summary>The domain; null when libvirt has none of this ID.</summary>
    public DomainView? Domain { get; init; }

    /// <summary>Whether the instance's directory exists.</summary>
    public bool FilesExist { get; init; }

    /// <summary>The last preparation of disks, config drive and definition by this process.</summary>
    public Preparation? Prepared { get; init; }
}

/// <summary>What is so of the host at the moment of a decision.</summary>
/// <param name="BootID">Boot ID of the running kernel.</param>
/// <param name="LeaseRenewedAt">When this process first renewed the host's Lease (so: in this boot); null before.</param>
/// <param name="LeaseFresh">Whether the last renewal is younger than the Lease's duration.</param>
/// <param name="ShuttingDown">Whether the host is going down.</param>
/// <param name="Now">The time.</param>
internal sealed record HostView(string BootID, Moment? LeaseRenewedAt, bool LeaseFresh, bool ShuttingDown, DateTimeOffset Now)
{
    /// <summary>R9: the store was restored from a copy under this generation, and not every host has said yet what it runs; null when nothing is held.</summary>
    public long? HeldFor { get; init; }

    /// <summary>When this process learned that the last hold was over; null when there was none.</summary>
    public Moment? HeldUntil { get; init; }
}

/// <summary>A point in the order of what this process did. Not a time: only the order counts.</summary>
internal readonly record struct Moment(long Order) : IComparable<Moment>
{
    public int CompareTo(Moment other) => Order.CompareTo(other.Order);

    public static bool operator <(Moment left, Moment right) => left.Order < right.Order;

    public static bool operator >(Moment left, Moment right) => left.Order > right.Order;

    public static bool operator <=(Moment left, Moment right) => left.Order <= right.Order;

    public static bool operator >=(Moment left, Moment right) => left.Order >= right.Order;
}

/// <summary>What a quorum read of an Instance gave.</summary>
/// <param name="AskedAt">When the read was begun.</param>
/// <param name="Found">The Instance; null when there is none.</param>
internal sealed record InstanceReading(Moment AskedAt, Instance? Found);

/// <summary>What a quorum read of the host's own ResourceProvider gave.</summary>
/// <param name="AskedAt">When the read was begun.</param>
/// <param name="Entries">The entries of the instance.</param>
internal sealed record LedgerReading(Moment AskedAt, IReadOnlyList<Allocation> Entries);

/// <summary>A finished preparation.</summary>
/// <param name="FinishedAt">When it was done.</param>
/// <param name="Uid">UID of the Instance that it was made for.</param>
/// <param name="Generation">Generation of the Instance that it was made for.</param>
internal sealed record Preparation(Moment FinishedAt, string? Uid, long? Generation)
{
    /// <summary>Digest of the image that the root disk was made from.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>Machine type that is defined.</summary>
    public string? MachineType { get; init; }

    /// <summary>CPU model that is defined.</summary>
    public string? CpuModel { get; init; }

    /// <summary>Files that were made.</summary>
    public IReadOnlyList<string>? Disks { get; init; }
}

/// <summary>What libvirt says of a domain.</summary>
/// <param name="State">Its power state.</param>
/// <param name="Ours">Whether it carries our metadata.</param>
/// <param name="Epoch">Placement number in the metadata; the higher of live and persistent XML.</param>
/// <param name="ClaimID">Claim in the metadata.</param>
internal sealed record DomainView(PowerState State, bool Ours, long? Epoch, string? ClaimID)
{
    /// <summary>Server in the metadata, <c>namespace/name</c>.</summary>
    public string? Server { get; init; }

    /// <summary>Whether libvirt keeps its memory in a file (<c>virsh managedsave</c>, <c>libvirt-guests</c>), from which its next start goes on.</summary>
    public bool Saved { get; init; }

    /// <summary>Whether there is a QEMU process.</summary>
    public bool Active => State is PowerState.Running or PowerState.Paused;
}
