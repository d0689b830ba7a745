using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Cache;

/// <summary>Settings of an <see cref="Informer{T}"/>.</summary>
public sealed record InformerOptions<T>
    where T : KubernetesObject
{
    /// <summary>Label selector.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Makes an object smaller before it is kept: drops what nobody reads. Name, UID and version must stay.</summary>
    public Func<T, T>? Transform { get; init; }

    /// <summary>
    /// Begins with a watch that tells everything there is, where the server can: it need not put a whole list together. Otherwise, and when
    /// false, by a list in pages.
    /// </summary>
    public bool StreamLists { get; init; } = true;

    /// <summary>Shortest time after which the server ends a watch; the longest is twice that.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Silence after which a connection is taken for dead; longer than the minute between bookmarks.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>First wait after a failure; doubles.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(800);

    /// <summary>Longest wait after failures.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a watch must have gone well for the back-off to start anew.</summary>
    public TimeSpan HealthyAfter { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>A change of the cache: added (<see cref="Old"/> is null), updated, or deleted (<see cref="New"/> is null).</summary>
/// <param name="Old">State before.</param>
/// <param name="New">State now.</param>
/// <param name="FinalStateUnknown">
/// Deleted, and noticed only afterwards: <paramref name="Old"/> is the last state seen, not necessarily the last there was.
/// </param>
public readonly record struct Change<T>(T? Old, T? New, bool FinalStateUnknown = false)
    where T : KubernetesObject
{
    /// <summary>The object's latest known state.</summary>
    public T Latest => New ?? Old!;
}

/// <summary>An object of which cache and server have different states.</summary>
/// <param name="Key">Which object.</param>
/// <param name="Cached">What the cache has; null when it has nothing.</param>
/// <param name="Listed">What the server has; null when it has nothing.</param>
public sealed record CacheDifference(NamespacedName Key, ObjectMeta? Cached, ObjectMeta? Listed)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Key}: cached {Text(Cached)}, listed {Text(Listed)}";

    private static string Text(ObjectMeta? meta) => meta is null ? "nothing" : $"{meta.Uid}@{meta.ResourceVersion}";
}
