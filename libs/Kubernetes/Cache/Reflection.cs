using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Watch;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.Cache;

/// <summary>A watch told of a version older than one seen before: the server's store was restored from a backup.</summary>
internal sealed class StoreWentBackException(string message) : Exception(message);

/// <summary>
/// Applies lists and events to the store and tells the handlers. One thing at a time: a change is in the store before
/// it is told, and changes are told in the order of the store.
/// </summary>
internal sealed class Reflection<T>(string resource, Func<T, T>? transform, TimeProvider time, ILogger logger)
    where T : KubernetesObject
{
    private readonly Lock _lock = new();
    private readonly KeyValuePair<string, object?> _tag = new("resource", resource);
    private readonly Dictionary<NamespacedName, DecodeFailure> _undecodable = [];

    public ObjectStore<T> Store { get; } = new();

    public Handlers<T> Handlers { get; } = new(resource, time, logger);

    public string? ResourceVersion { get; private set; }

    public IReadOnlyList<DecodeFailure> Undecodable
    {
        get
        {
            lock (_lock)
                return [.. _undecodable.Values];
        }
    }

    /// <summary>What a handler failed on, while that is owed to it.</summary>
    public string? HandlerTrouble
    {
        get
        {
            lock (_lock)
                return Handlers.Trouble;
        }
    }

    /// <summary>Tells again what handlers failed on and is due.</summary>
    /// <returns>How long until more is due; null when nothing is owed.</returns>
    public TimeSpan? TellOwed()
    {
        lock (_lock)
        {
            if (Handlers.NextTry == TimeSpan.Zero)
                Handlers.TellOwed();
            return Handlers.NextTry;
        }
    }

    /// <summary>Makes the store equal to a list.</summary>
    public void Replace(ResourceList<T> list)
    {
        lock (_lock)
        {
            // After a restore versions count from an earlier one: what looks newer is of a future that did not happen.
            var wentBack = ResourceVersions.Compare(list.ResourceVersion, ResourceVersion) < 0;
            var listed = new HashSet<NamespacedName>(list.Items.Count);
            foreach (var obj in list.Items)
            {
                listed.Add(NamespacedName.Of(obj));
                Upsert(obj, evenIfOlder: wentBack);
            }

            _undecodable.Clear();
            foreach (var failure in list.Failures)
            {
                listed.Add(failure.Key);
                NoteUndecodable(failure);
            }

            foreach (var key in Store.Keys())
            {
                if (listed.Contains(key) || !Store.TryGet(key, out var old))
                    continue;
                // A write of our own that the list is too old to show.
                if (!wentBack && ResourceVersions.Compare(old.Metadata.ResourceVersion, list.ResourceVersion) > 0)
                    continue;
                Remove(key, old, finalStateUnknown: true);
            }

            ResourceVersion = list.ResourceVersion;
        }
    }

    /// <exception cref="StoreWentBackException">The event is older than what was seen.</exception>
    public void Apply(in WatchEvent<T> happened)
    {
        CacheMetrics.Events.Add(1, _tag);
        lock (_lock)
        {
            if (happened.ResourceVersion is { Length: > 0 } version)
            {
                if (ResourceVersions.Compare(version, ResourceVersion) < 0)
                    throw new StoreWentBackException($"the server is at {version} although it was at {ResourceVersion}");
            }
            else
            {
                version = ResourceVersion!;
            }

            switch (happened.Type)
            {
                case WatchEventType.Added or WatchEventType.Modified:
                    Upsert(happened.Object!, evenIfOlder: false);
                    break;
                case WatchEventType.Deleted:
                    Delete(happened.Object!);
                    break;
                case WatchEventType.Undecodable when happened.Failure!.Deleted:
                    _undecodable.Remove(happened.Failure.Key);
                    if (Store.TryGet(happened.Failure.Key, out var gone))
                        Remove(happened.Failure.Key, gone, finalStateUnknown: true);
                    break;
                case WatchEventType.Undecodable:
                    NoteUndecodable(happened.Failure!);
                    break;
                default:
                    break;
            }

            ResourceVersion = version;
        }
    }

    public List<CacheDifference> Compare(ResourceList<T> list)
    {
        lock (_lock)
        {
            var differences = new List<CacheDifference>();
            var missing = Store.ToArray().ToDictionary(NamespacedName.Of);
            foreach (var listed in list.Items)
            {
                missing.Remove(NamespacedName.Of(listed), out var cached);
                if (cached?.Metadata.Uid != listed.Metadata.Uid || cached?.Metadata.ResourceVersion != listed.Metadata.ResourceVersion)
                    differences.Add(new(NamespacedName.Of(listed), cached?.Metadata, listed.Metadata));
            }

            // Such an object keeps its last readable state on purpose.
            foreach (var failure in list.Failures)
                missing.Remove(failure.Key);
            differences.AddRange(missing.Select(m => new CacheDifference(m.Key, m.Value.Metadata, null)));
            return differences;
        }
    }

    public void Observe(T written)
    {
        lock (_lock)
        {
            var key = NamespacedName.Of(written);
            var seen = Store.TryGet(key, out var old) ? old.Metadata.ResourceVersion : ResourceVersion;
            // Not in the store and not newer than it: deleted since.
            if (ResourceVersions.Compare(written.Metadata.ResourceVersion, seen) > 0 && ResourceVersions.Compare(written.Metadata.ResourceVersion, ResourceVersion) > 0)
                Upsert(written, evenIfOlder: false);
        }
    }

    private void Upsert(T obj, bool evenIfOlder)
    {
        var key = NamespacedName.Of(obj);
        _undecodable.Remove(key);
        if (Store.TryGet(key, out var old))
        {
            if (old.Metadata.ResourceVersion == obj.Metadata.ResourceVersion && old.Metadata.Uid == obj.Metadata.Uid)
                return;
            if (!evenIfOlder && ResourceVersions.Compare(obj.Metadata.ResourceVersion, old.Metadata.ResourceVersion) < 0)
                return;
            // Same name, other object: the old one was deleted unseen.
            if (old.Metadata.Uid != obj.Metadata.Uid)
            {
                Remove(key, old, finalStateUnknown: true);
                old = null;
            }
        }

        if (transform is not null)
            obj = transform(obj);
        Store.Set(key, obj);
        if (old is null)
            CacheMetrics.Objects.Add(1, _tag);
        Handlers.Tell(key, new Change<T>(old, obj));
    }

    private void Delete(T last)
    {
        var key = NamespacedName.Of(last);
        _undecodable.Remove(key);
        if (!Store.TryGet(key, out var old))
            return;
        // One's own write may have been taken over from a successor already.
        if (old.Metadata.Uid != last.Metadata.Uid && ResourceVersions.Compare(old.Metadata.ResourceVersion, last.Metadata.ResourceVersion) > 0)
            return;
        if (old.Metadata.Uid != last.Metadata.Uid)
            Remove(key, old, finalStateUnknown: true);
        else
            Remove(key, transform is null ? last : transform(last), finalStateUnknown: false);
    }

    private void Remove(NamespacedName key, T last, bool finalStateUnknown)
    {
        Store.Remove(key);
        CacheMetrics.Objects.Add(-1, _tag);
        Handlers.Tell(key, new Change<T>(last, null, finalStateUnknown));
    }

    private void NoteUndecodable(DecodeFailure failure)
    {
        CacheMetrics.Undecodable.Add(1, _tag);
        _undecodable[failure.Key] = failure;
        LogMessages.Undecodable(logger, resource, failure.Key.ToString(), failure.Error);
    }
}
