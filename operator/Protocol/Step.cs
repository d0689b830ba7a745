using Kilonova.Crds;

namespace Kilonova.Operator.Protocol;

/// <summary>One step of the placement protocol: at most one write, with the guard that makes it harmless when it comes late.</summary>
public abstract record Step
{
    /// <summary>The object whose version guards the write; it is read before all that justifies the write (R6).</summary>
    public virtual StepGuard Guard => StepGuard.None;

    /// <summary>Whether a write belongs to this step.</summary>
    public virtual bool Writes => true;
}

/// <summary>What guards a write.</summary>
/// <param name="Kind">Kind of the guarding object.</param>
/// <param name="Host">Its host, for a ledger or an Instance.</param>
/// <param name="Name">Its name, for a group.</param>
public readonly record struct StepGuard(GuardKind Kind, string? Host = null, string? Name = null)
{
    /// <summary>Nothing: the write is a creation, which the name refuses when it comes twice.</summary>
    public static StepGuard None => default;

    /// <summary>The Server.</summary>
    public static StepGuard Server => new(GuardKind.Server);

    /// <summary>The ledger (ResourceProvider) of a host.</summary>
    public static StepGuard Ledger(string host) => new(GuardKind.Ledger, host);

    /// <summary>A server group, by its name in the Server's namespace.</summary>
    public static StepGuard Group(string name) => new(GuardKind.Group, null, name);

    /// <summary>The Instance on a host.</summary>
    public static StepGuard Instance(string host) => new(GuardKind.Instance, host);
}

/// <summary>Kinds of guarding objects.</summary>
public enum GuardKind
{
    /// <summary>None.</summary>
    None,

    /// <summary>The Server.</summary>
    Server,

    /// <summary>A host's ledger.</summary>
    Ledger,

    /// <summary>An Instance.</summary>
    Instance,

    /// <summary>A server group.</summary>
    Group,
}

/// <summary>The Server gets its finalizer; nothing else happens for it before.</summary>
public sealed record AddFinalizer : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Server;
}

/// <summary>Choose a host, claim there under <paramref name="Epoch"/>, bind (SCHED).</summary>
/// <param name="Epoch">The next placement number.</param>
public sealed record PlaceServer(long Epoch) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Server;
}

/// <summary>Bind to a claim that is in a ledger already: whoever made it did not come to bind it (R2: only a claim held for the Server).</summary>
public sealed record Bind(string Host, long Epoch, string ClaimID) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Server;
}

/// <summary>Use up a placement number whose claim was abandoned; host and hostEpoch stay (R5).</summary>
public sealed record Raise(long Epoch) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Server;
}

/// <summary>Write the work order to the bound host (ENSURE). A late creation is refused by the name, or starts nothing for want of the entry (R1).</summary>
public sealed record CreateInstance(string Host, long Epoch, string ClaimID) : Step;

/// <summary>Write an order that wants nothing, to be deleted: the agent's confirmation of it releases a bound entry without an Instance (R1).</summary>
public sealed record CreateAbsentInstance(string Host, long Epoch, string ClaimID) : Step;

/// <summary>The guest has come by a migration and is bound here: Incoming becomes Present (ENSURE).</summary>
public sealed record AdoptIncoming(string Host, string Uid) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Instance(Host);
}

/// <summary>Delete this very Instance (DEL, GCI); the UID guards (R1).</summary>
public sealed record DeleteInstance(string Host, string Uid) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Instance(Host);
}

/// <summary>Remove an entry from a ledger (FIN, GC, DEL).</summary>
public sealed record RemoveEntry(string Host, long Epoch, string ClaimID) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Ledger(Host);
}

/// <summary>Remove a seat from a group, after what it was for is gone from the host (GC, DEL).</summary>
public sealed record RemoveSeat(string Group, GroupMember Seat) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Group(Group);
}

/// <summary>A bound server that its group does not know, because the group was made anew: it counts from now on, whatever the policy says.</summary>
public sealed record AddSeat(string Group, GroupMember Seat) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Group(Group);
}

/// <summary>The entry is gone, so the Instance may go (FIN).</summary>
public sealed record RemoveLedgerFinalizer(string Host, string Uid) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Instance(Host);
}

/// <summary>Nothing of the Server is left anywhere: it may go (DEL).</summary>
public sealed record RemoveServerFinalizer : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Server;
}

/// <summary>R9: another host runs this guest, which the restored store does not know: a note keeps it from being started here.</summary>
public sealed record HoldBackInstance(string Host, string Uid, long Epoch) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Instance(Host);
}

/// <summary>R9: no other host runs this guest any more; it may start here.</summary>
public sealed record LetStart(string Host, string Uid) : Step
{
    /// <inheritdoc/>
    public override StepGuard Guard => StepGuard.Instance(Host);
}

/// <summary>Nothing to write until something else changes.</summary>
/// <param name="Reason">What is waited for.</param>
/// <param name="Host">Where.</param>
public sealed record Wait(WaitReason Reason, string? Host = null) : Step
{
    /// <inheritdoc/>
    public override bool Writes => false;
}

/// <summary>What the protocol waits for.</summary>
public enum WaitReason
{
    /// <summary>An agent has to confirm that domain and disks are gone.</summary>
    AgentConfirmation,

    /// <summary>A host runs a stray of this ID: an admin adopts or reaps it.</summary>
    FoundOnHost,

    /// <summary>The store was restored from a copy, and not every host has said yet what it runs (R9).</summary>
    Restored,

    /// <summary>The build failed and no other host is to be tried.</summary>
    BuildFailed,

    /// <summary>The Instance was deleted under a server that had started: its disks are gone, and only its user can say what now.</summary>
    PlaceLost,
}

/// <summary>Everything is as the protocol wants it.</summary>
public sealed record Settled : Step
{
    /// <inheritdoc/>
    public override bool Writes => false;
}
