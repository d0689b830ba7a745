namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>
/// What can be switched off, to show what it is for. The product has no such switches: the simulated store, host or mover does, or answers, what a program without
/// the rule would have written, read or remembered.
/// </summary>
[Flags]
internal enum Rules
{
    /// <summary>Everything as it is.</summary>
    None = 0,

    /// <summary>R1: a bound entry goes with its Server although no agent confirmed.</summary>
    Confirmation = 1 << 0,

    /// <summary>R1: Instances have no <c>ledger</c> finalizer, so they go before their entry does.</summary>
    LedgerFinalizer = 1 << 1,

    /// <summary>R1: deletes go by name.</summary>
    DeleteByUid = 1 << 2,

    /// <summary>R2: every claim on a host has the same ID.</summary>
    ClaimID = 1 << 3,

    /// <summary>R2: claims of migrations look like those of Servers.</summary>
    HolderKind = 1 << 4,

    /// <summary>R3: a guest is moved without a note at its source.</summary>
    Note = 1 << 5,

    /// <summary>R4: what was read before the Lease was renewed counts.</summary>
    LeaseFirst = 1 << 6,

    /// <summary>R5: raising a number unbinds.</summary>
    RaiseApart = 1 << 7,

    /// <summary>R6: what justifies a write is not read by quorum after its guard.</summary>
    ReadAfterGuard = 1 << 8,

    /// <summary>R7: a note is cleared without asking the agents.</summary>
    AbortAgreed = 1 << 9,

    /// <summary>R8: a void note is not cleared.</summary>
    VoidNote = 1 << 10,

    /// <summary>R9: after a restore everybody goes on at once.</summary>
    RestoreHold = 1 << 11,

    /// <summary>Agents forget what they removed or gave up, once its Instance is gone.</summary>
    Tombstones = 1 << 12,

    /// <summary>Members of a group are written over whatever others have written meanwhile.</summary>
    GroupGuard = 1 << 13,
}
