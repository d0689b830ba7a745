using System.Collections.Concurrent;
using Kilonova.Crds;

namespace Kilonova.Operator.Placement;

/// <summary>What a change makes of a ledger.</summary>
/// <typeparam name="T">What its caller is told.</typeparam>
/// <param name="Result">Told when the ledger is written; at once when nothing is to be written.</param>
/// <param name="Wanted">The entries as they are to be; null when nothing is to be written.</param>
public readonly record struct LedgerEdit<T>(T Result, IReadOnlyList<Allocation>? Wanted);

/// <summary>
/// Writes ledgers. One write per host is under way at a time; changes that come meanwhile share the next one, so that many servers on one host cost few writes
/// and do not refuse each other.
/// </summary>
/// <remarks>
/// The guard is kept for each change of a batch alike: the ledger is read first, then each change reads what justifies it (R6), then all are written in one
/// update that any other write since refuses. Then all are made anew on a fresh read.
/// </remarks>
/// <param name="store">Quorum reads and guarded writes.</param>
/// <param name="known">The ledger as last seen, to save a read: an old one is refused by its version.</param>
public sealed class LedgerWriter(IPlacementStore store, Func<string, ResourceProvider?> known)
{
    /// <summary>How often one provider is read again after a conflict and the change made anew; for a claim this is no attempt at another host.</summary>
    public const int MaxConflicts = 3;

    private readonly ConcurrentDictionary<string, HostQueue> _hosts = new(StringComparer.Ordinal);

    /// <summary>Changes a ledger; comes back when it is written or need not be.</summary>
    /// <param name="host">Name of the Hypervisor.</param>
    /// <param name="edit">Makes the change on a ledger that was read before it is called; may be called again on a newer one.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <returns>The edit's result; null when there is no ledger, or others kept writing it first.</returns>
    public async Task<T?> ChangeAsync<T>(string host, Func<ResourceProvider, CancellationToken, Task<LedgerEdit<T>>> edit, CancellationToken cancellation)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(edit);
        var pending = new Pending(async (ledger, cancel) =>
        {
            var made = await edit(ledger, cancel);
            return (made.Result, made.Wanted);
        });
        var queue = _hosts.GetOrAdd(host, static _ => new HostQueue());
        bool first;
        lock (queue)
        {
            queue.Waiting.Add(pending);
            first = !queue.Writing;
            queue.Writing = true;
        }

        if (first)
            await DrainAsync(host, queue, cancellation);
        return (T?)await pending.Answer.Task;
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
                Answer(batch, null);
                return;
            }

            // One after the other on the same ledger: each sees what those before it want.
            var wanted = ledger;
            var made = new List<(Pending Pending, object Result)>(batch.Length);
            foreach (var pending in batch)
            {
                var (result, entries) = await pending.Edit(wanted, cancellation);
                if (entries is null)
                {
                    pending.Answer.TrySetResult(result);
                    continue;
                }

                wanted = wanted with { Status = (wanted.Status ?? new ResourceProviderStatus()) with { Allocations = entries } };
                made.Add((pending, result));
            }

            if (made.Count == 0)
                return;
            if ((await store.WriteLedgerAsync(ledger, wanted.Status!, cancellation)).Done)
            {
                foreach (var (pending, result) in made)
                    pending.Answer.TrySetResult(result);
                return;
            }

            batch = [.. made.Select(m => m.Pending)];
            if (conflicts == MaxConflicts)
            {
                Answer(batch, null);
                return;
            }

            ledger = null;
        }
    }

    private static void Answer(Pending[] batch, object? result)
    {
        foreach (var pending in batch)
            pending.Answer.TrySetResult(result);
    }

    private sealed class HostQueue
    {
        public List<Pending> Waiting { get; } = [];

        public bool Writing { get; set; }
    }

    private sealed record Pending(Func<ResourceProvider, CancellationToken, Task<(object Result, IReadOnlyList<Allocation>? Wanted)>> Edit)
    {
        // Continuations run elsewhere, or the first waiter's work would hold up the next write.
        public TaskCompletionSource<object?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
