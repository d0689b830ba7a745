using System.Text;
using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Core;

/// <summary>Secret data. Its text form shows the keys only.</summary>
[Kind("", "v1", "Secret", "secrets")]
public sealed record Secret : KubernetesObject
{
    /// <summary>Values, base64 on the wire.</summary>
    public IReadOnlyDictionary<string, byte[]>? Data { get; init; }

    /// <summary>Type, for instance <c>Opaque</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The values cannot be changed any more.</summary>
    public bool? Immutable { get; init; }

    /// <summary>One value as UTF-8 text, or null.</summary>
    public string? Text(string key) => Data?.TryGetValue(key, out var value) == true ? Encoding.UTF8.GetString(value) : null;

    /// <inheritdoc/>
    /// <remarks>The generated member would print the values into logs.</remarks>
    protected override bool PrintMembers(StringBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Append(Metadata.Namespace).Append('/').Append(Metadata.Name).Append(" keys: ").AppendJoin(", ", Data?.Keys ?? []);
        return true;
    }
}

/// <summary>Configuration data.</summary>
[Kind("", "v1", "ConfigMap", "configmaps")]
public sealed record ConfigMap : KubernetesObject
{
    /// <summary>Values.</summary>
    public IReadOnlyDictionary<string, string>? Data { get; init; }

    /// <summary>Values that are not UTF-8 text, base64 on the wire.</summary>
    public IReadOnlyDictionary<string, byte[]>? BinaryData { get; init; }

    /// <summary>The values cannot be changed any more.</summary>
    public bool? Immutable { get; init; }
}
