using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Cache;

/// <summary>Finds cached objects by a value computed from them. Made by <see cref="Informer{T}.AddIndex(Func{T, string?})"/>.</summary>
/// <typeparam name="T">The kind's record.</typeparam>
public sealed class Index<T>
    where T : KubernetesObject
{
    private readonly Lock _lock;
    private readonly Func<T, IEnumerable<string>> _values;
    private readonly Dictionary<string, List<T>> _buckets = [];

    internal Index(Lock storeLock, Func<T, IEnumerable<string>> values)
    {
        _lock = storeLock;
        _values = values;
    }

    /// <summary>The objects with that value, as of now.</summary>
    public IReadOnlyList<T> Get(string value)
    {
        lock (_lock)
            return _buckets.TryGetValue(value, out var bucket) ? bucket.ToArray() : [];
    }

    /// <summary>How many objects have that value.</summary>
    public int Count(string value)
    {
        lock (_lock)
            return _buckets.TryGetValue(value, out var bucket) ? bucket.Count : 0;
    }

    internal void AddLocked(T obj)
    {
        foreach (var value in _values(obj))
        {
            if (!_buckets.TryGetValue(value, out var bucket))
                _buckets[value] = bucket = new List<T>(1);
            bucket.Add(obj);
        }
    }

    internal void RemoveLocked(T obj)
    {
        foreach (var value in _values(obj))
        {
            if (!_buckets.TryGetValue(value, out var bucket))
                continue;
            var at = bucket.FindIndex(o => ReferenceEquals(o, obj));
            if (at < 0)
                continue;
            bucket[at] = bucket[^1];
            bucket.RemoveAt(bucket.Count - 1);
            if (bucket.Count == 0)
                _buckets.Remove(value);
        }
    }
}
