using System.Diagnostics.CodeAnalysis;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Watch;

/// <summary>What happened.</summary>
public enum WatchEventType
{
    /// <summary>The object came into the scope.</summary>
    Added,

    /// <summary>The object changed.</summary>
    Modified,

    /// <summary>The object left the scope; the event holds its last state.</summary>
    Deleted,

    /// <summary>Nothing; only the version moved on.</summary>
    Bookmark,

    /// <summary>Something happened to an object that this version cannot read.</summary>
    Undecodable,
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="ResourceVersion">Version to resume from after this event.</param>
/// <param name="Object">The object; null in bookmarks and undecodable events.</param>
/// <param name="Failure">What could not be read.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, string? ResourceVersion, T? Object, DecodeFailure? Failure)
    where T : KubernetesObject
{
    /// <summary>What was there when the watch began has been told (<see cref="WatchOptions.SendInitialEvents"/>).</summary>
    public bool EndsInitialEvents { get; init; }

    /// <summary>Whether the event is about an object.</summary>
    [MemberNotNullWhen(true, nameof(Object))]
    public bool HasObject => Object is not null;
}

/// <summary>Settings of a watch.</summary>
public sealed record WatchOptions
{
    /// <summary>Label selector.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>
    /// First tells everything that is there, by quorum, as added; then a bookmark with <see cref="WatchEvent{T}.EndsInitialEvents"/> (KEP-3157).
    /// Without a version to start from.
    /// </summary>
    public bool SendInitialEvents { get; init; }

    /// <summary>After how long the server ends the watch.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Silence after which the connection is taken for dead. Longer than the minute between the server's bookmarks.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(150);
}
