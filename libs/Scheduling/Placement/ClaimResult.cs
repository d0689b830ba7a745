using Kilonova.Crds;

namespace Kilonova.Scheduling.Placement;

/// <summary>Who claims, under which number.</summary>
/// <param name="InstanceID">Instance ID.</param>
/// <param name="Epoch">Placement number of the claim.</param>
/// <param name="ClaimID">Random mark of this very claim, made by the caller.</param>
/// <param name="Holder"><c>Server/namespace/name</c> or <c>Migration/namespace/name</c>.</param>
public sealed record ClaimIdentity(string InstanceID, long Epoch, string ClaimID, string Holder);

/// <summary>What came of a claim.</summary>
public abstract record ClaimResult
{
    private ClaimResult()
    {
    }

    /// <summary>There is room: write the list, guarded by the version of the provider that was read.</summary>
    /// <param name="Entry">The new entry.</param>
    /// <param name="Allocations">The whole new list.</param>
    public sealed record Claimed(Allocation Entry, IReadOnlyList<Allocation> Allocations) : ClaimResult;

    /// <summary>The entry is there already, from an earlier try of the same kind of holder: go on with its claim ID; nothing is to be written.</summary>
    /// <param name="Entry">The entry.</param>
    public sealed record AlreadyHeld(Allocation Entry) : ClaimResult;

    /// <summary>No room, or the ledger holds another entry of the instance: try the next host.</summary>
    /// <param name="Step">Resource class that lacks, or <c>Ledger</c>.</param>
    /// <param name="Message">Why, with numbers.</param>
    public sealed record Refused(string Step, string Message) : ClaimResult;
}
