using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Watch;

namespace Kilonova.Kubernetes.Cache;

/// <summary>
/// Events that were read and not applied yet: of each object the latest only, in the order of those. So whoever reads a watch never waits
/// for a slow handler, and what waits is no more than one event for each object. An object that was deleted and made anew shows it by its UID.
/// </summary>
internal sealed class PendingEvents<T>(TimeProvider time) : IDisposable
    where T : KubernetesObject
{
    private static readonly NamespacedName s_bookmark = new("");

    private readonly Lock _lock = new();
    private readonly LinkedList<WatchEvent<T>> _events = [];
    private readonly Dictionary<NamespacedName, LinkedListNode<WatchEvent<T>>> _byKey = [];
    private readonly SemaphoreSlim _more = new(0, 1);
    private bool _complete;

    public void Add(in WatchEvent<T> happened)
    {
        // Of a type that does not exist yet: tells nothing and moves nothing.
        if (happened is { Type: WatchEventType.Bookmark, ResourceVersion: null })
            return;
        var key = happened.HasObject ? NamespacedName.Of(happened.Object) : happened.Failure?.Key ?? s_bookmark;
        lock (_lock)
        {
            // Behind everything older: versions must be seen to rise.
            if (_byKey.Remove(key, out var older))
                _events.Remove(older);
            _byKey[key] = _events.AddLast(happened);
            SignalLocked();
        }
    }

    /// <summary>No more events will come.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _complete = true;
            SignalLocked();
        }
    }

    /// <summary>Takes the next event, waiting for it up to <paramref name="patience"/>.</summary>
    /// <param name="patience">How long to wait; null for as long as it takes.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The event, if one came; whether more can come.</returns>
    public async ValueTask<(WatchEvent<T>? Event, bool More)> TakeAsync(TimeSpan? patience, CancellationToken cancel)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_events.First is { } first)
                {
                    _events.RemoveFirst();
                    var happened = first.Value;
                    _byKey.Remove(happened.HasObject ? NamespacedName.Of(happened.Object) : happened.Failure?.Key ?? s_bookmark);
                    return (happened, true);
                }

                if (_complete)
                    return (null, false);
            }

            if (!await WaitAsync(patience, cancel).ConfigureAwait(false))
                return (null, true);
        }
    }

    public void Dispose() => _more.Dispose();

    private void SignalLocked()
    {
        if (_more.CurrentCount == 0)
            _more.Release();
    }

    private async Task<bool> WaitAsync(TimeSpan? patience, CancellationToken cancel)
    {
        if (patience is not { } limit)
        {
            await _more.WaitAsync(cancel).ConfigureAwait(false);
            return true;
        }

        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        try
        {
            await _more.WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }
}
