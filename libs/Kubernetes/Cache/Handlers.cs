using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.Cache;

/// <summary>
/// Tells changes to handlers. A change that a handler fails on is owed to it: told again with back-off, and before any later change of the
/// same object. The other handlers, and this one for other objects, go on.
/// </summary>
/// <remarks>Not thread-safe; its owner holds a lock.</remarks>
internal sealed class Handlers<T>(string resource, TimeProvider time, ILogger logger)
    where T : KubernetesObject
{
    private static readonly TimeSpan s_maxDelay = TimeSpan.FromMinutes(1);

    private readonly List<Action<Change<T>>> _handlers = [];
    private readonly Dictionary<(int Handler, NamespacedName Key), Debt> _owed = [];

    /// <summary>What a handler failed on most recently, while anything is owed.</summary>
    public string? Trouble { get; private set; }

    /// <summary>How long until something owed is to be told again; null when nothing is.</summary>
    public TimeSpan? NextTry
    {
        get
        {
            if (_owed.Count == 0)
                return null;
            var wait = time.GetElapsedTime(time.GetTimestamp(), _owed.Values.Min(d => d.Due));
            return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        }
    }

    public void Add(Action<Change<T>> handler) => _handlers.Add(handler);

    public void Tell(NamespacedName key, in Change<T> change)
    {
        for (var i = 0; i < _handlers.Count; i++)
        {
            if (_owed.TryGetValue((i, key), out var debt))
                debt.Add(change);
            else if (!TryTell(i, key, change, failures: 1))
                _owed[(i, key)] = new Debt(change, Due(1));
        }
    }

    /// <summary>Tells again what is due.</summary>
    public void TellOwed()
    {
        var now = time.GetTimestamp();
        foreach (var (at, debt) in _owed.Where(o => o.Value.Due <= now).ToList())
        {
            while (debt.Changes.Count > 0 && TryTell(at.Handler, at.Key, debt.Changes[0], debt.Failures + 1))
                debt.Changes.RemoveAt(0);
            if (debt.Changes.Count == 0)
                _owed.Remove(at);
            else
                debt.Due = Due(++debt.Failures);
        }

        if (_owed.Count == 0)
            Trouble = null;
    }

    private bool TryTell(int handler, NamespacedName key, in Change<T> change, int failures)
    {
        try
        {
            _handlers[handler](change);
            return true;
        }
#pragma warning disable CA1031 // a handler may fail in any way; the change stays owed to it and is told again
        catch (Exception e)
#pragma warning restore CA1031
        {
            CacheMetrics.HandlerFailures.Add(1, new KeyValuePair<string, object?>("resource", resource));
            Trouble = $"a handler failed on {key}: {e.Message}";
            LogMessages.HandlerFailed(logger, e, resource, key.ToString(), failures);
            return false;
        }
    }

    private long Due(int failures)
    {
        var delay = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(failures - 1, 20)), s_maxDelay.TotalSeconds));
        return time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
    }

    private sealed class Debt(Change<T> first, long due)
    {
        public List<Change<T>> Changes { get; } = [first];

        public int Failures { get; set; } = 1;

        public long Due { get; set; } = due;

        /// <summary>Changes of one object that follow each other are one: from the first state to the last.</summary>
        public void Add(in Change<T> change)
        {
            if (change.Old is not null && Changes[^1].New is not null)
                Changes[^1] = change with { Old = Changes[^1].Old };
            else
                Changes.Add(change);
            if (Changes[^1] is { Old: null, New: null })
                Changes.RemoveAt(Changes.Count - 1);
        }
    }
}
