using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kilonova.Crds.Meta;

/// <summary>
/// A node of a wire document. Fields that this version does not know are kept in <see cref="Extensions"/> and written
/// back, so that an older component never drops what a newer one wrote.
/// </summary>
/// <remarks>
/// Wire records declare optional fields as nullable and have no initialisers (source-generated deserialisation assigns
/// every <c>init</c> property, so an initialiser would be lost); an enum's first member is its default.
/// </remarks>
public abstract record WireObject
{
    /// <summary>Fields of the document that this version does not know.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Extensions { get; set; }
}

/// <summary>Any object of the Kubernetes API: a type, metadata, and whatever the kind adds.</summary>
public interface IKubernetesObject
{
    /// <summary>Group and version, for instance <c>compute.kilonova.dev/v1alpha1</c>.</summary>
    string? ApiVersion { get; }

    /// <summary>Kind, for instance <c>Server</c>.</summary>
    string? Kind { get; }

    /// <summary>Standard object metadata.</summary>
    ObjectMeta Metadata { get; }
}

/// <summary>Base record of every kind.</summary>
public abstract record KubernetesObject : WireObject, IKubernetesObject
{
    /// <inheritdoc/>
    [JsonPropertyOrder(-3)]
    public string? ApiVersion { get; init; }

    /// <inheritdoc/>
    [JsonPropertyOrder(-2)]
    public string? Kind { get; init; }

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public required ObjectMeta Metadata { get; init; }
}

/// <summary>A kind with a specification.</summary>
/// <typeparam name="TSpec">The specification's type.</typeparam>
public abstract record KubernetesObject<TSpec> : KubernetesObject
    where TSpec : class
{
    /// <summary>What is wanted.</summary>
    public required TSpec Spec { get; init; }
}

/// <summary>A kind with a specification and a status subresource.</summary>
/// <typeparam name="TSpec">The specification's type.</typeparam>
/// <typeparam name="TStatus">The status' type.</typeparam>
public abstract record KubernetesObject<TSpec, TStatus> : KubernetesObject<TSpec>
    where TSpec : class
    where TStatus : class
{
    /// <summary>What was observed; written by the one component that the kind's documentation names.</summary>
    public TStatus? Status { get; init; }
}
