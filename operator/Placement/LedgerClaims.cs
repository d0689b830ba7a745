using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Operator.Placement;

/// <summary>One claim on one host.</summary>
/// <param name="Host">Name of the Hypervisor.</param>
/// <param name="Identity">Who claims, under which number.</param>
/// <param name="Decide">Whether the ledger, as it is now, has room: <c>Ledger.Claim</c> with the request and the host's policy.</param>
public sealed record ClaimRequest(string Host, ClaimIdentity Identity, Func<ResourceProvider, ClaimResult> Decide);

/// <summary>What came of a claim.</summary>
public abstract record ClaimOutcome
{
    /// <summary>The entry is in the ledger.</summary>
    /// <param name="Entry">The entry; of an earlier claim when one was found.</param>
    public sealed record Held(Allocation Entry) : ClaimOutcome;

    /// <summary>The host has no room, or no ledger.</summary>
    public sealed record Refused(string Step, string Message) : ClaimOutcome;

    /// <summary>Others kept writing the ledger first.</summary>
    public sealed record Contended : ClaimOutcome;
}

/// <summary>
/// Writes claims into ledgers. One write per host is under way at a time; claims that come meanwhile share the next one, so that many servers on
/// one host cost few writes and do not refuse each other.
/// </summary>
/// <param name="store">Quorum reads and guarded writes.</param>
/// <param name="known">The ledger as last seen, to save a read: an old one is refused by its version.</param>
public sealed class LedgerClaims(IPlacementStore store, Func<string, ResourceProvider?> known)
{
    /// <summary>How often one provider is read again after a conflict and the claim refitted; this is no attempt at another host.</summary>
    public const int MaxConflicts = 3;

    private readonly ConcurrentDictionary<string, HostQueue> _hosts = new(StringComparer.Ordinal);

    /// <summary>Claims; comes back when the entry is in the ledger or cannot be.</summary>
    public Task<ClaimOutcome> ClaimAsync(ClaimRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        var pending = new Pending(request);
        var queue = _hosts.GetOrAdd(request.Host, static _ => new HostQueue());
        lock (queue)
        {
            queue.Waiting.Add(pending);
            if (queue.Writing)
                return pending.Answer.Task;
            queue.Writing = true;
        }

        return DrainAndAnswerAsync(request.Host, queue, pending, cancellation);
    }

    private async Task<ClaimOutcome> DrainAndAnswerAsync(string host, HostQueue queue, Pending mine, CancellationToken cancellation)
    {
        await DrainAsync(host, queue, cancellation);
        return await mine.Answer.Task;
    }

    private async Task DrainAsync(string host, HostQueue queue, CancellationToken cancellation)
    {
        while (true)
        {
            Pending[] batch;
            lock (queue)
            {
                batch = [.. queue.Waiting];
                queue.Waiting.Clear();
                if (batch.Length == 0)
                {
                    queue.Writing = false;
                    return;
                }
            }

            try
            {
                await WriteAsync(host, batch, cancellation);
            }
#pragma warning disable CA1031 // Whatever went wrong, those that wait must hear of it; the next batch starts anew.
            catch (Exception e)
#pragma warning restore CA1031
            {
                foreach (var pending in batch)
                    pending.Answer.TrySetException(e);
            }
        }
    }

    private async Task WriteAsync(string host, Pending[] batch, CancellationToken cancellation)
    {
        var ledger = known(host);
        for (var conflicts = 0; ; conflicts++)
        {
            ledger ??= await store.ReadLedgerAsync(host, cancellation);
            if (ledger is null)
            {
                Answer(batch, new ClaimOutcome.Refused("Ledger", $"{host} has no ResourceProvider"));
                return;
            }

            var (wanted, held) = Decide(ledger, batch);
            if (held.Count == 0)
                return;
            var outcome = await store.WriteLedgerAsync(ledger, wanted.Status!, cancellation);
            if (outcome.Done)
            {
                foreach (var (pending, entry) in held)
                    pending.Answer.TrySetResult(new ClaimOutcome.Held(entry));
                return;
            }

            batch = [.. held.Select(h => h.Pending)];
            if (conflicts == MaxConflicts)
            {
                Answer(batch, new ClaimOutcome.Contended());
                return;
            }

            ledger = null;
        }
    }

    /// <summary>Adds what fits, one claim after the other; answers those that need no write.</summary>
    private static (ResourceProvider Wanted, List<(Pending Pending, Allocation Entry)> Held) Decide(ResourceProvider ledger, Pending[] batch)
    {
        var wanted = ledger;
        var held = new List<(Pending, Allocation)>(batch.Length);
        foreach (var pending in batch)
        {
            switch (pending.Request.Decide(wanted))
            {
                case ClaimResult.Claimed claimed:
                    wanted = wanted with { Status = (wanted.Status ?? new ResourceProviderStatus()) with { Allocations = claimed.Allocations } };
                    held.Add((pending, claimed.Entry));
                    break;
                case ClaimResult.AlreadyHeld already:
                    pending.Answer.TrySetResult(new ClaimOutcome.Held(already.Entry));
                    break;
                case ClaimResult.Refused refused:
                    pending.Answer.TrySetResult(new ClaimOutcome.Refused(refused.Step, refused.Message));
                    break;
            }
        }

        return (wanted, held);
    }

    private static void Answer(Pending[] batch, ClaimOutcome outcome)
    {
        foreach (var pending in batch)
            pending.Answer.TrySetResult(outcome);
    }

    private sealed class HostQueue
    {
        public List<Pending> Waiting { get; } = [];

        public bool Writing { get; set; }
    }

    private sealed record Pending(ClaimRequest Request)
    {
        // Continuations run elsewhere, or the first waiter's work would hold up the next write.
        public TaskCompletionSource<ClaimOutcome> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
