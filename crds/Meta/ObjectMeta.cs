using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Kilonova.Crds.Meta;

/// <summary>Standard object metadata. <c>managedFields</c> is dropped on reading: nothing here uses it and it doubles an object's size.</summary>
public sealed record ObjectMeta : WireObject
{
    /// <summary>Name, unique among the kind within a namespace.</summary>
    public string? Name { get; init; }

    /// <summary>Prefix from which the API server makes a name when <see cref="Name"/> is absent.</summary>
    public string? GenerateName { get; init; }

    /// <summary>Namespace; absent for cluster-scoped kinds.</summary>
    public string? Namespace { get; init; }

    /// <summary>Identity of this very object: a re-created object of the same name has another.</summary>
    public string? Uid { get; init; }

    /// <summary>Version of the object in the store; the guard of guarded writes.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Counts changes of the specification.</summary>
    public long? Generation { get; init; }

    /// <summary>When the object was created.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>When the object's deletion was asked for; it goes when its finalizers are gone.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? DeletionTimestamp { get; init; }

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Annotations.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Names of those who must still clean up before the object may go.</summary>
    public IReadOnlyList<string>? Finalizers { get; init; }

    /// <summary>Owners, for garbage collection by Kubernetes.</summary>
    public IReadOnlyList<OwnerReference>? OwnerReferences { get; init; }

    /// <summary>Always null: who owns which field is skipped on reading and never written.</summary>
    [JsonConverter(typeof(SkippedConverter))]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public Skipped? ManagedFields { get; init; }
}

/// <summary>A reference to an owner in the same namespace (or to a cluster-scoped one).</summary>
public sealed record OwnerReference : WireObject
{
    /// <summary>Group and version of the owner.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>Kind of the owner.</summary>
    public required string Kind { get; init; }

    /// <summary>Name of the owner.</summary>
    public required string Name { get; init; }

    /// <summary>UID of the owner.</summary>
    public required string Uid { get; init; }

    /// <summary>Whether this owner is the managing controller.</summary>
    public bool? Controller { get; init; }

    /// <summary>Whether the owner's foreground deletion waits for this object.</summary>
    public bool? BlockOwnerDeletion { get; init; }
}
