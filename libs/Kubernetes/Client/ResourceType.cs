using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Core;

namespace Kilonova.Kubernetes.Client;

/// <summary>A kind's place in the API and how it is written: what the client needs to know of it.</summary>
/// <typeparam name="T">The kind's record.</typeparam>
public sealed class ResourceType<T>
    where T : KubernetesObject
{
    internal ResourceType(KindAttribute kind, JsonTypeInfo<T> json)
    {
        Group = kind.Group;
        Version = kind.Version;
        Kind = kind.Kind;
        Plural = kind.Plural;
        Scope = kind.Scope;
        ApiVersion = kind.ApiVersion;
        Json = json;
    }

    /// <summary>API group; empty for the core group.</summary>
    public string Group { get; }

    /// <summary>API version.</summary>
    public string Version { get; }

    /// <summary>Kind.</summary>
    public string Kind { get; }

    /// <summary>Resource name in URLs.</summary>
    public string Plural { get; }

    /// <summary>Where its objects live.</summary>
    public Scope Scope { get; }

    /// <summary><c>group/version</c>.</summary>
    public string ApiVersion { get; }

    /// <summary>Source-generated serialisation.</summary>
    public JsonTypeInfo<T> Json { get; }

    /// <summary><c>plural.group</c>, as messages and metrics have it.</summary>
    public string Name => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>Whether only metadata is read, see <see cref="ResourceType.MetadataOf"/>.</summary>
    public bool IsMetadataOnly { get; private init; }

    internal string? Accept => IsMetadataOnly ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" : null;

    internal string? AcceptList => IsMetadataOnly ? "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" : null;

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal ResourceType<ObjectMetadata> Metadata() =>
        new(new KindAttribute(Group, Version, Kind, Plural, Scope), CoreJson.Default.ObjectMetadata) { IsMetadataOnly = true };

    /// <summary>
    /// The object with <c>apiVersion</c> and <c>kind</c>, which servers omit in lists of built-in kinds; always these very
    /// strings, so that a cache of many objects holds them once.
    /// </summary>
    internal T Typed(T obj) => ReferenceEquals(obj.Kind, Kind) && ReferenceEquals(obj.ApiVersion, ApiVersion) ? obj : obj with { ApiVersion = ApiVersion, Kind = Kind };

    /// <summary>URL of the collection.</summary>
    /// <exception cref="ArgumentException">A namespace is given for a cluster-scoped kind.</exception>
    internal string CollectionPath(string? ns)
    {
        if (Scope == Scope.Cluster && ns is not null)
            throw new ArgumentException($"{Name} is cluster-scoped, but namespace \"{ns}\" is given", nameof(ns));
        var path = new StringBuilder(96);
        if (Group.Length == 0)
            path.Append("/api/").Append(Version);
        else
            path.Append("/apis/").Append(Group).Append('/').Append(Version);
        if (ns is not null)
            path.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        return path.Append('/').Append(Plural).ToString();
    }

    /// <summary>URL of one object.</summary>
    /// <exception cref="ArgumentException">The namespace is missing, or given for a cluster-scoped kind.</exception>
    internal string ObjectPath(NamespacedName key, string? subresource = null)
    {
        if (string.IsNullOrEmpty(key.Name))
            throw new ArgumentException($"a name is needed for {Name}", nameof(key));
        RequireNamespace(key.Namespace);
        var path = $"{CollectionPath(key.Namespace)}/{Uri.EscapeDataString(key.Name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    internal void RequireNamespace(string? ns)
    {
        if (Scope == Scope.Namespaced && string.IsNullOrEmpty(ns))
            throw new ArgumentException($"{Name} is namespaced: a namespace is needed", nameof(ns));
    }

    internal string ScopePath(WatchScope scope)
    {
        ArgumentNullException.ThrowIfNull(scope);
        if (scope.IsCluster != (Scope == Scope.Cluster))
            throw new ArgumentException($"{Name} is {(Scope == Scope.Cluster ? "cluster-scoped" : "namespaced")}; the scope \"{scope}\" does not fit it", nameof(scope));
        return CollectionPath(scope.Namespace);
    }
}

/// <summary>Makes <see cref="ResourceType{T}"/>s.</summary>
public static class ResourceType
{
    /// <summary>Describes a kind from its <see cref="KindAttribute"/> and its source-generated serialisation.</summary>
    /// <exception cref="ArgumentException">The attribute is missing, or the context's options do not write Kubernetes' JSON.</exception>
    public static ResourceType<T> Of<T>(JsonTypeInfo<T> json)
        where T : KubernetesObject
    {
        ArgumentNullException.ThrowIfNull(json);
        var kind = typeof(T).GetCustomAttribute<KindAttribute>() ?? throw new ArgumentException($"{typeof(T)} has no [Kind]", nameof(json));
        // Written nulls would claim fields in server-side apply and delete them in merge patches.
        if (json.Options.DefaultIgnoreCondition != JsonIgnoreCondition.WhenWritingNull)
            throw new ArgumentException($"the JSON context of {typeof(T)} must ignore nulls when writing", nameof(json));
        if (json.Options.PropertyNamingPolicy != JsonNamingPolicy.CamelCase)
            throw new ArgumentException($"the JSON context of {typeof(T)} must name properties in camelCase", nameof(json));
        return new ResourceType<T>(kind, json);
    }

    /// <summary>
    /// The same objects without anything but their metadata: for what must be known to exist, and may be large or secret. It can be read,
    /// watched, patched and deleted, not created or replaced.
    /// </summary>
    public static ResourceType<ObjectMetadata> MetadataOf<T>(ResourceType<T> type)
        where T : KubernetesObject
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.Metadata();
    }
}
