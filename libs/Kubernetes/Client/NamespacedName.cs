using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

/// <summary>Which object: its namespace (null for cluster-scoped kinds) and name.</summary>
/// <param name="Namespace">Namespace, or null.</param>
/// <param name="Name">Name.</param>
public readonly record struct NamespacedName(string? Namespace, string Name)
{
    /// <summary>Names a cluster-scoped object.</summary>
    public NamespacedName(string name)
        : this(null, name)
    {
    }

    /// <summary>The key of <paramref name="obj"/>.</summary>
    /// <exception cref="ArgumentException">It has no name.</exception>
    public static NamespacedName Of(IKubernetesObject obj)
    {
        ArgumentNullException.ThrowIfNull(obj);
        return new(obj.Metadata.Namespace, obj.Metadata.Name ?? throw new ArgumentException("the object has no metadata.name", nameof(obj)));
    }

    /// <inheritdoc/>
    public override string ToString() => Namespace is null ? Name : $"{Namespace}/{Name}";
}
