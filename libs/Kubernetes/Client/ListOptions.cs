namespace Kilonova.Kubernetes.Client;

/// <summary>How fresh a read must be.</summary>
public enum ReadConsistency
{
    /// <summary>What the store holds now. The only choice for what justifies a write.</summary>
    Quorum,

    /// <summary>What any API server's cache holds (<c>resourceVersion=0</c>): cheaper, possibly minutes old.</summary>
    Cached,
}

/// <summary>Narrows a list or watch beyond its <see cref="WatchScope"/>.</summary>
public sealed record ListOptions
{
    /// <summary>Label selector, in kubectl's form.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector, in kubectl's form; custom resources need <c>selectableFields</c> in their CRD.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>How fresh; lists only.</summary>
    public ReadConsistency Consistency { get; init; }
}

/// <summary>A whole list at one version.</summary>
/// <param name="Items">The objects.</param>
/// <param name="ResourceVersion">Version from which a watch continues.</param>
/// <param name="Failures">Objects that exist but cannot be read by this version.</param>
public sealed record ResourceList<T>(IReadOnlyList<T> Items, string ResourceVersion, IReadOnlyList<DecodeFailure> Failures);

/// <summary>What became of a delete.</summary>
public enum DeleteOutcome
{
    /// <summary>The object is gone.</summary>
    Gone,

    /// <summary>It is being deleted: finalizers or a grace period remain.</summary>
    Terminating,

    /// <summary>There was no object of that name.</summary>
    NotFound,
}

/// <summary>What becomes of the objects that an object owns.</summary>
public enum Propagation
{
    /// <summary>They are deleted afterwards.</summary>
    Background,

    /// <summary>They are deleted first.</summary>
    Foreground,

    /// <summary>They stay.</summary>
    Orphan,
}

/// <summary>What a server-side apply means to happen when the object does not exist (any more).</summary>
public enum ApplyTarget
{
    /// <summary>Change the very object whose UID is given; a deleted one is not made anew.</summary>
    Existing,

    /// <summary>Create it, or change whatever has its name.</summary>
    CreateOrUpdate,
}
