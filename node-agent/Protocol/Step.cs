using Kilonova.Crds;

namespace Kilonova.NodeAgent.Protocol;

/// <summary>One step for one instance. The shell executes it and asks again, until a step is <see cref="Rest"/>.</summary>
internal abstract record Step
{
    private Step()
    {
    }

    /// <summary>Read the Instance by quorum.</summary>
    public sealed record ReadInstance : Step;

    /// <summary>Read the host's own ResourceProvider by quorum.</summary>
    public sealed record ReadLedger : Step;

    /// <summary>Fetch the image, make the disks and the config drive, check the networks, define the domain. Repeatable.</summary>
    public sealed record Prepare(Instance Instance) : Step;

    /// <summary>Write the own record, on stable storage before the next step.</summary>
    public sealed record WriteRecord(InstanceRecord Record) : Step;

    /// <summary>Start the domain.</summary>
    public sealed record StartDomain(Instance Instance) : Step;

    /// <summary>Let the CPUs of a domain run whose start was cut off.</summary>
    public sealed record ResumeDomain : Step;

    /// <summary>Shut the guest down, by force after the time-out.</summary>
    public sealed record StopDomain : Step;

    /// <summary>Destroy and undefine the domain.</summary>
    public sealed record RemoveDomain : Step;

    /// <summary>Remove the instance's directory.</summary>
    public sealed record RemoveFiles : Step;

    /// <summary>Write down, on stable storage, that nothing up to this placement number may ever start here.</summary>
    public sealed record WriteTombstone(long Epoch) : Step;

    /// <summary>Remove the own record.</summary>
    public sealed record RemoveRecord : Step;

    /// <summary>Confirm: drop the agent's finalizer of the Instance with this UID.</summary>
    public sealed record DropFinalizer(Instance Instance) : Step;

    /// <summary>Nothing to do until something changes.</summary>
    public sealed record Rest(Verdict Verdict) : Step;
}

/// <summary>Why nothing is to be done.</summary>
/// <param name="Kind">Which case it is.</param>
/// <param name="Message">What there is to say, with figures.</param>
/// <param name="RetryAfter">When to look again without an event; null when only an event or a full pass can change anything.</param>
internal sealed record Verdict(VerdictKind Kind, string Message, TimeSpan? RetryAfter = null)
{
    /// <summary>One word that says more than <see cref="Kind"/>; the kind's name when not set.</summary>
    public string Reason { get; init; } = Kind.ToString();
}

/// <summary>The cases in which nothing is to be done.</summary>
internal enum VerdictKind
{
    /// <summary>There is nothing of this ID, neither in the API nor on the host.</summary>
    Nothing,

    /// <summary>The guest runs as wanted.</summary>
    Running,

    /// <summary>The guest is off as wanted.</summary>
    Stopped,

    /// <summary>The guest went off by itself and is left so.</summary>
    StoppedByGuest,

    /// <summary>The build failed here; another host's turn, or nobody's.</summary>
    Failed,

    /// <summary>Something of this ID is on the host that the API does not account for. It is left as it is.</summary>
    Stray,

    /// <summary>A domain that is not ours bears this ID or name.</summary>
    ForeignDomain,

    /// <summary>The host's Lease is not renewed; nothing is started.</summary>
    LeaseNotRenewed,

    /// <summary>The ledger has no entry, or another one; nothing is started.</summary>
    NoLedgerEntry,

    /// <summary>A note says that the guest is about to leave; it is never started.</summary>
    AboutToLeave,

    /// <summary>This placement number was removed here before; it is never started.</summary>
    Closed,

    /// <summary>It is not to be here: it comes by a migration, or it was written only to be deleted.</summary>
    NotPresent,

    /// <summary>It is removed; the rest is the operator's.</summary>
    Removed,

    /// <summary>The store was restored, and not every host has said yet what it runs.</summary>
    Held,

    /// <summary>The host is going down; what stops now was not stopped by a tenant.</summary>
    HostShuttingDown,

    /// <summary>Its memory was saved to a file by somebody on the host. It goes on with the host's next boot.</summary>
    Saved,

    /// <summary>The guest will be started again shortly.</summary>
    RestartSoon,
}
