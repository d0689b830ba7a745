using Kilonova.Crds;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Operator.Placement;

/// <summary>What came of a claim.</summary>
public abstract record ClaimOutcome
{
    /// <summary>The entry is in the ledger.</summary>
    /// <param name="Entry">The entry; of an earlier claim when one was found.</param>
    public sealed record Held(Allocation Entry) : ClaimOutcome;

    /// <summary>The host has no room, no ledger, or one that others keep writing.</summary>
    public sealed record Refused(string Step, string Message) : ClaimOutcome;
}

/// <summary>Claims room in ledgers.</summary>
public static class LedgerClaims
{
    /// <summary>Claims; comes back when the entry is in the ledger or cannot be.</summary>
    /// <param name="ledgers">Writes ledgers.</param>
    /// <param name="host">Name of the Hypervisor.</param>
    /// <param name="decide">Whether the ledger, as it is now, has room: <c>Ledger.Claim</c> with the request and the host's policy.</param>
    /// <param name="cancellation">Cancels.</param>
    public static async Task<ClaimOutcome> ClaimAsync(this LedgerWriter ledgers, string host, Func<ResourceProvider, ClaimResult> decide, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ledgers);
        ArgumentNullException.ThrowIfNull(decide);
        return await ledgers.ChangeAsync(host, (ledger, _) => Task.FromResult(Edit(decide(ledger))), cancellation)
            ?? new ClaimOutcome.Refused("Ledger", "it has no ledger, or others kept writing it first");
    }

    private static SharedEdit<ClaimOutcome, IReadOnlyList<Allocation>> Edit(ClaimResult result) => result switch
    {
        ClaimResult.Claimed claimed => new(new ClaimOutcome.Held(claimed.Entry), claimed.Allocations),
        ClaimResult.AlreadyHeld held => new(new ClaimOutcome.Held(held.Entry), null),
        ClaimResult.Refused refused => new(new ClaimOutcome.Refused(refused.Step, refused.Message), null),
        _ => throw new InvalidOperationException($"{result} is no answer to a claim"),
    };
}
