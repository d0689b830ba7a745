using System.Diagnostics.CodeAnalysis;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Cache;

/// <summary>The objects of an informer and their indexes, under one lock. Objects are immutable: what is read is a snapshot.</summary>
internal sealed class ObjectStore<T>
    where T : KubernetesObject
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NamespacedName, T> _objects = [];
    private readonly List<Index<T>> _indexes = [];

    public int Count
    {
        get
        {
            lock (_lock)
                return _objects.Count;
        }
    }

    public Index<T> AddIndex(Func<T, IEnumerable<string>> values)
    {
        lock (_lock)
        {
            var index = new Index<T>(_lock, values);
            foreach (var obj in _objects.Values)
                index.AddLocked(obj);
            _indexes.Add(index);
            return index;
        }
    }

    public bool TryGet(NamespacedName key, [NotNullWhen(true)] out T? obj)
    {
        lock (_lock)
            return _objects.TryGetValue(key, out obj);
    }

    public T[] ToArray()
    {
        lock (_lock)
            return [.. _objects.Values];
    }

    public NamespacedName[] Keys()
    {
        lock (_lock)
            return [.. _objects.Keys];
    }

    public void Set(NamespacedName key, T obj)
    {
        lock (_lock)
        {
            if (_objects.TryGetValue(key, out var old))
                Unindex(old);
            _objects[key] = obj;
            foreach (var index in _indexes)
                index.AddLocked(obj);
        }
    }

    public void Remove(NamespacedName key)
    {
        lock (_lock)
        {
            if (_objects.Remove(key, out var old))
                Unindex(old);
        }
    }

    private void Unindex(T old)
    {
        foreach (var index in _indexes)
            index.RemoveLocked(old);
    }
}
