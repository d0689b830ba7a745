using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Core;

/// <summary>A namespace.</summary>
[Kind("", "v1", "Namespace", "namespaces", Scope.Cluster)]
public sealed record Namespace : KubernetesObject
{
    /// <summary>What was observed.</summary>
    public NamespaceStatus? Status { get; init; }
}

/// <summary>State of a namespace.</summary>
public sealed record NamespaceStatus : WireObject
{
    /// <summary><c>Active</c> or <c>Terminating</c>.</summary>
    public string? Phase { get; init; }
}
