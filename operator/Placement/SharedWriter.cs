using System.Collections.Concurrent;

namespace Kilonova.Operator.Placement;

/// <summary>What a change makes of an object that many servers share.</summary>
/// <typeparam name="T">What its caller is told.</typeparam>
/// <typeparam name="TEntries">The entries that are changed.</typeparam>
/// <param name="Result">Told when the object is written; at once when nothing is to be written.</param>
/// <param name="Wanted">The entries as they are to be; null when nothing is to be written.</param>
public readonly record struct SharedEdit<T, TEntries>(T Result, TEntries? Wanted)
    where TEntries : class;

/// <summary>
/// Writes entries of objects that many servers share. One write per object is under way at a time; changes that come meanwhile share the next one, so that many
/// servers on one host, or in one group, cost few writes and do not refuse each other.
/// </summary>
/// <remarks>
/// The guard is kept for each change of a batch alike: the object is read first, then each change reads what justifies it (R6), then all are written in one
/// update that any other write since refuses. Then all are made anew on a fresh read.
/// </remarks>
/// <typeparam name="TKey">Names an object.</typeparam>
/// <typeparam name="TObject">The object.</typeparam>
/// <typeparam name="TEntries">Its entries.</typeparam>
public abstract class SharedWriter<TKey, TObject, TEntries>
    where TKey : notnull
    where TObject : class
    where TEntries : class
{
    /// <summary>How often one object is read again after a conflict and the change made anew; for a claim this is no attempt at another host.</summary>
    public const int MaxConflicts = 3;

    private readonly ConcurrentDictionary<TKey, Queue> _queues = new();

    /// <summary>Changes an object; comes back when it is written or need not be.</summary>
    /// <param name="key">Names the object.</param>
    /// <param name="edit">Makes the change on an object that was read before it is called; may be called again on a newer one.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <returns>The edit's result; null when there is no such object, or others kept writing it first.</returns>
    public async Task<T?> ChangeAsync<T>(TKey key, Func<TObject, CancellationToken, Task<SharedEdit<T, TEntries>>> edit, CancellationToken cancellation)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(edit);
        var pending = new Pending(async (read, cancel) =>
        {
            var made = await edit(read, cancel);
            return (made.Result, made.Wanted);
        });
        var queue = _queues.GetOrAdd(key, static _ => new Queue());
        bool first;
        lock (queue)
        {
            queue.Waiting.Add(pending);
            first = !queue.Writing;
            queue.Writing = true;
        }

        if (first)
            await DrainAsync(key, queue, cancellation);
        return (T?)await pending.Answer.Task;
    }

    /// <summary>The object as last seen, to save a read: an old one is refused by its version.</summary>
    protected abstract TObject? Known(TKey key);

    /// <summary>Reads it by quorum.</summary>
    protected abstract Task<TObject?> ReadAsync(TKey key, CancellationToken cancellation);

    /// <summary>It with other entries.</summary>
    protected abstract TObject With(TObject read, TEntries entries);

    /// <summary>Writes it, guarded by the version that was read.</summary>
    /// <returns>False when the guard refused.</returns>
    protected abstract Task<bool> TryWriteAsync(TObject read, TObject wanted, CancellationToken cancellation);

    private async Task DrainAsync(TKey key, Queue queue, CancellationToken cancellation)
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
                await WriteAsync(key, batch, cancellation);
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

    private async Task WriteAsync(TKey key, Pending[] batch, CancellationToken cancellation)
    {
        var shared = Known(key);
        for (var conflicts = 0; ; conflicts++)
        {
            shared ??= await ReadAsync(key, cancellation);
            if (shared is null)
            {
                Answer(batch, null);
                return;
            }

            // One after the other on the same object: each sees what those before it want.
            var wanted = shared;
            var made = new List<(Pending Pending, object Result)>(batch.Length);
            foreach (var pending in batch)
            {
                var (result, entries) = await pending.Edit(wanted, cancellation);
                if (entries is null)
                {
                    pending.Answer.TrySetResult(result);
                    continue;
                }

                wanted = With(wanted, entries);
                made.Add((pending, result));
            }

            if (made.Count == 0)
                return;
            if (await TryWriteAsync(shared, wanted, cancellation))
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

            shared = null;
        }
    }

    private static void Answer(Pending[] batch, object? result)
    {
        foreach (var pending in batch)
            pending.Answer.TrySetResult(result);
    }

    private sealed class Queue
    {
        public List<Pending> Waiting { get; } = [];

        public bool Writing { get; set; }
    }

    private sealed record Pending(Func<TObject, CancellationToken, Task<(object Result, TEntries? Wanted)>> Edit)
    {
        // Continuations run elsewhere, or the first waiter's work would hold up the next write.
        public TaskCompletionSource<object?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
