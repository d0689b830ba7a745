using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Queue;

/// <summary>
/// Keys that need work. A key is in it once, however often it is added; it is never with two workers at a time: one that is
/// added while it is worked on comes back after <see cref="Done"/>. Failures are retried with exponential back-off.
/// </summary>
/// <remarks>Thread-safe. State is held under one lock; methods whose names end in <c>Locked</c> need it.</remarks>
/// <typeparam name="TKey">Key type.</typeparam>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly WorkQueueOptions _options;
    private readonly Dictionary<TKey, Entry> _entries = [];
    private readonly FairLane<TKey>[] _lanes = [new(), new(), new()];
    private readonly Func<TKey, string?>? _tenant;
    private readonly RequestRate? _retries;
    private readonly Meter _meter = new(ClientMetrics.MeterName);
    private readonly PriorityQueue<TKey, long> _delayed = new();
    private readonly SemaphoreSlim _ready = new(0);
    private readonly ITimer _timer;
    private readonly KeyValuePair<string, object?> _tag;
    private long _timerDue = long.MaxValue;
    private long _tickets;
    private int _count;
    private bool _shutDown;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="options">Name, back-off, clock.</param>
    /// <param name="tenant">Whose a key is: keys of the same lane are taken from their tenants in turn. It is called under the queue's lock.</param>
    public WorkQueue(WorkQueueOptions? options = null, Func<TKey, string?>? tenant = null)
    {
        _options = options ?? new WorkQueueOptions();
        _tenant = tenant;
        _retries = _options.RetriesPerSecond is { } rate ? new RequestRate(rate, _options.Time) : null;
        _tag = new("queue", _options.Name);
        _meter.CreateObservableGauge("kubernetes.workqueue.longest.running", () => new Measurement<double>(LongestRunning.TotalSeconds, _tag), "s", "How long the key that was taken first and is not done has been worked on.");
        _timer = _options.Time.CreateTimer(_ => AddDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keys that are ready and not taken.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _count;
        }
    }

    /// <summary>How long the key that was taken first and is not done has been worked on; zero when none is.</summary>
    public TimeSpan LongestRunning
    {
        get
        {
            lock (_lock)
                return _entries.Values.Where(e => e.Taken).Select(e => _options.Time.GetElapsedTime(e.Since)).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Makes a key ready now. One that is ready already only moves to a better lane.</summary>
    public void Add(TKey key, Priority priority = Priority.Normal)
    {
        lock (_lock)
            AddLocked(key, priority);
    }

    /// <summary>Makes a key ready after a while. Of several such calls the earliest counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay, Priority priority = Priority.Normal)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key, priority);
            return;
        }

        lock (_lock)
        {
            if (_shutDown)
                return;
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out _);
            var due = _options.Time.GetTimestamp() + (long)(delay.TotalSeconds * _options.Time.TimestampFrequency);
            if (entry.Due != 0 && entry.Due <= due)
                return;
            entry.Due = due;
            entry.DuePriority = priority;
            _delayed.Enqueue(key, due);
            ArmLocked(due);
        }
    }

    /// <summary>Counts a failure of the key and makes it ready after its back-off.</summary>
    /// <returns>The back-off.</returns>
    public TimeSpan AddRateLimited(TKey key, Priority priority = Priority.Normal)
    {
        TimeSpan delay;
        lock (_lock)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out _);
            var doubled = _options.BaseDelay.TotalMilliseconds * Math.Pow(2, Math.Min(entry.Failures, 40));
            // A quarter of jitter keeps keys that failed together from coming back together.
            delay = TimeSpan.FromMilliseconds(Math.Min(doubled, _options.MaxDelay.TotalMilliseconds) * (0.75 + (Random.Shared.NextDouble() / 4)));
            entry.Failures++;
        }

        if (_retries?.Reserve() is { } turn && turn > delay)
            delay = turn;
        QueueMetrics.Retries.Add(1, _tag);
        AddAfter(key, delay, priority);
        return delay;
    }

    /// <summary>Failures of the key since the last <see cref="Forget"/>.</summary>
    public int Failures(TKey key)
    {
        lock (_lock)
            return _entries.TryGetValue(key, out var entry) ? entry.Failures : 0;
    }

    /// <summary>Ends the key's history of failures: it succeeded.</summary>
    public void Forget(TKey key)
    {
        lock (_lock)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, key);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry))
                return;
            entry.Failures = 0;
            RemoveIfIdleLocked(key, entry);
        }
    }

    /// <summary>Waits for a ready key and takes it; null when the queue is shut down and empty.</summary>
    public async ValueTask<WorkItem<TKey>?> TakeAsync(CancellationToken cancel = default)
    {
        while (true)
        {
            await _ready.WaitAsync(cancel).ConfigureAwait(false);
            lock (_lock)
            {
                if (TakeLocked() is { } item)
                    return item;
                if (_shutDown)
                {
                    // Hands the wake-up on: every waiter must learn of the end.
                    _ready.Release();
                    return null;
                }
            }
        }
    }

    /// <summary>Gives a key back. If it was added meanwhile it is ready again.</summary>
    /// <exception cref="InvalidOperationException">The key was not taken.</exception>
    public void Done(TKey key)
    {
        lock (_lock)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, key);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry) || !entry.Taken)
                throw new InvalidOperationException($"{key} was not taken");
            entry.Taken = false;
            QueueMetrics.WorkDuration.Record(_options.Time.GetElapsedTime(entry.Since).TotalSeconds, _tag);
            if (entry.Again)
            {
                entry.Again = false;
                AddLocked(key, entry.Priority);
            }
            else
            {
                RemoveIfIdleLocked(key, entry);
            }
        }
    }

    /// <summary>Accepts no more keys. What waits for its time is dropped.</summary>
    /// <param name="drain">Still hands out what is ready; otherwise that is dropped too.</param>
    public void ShutDown(bool drain = false)
    {
        lock (_lock)
        {
            if (_shutDown)
                return;
            _shutDown = true;
            _delayed.Clear();
            if (!drain)
            {
                foreach (var lane in _lanes)
                    lane.Clear();
                QueueMetrics.Depth.Add(-_count, _tag);
                _count = 0;
            }

            _ready.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ShutDown();
        _timer.Dispose();
        _meter.Dispose();
    }

    private void AddLocked(TKey key, Priority priority)
    {
        if (_shutDown)
            return;
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out _);
        if (entry.Taken)
        {
            entry.Priority = entry.Again ? Better(entry.Priority, priority) : priority;
            entry.Again = true;
            return;
        }

        if (entry.Ticket != 0)
        {
            if (Better(priority, entry.Priority) == entry.Priority)
                return;
        }
        else
        {
            entry.Since = _options.Time.GetTimestamp();
            _count++;
            QueueMetrics.Depth.Add(1, _tag);
            QueueMetrics.Adds.Add(1, _tag);
            _ready.Release();
        }

        // A ticket of an earlier lane is void from now on and passed over when it comes up.
        entry.Priority = priority;
        entry.Ticket = ++_tickets;
        _lanes[(int)priority].Enqueue(key, entry.Ticket, _tenant?.Invoke(key) ?? "");
    }

    private WorkItem<TKey>? TakeLocked()
    {
        foreach (var priority in (ReadOnlySpan<Priority>)[Priority.High, Priority.Normal, Priority.Low])
        {
            while (_lanes[(int)priority].TryDequeue(out var key, out var ticket))
            {
                ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, key);
                if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry) || entry.Ticket != ticket)
                    continue;
                var now = _options.Time.GetTimestamp();
                QueueMetrics.Latency.Record(_options.Time.GetElapsedTime(entry.Since, now).TotalSeconds, _tag);
                QueueMetrics.Depth.Add(-1, _tag);
                _count--;
                entry.Ticket = 0;
                entry.Taken = true;
                entry.Since = now;
                return new WorkItem<TKey>(key, priority);
            }
        }

        return null;
    }

    private void AddDue()
    {
        lock (_lock)
        {
            _timerDue = long.MaxValue;
            var now = _options.Time.GetTimestamp();
            while (_delayed.TryPeek(out var key, out var due))
            {
                if (due > now)
                {
                    ArmLocked(due);
                    return;
                }

                _delayed.Dequeue();
                ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, key);
                if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry) || entry.Due != due)
                    continue;
                entry.Due = 0;
                AddLocked(key, entry.DuePriority);
            }
        }
    }

    private void ArmLocked(long due)
    {
        if (due >= _timerDue)
            return;
        _timerDue = due;
        var wait = _options.Time.GetElapsedTime(_options.Time.GetTimestamp(), due);
        // Timers count whole milliseconds: rounding up keeps them from firing just before the time.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(wait.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    private void RemoveIfIdleLocked(TKey key, in Entry entry)
    {
        if (entry is { Taken: false, Ticket: 0, Due: 0, Failures: 0 })
            _entries.Remove(key);
    }

    private static Priority Better(Priority a, Priority b) => Rank(a) <= Rank(b) ? a : b;

    private static int Rank(Priority priority) => priority switch { Priority.High => 0, Priority.Normal => 1, _ => 2 };

    private struct Entry
    {
        /// <summary>Not 0: ready, under this ticket.</summary>
        public long Ticket;

        /// <summary>Not 0: becomes ready at this timestamp.</summary>
        public long Due;

        /// <summary>When it became ready, or was taken.</summary>
        public long Since;

        public int Failures;
        public Priority Priority;
        public Priority DuePriority;
        public bool Taken;
        public bool Again;
    }
}
