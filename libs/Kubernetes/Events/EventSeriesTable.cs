using Kilonova.Kubernetes.Core;

namespace Kilonova.Kubernetes.Events;

/// <summary>What makes two occurrences the same event; the note is not part of it.</summary>
internal sealed record EventKey(string? ApiVersion, string? Kind, string? Namespace, string? Name, string? Uid, EventType Type, string Reason, string Action);

/// <summary>One occurrence.</summary>
internal sealed record Occurrence(EventKey Key, ObjectReference Regarding, string Note, DateTimeOffset At);

/// <summary>What to do with an occurrence.</summary>
internal enum SeriesVerdict
{
    /// <summary>Write a new event.</summary>
    First,

    /// <summary>It was counted; the event is updated when its time comes.</summary>
    Counted,

    /// <summary>Too much about this object.</summary>
    Throttled,
}

/// <summary>Which events repeat, when they are to be updated, and how much is said about each object. For one thread.</summary>
internal sealed class EventSeriesTable(EventRecorderOptions options, TimeProvider time)
{
    private readonly Dictionary<EventKey, Series> _series = [];
    private readonly Dictionary<(string?, string?, string?), Bucket> _buckets = [];

    public SeriesVerdict Add(Occurrence occurrence)
    {
        var now = time.GetTimestamp();
        if (_series.TryGetValue(occurrence.Key, out var series) && time.GetElapsedTime(series.SeenAt, now) < options.SeriesWindow)
        {
            series.Count++;
            series.Last = occurrence;
            series.SeenAt = now;
            series.Changed = true;
            return SeriesVerdict.Counted;
        }

        if (!Spend(occurrence.Key, now))
            return SeriesVerdict.Throttled;
        if (_series.Count >= options.MaxSeries)
            Forget(now);
        _series[occurrence.Key] = new Series(occurrence, now);
        return SeriesVerdict.First;
    }

    public Series? Find(EventKey key) => _series.GetValueOrDefault(key);

    public void Remove(EventKey key) => _series.Remove(key);

    /// <summary>Time until a counted series may be written again; infinite when there is none.</summary>
    public TimeSpan NextUpdate()
    {
        var now = time.GetTimestamp();
        var next = Timeout.InfiniteTimeSpan;
        foreach (var series in _series.Values)
        {
            if (!series.Changed)
                continue;
            var wait = options.SeriesUpdateInterval - time.GetElapsedTime(series.WrittenAt, now);
            if (wait < TimeSpan.Zero)
                wait = TimeSpan.Zero;
            if (next == Timeout.InfiniteTimeSpan || wait < next)
                next = wait;
        }

        return next;
    }

    /// <summary>The series to be written now; counts as written.</summary>
    public List<EventKey> TakeDue(bool all)
    {
        var now = time.GetTimestamp();
        var due = new List<EventKey>();
        foreach (var (key, series) in _series)
        {
            if (!series.Changed || (!all && time.GetElapsedTime(series.WrittenAt, now) < options.SeriesUpdateInterval))
                continue;
            series.Changed = false;
            series.WrittenAt = now;
            due.Add(key);
        }

        return due;
    }

    private bool Spend(EventKey key, long now)
    {
        var about = (key.Kind, key.Namespace, key.Name);
        if (!_buckets.TryGetValue(about, out var bucket))
            bucket = new Bucket(options.BurstPerObject, now);
        var tokens = Math.Min(options.BurstPerObject, bucket.Tokens + (time.GetElapsedTime(bucket.At, now) / options.RefillPerObject));
        var allowed = tokens >= 1;
        _buckets[about] = new Bucket(allowed ? tokens - 1 : tokens, now);
        return allowed;
    }

    /// <summary>Drops what is past its window, or the older half when nothing is; full buckets need not be remembered.</summary>
    private void Forget(long now)
    {
        foreach (var (key, series) in _series)
        {
            if (time.GetElapsedTime(series.SeenAt, now) >= options.SeriesWindow)
                _series.Remove(key);
        }

        if (_series.Count >= options.MaxSeries)
        {
            foreach (var key in _series.OrderBy(s => s.Value.SeenAt).Take(_series.Count / 2).Select(s => s.Key).ToList())
                _series.Remove(key);
        }

        foreach (var (about, bucket) in _buckets)
        {
            if (bucket.Tokens + (time.GetElapsedTime(bucket.At, now) / options.RefillPerObject) >= options.BurstPerObject)
                _buckets.Remove(about);
        }
    }

    internal sealed class Series(Occurrence first, long now)
    {
        public int Count { get; set; } = 1;

        public Occurrence Last { get; set; } = first;

        public long SeenAt { get; set; } = now;

        public long WrittenAt { get; set; } = now;

        /// <summary>Counted since it was written.</summary>
        public bool Changed { get; set; }

        /// <summary>The event's object, once it exists.</summary>
        public Event? Written { get; set; }
    }

    private readonly record struct Bucket(double Tokens, long At);
}
