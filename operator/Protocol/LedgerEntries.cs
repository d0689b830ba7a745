using Kilonova.Crds;

namespace Kilonova.Operator.Protocol;

/// <summary>The entries of one instance ID in a host's ledger.</summary>
public static class LedgerEntries
{
    /// <summary>Entries of an instance ID.</summary>
    public static IReadOnlyList<Allocation> EntriesOf(ResourceProvider? ledger, string instanceID)
    {
        List<Allocation>? found = null;
        foreach (var entry in ledger?.Status?.Allocations ?? [])
        {
            if (entry.Id == instanceID)
                (found ??= []).Add(entry);
        }

        return found ?? (IReadOnlyList<Allocation>)[];
    }

    /// <summary>A ledger's entries without one of them.</summary>
    public static IReadOnlyList<Allocation> Without(ResourceProvider ledger, string instanceID, long epoch, string claimID)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        var entries = new List<Allocation>(ledger.Status?.Allocations ?? []);
        entries.RemoveAll(e => e.Id == instanceID && e.Epoch == epoch && e.ClaimID == claimID);
        return entries;
    }
}
