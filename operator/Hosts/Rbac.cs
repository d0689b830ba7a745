using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;

namespace Kilonova.Operator.Hosts;

/// <summary>A Role of <c>rbac.authorization.k8s.io</c>.</summary>
[Kind("rbac.authorization.k8s.io", "v1", "Role", "roles")]
public sealed record Role : KubernetesObject
{
    /// <summary>What it allows.</summary>
    public required IReadOnlyList<PolicyRule> Rules { get; init; }
}

/// <summary>A ClusterRole of <c>rbac.authorization.k8s.io</c>.</summary>
[Kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", Scope.Cluster)]
public sealed record ClusterRole : KubernetesObject
{
    /// <summary>What it allows.</summary>
    public required IReadOnlyList<PolicyRule> Rules { get; init; }
}

/// <summary>One permission.</summary>
public sealed record PolicyRule : WireObject
{
    /// <summary>API groups.</summary>
    public required IReadOnlyList<string> ApiGroups { get; init; }

    /// <summary>Resources, with subresources.</summary>
    public required IReadOnlyList<string> Resources { get; init; }

    /// <summary>Names of the objects; all when absent.</summary>
    public IReadOnlyList<string>? ResourceNames { get; init; }

    /// <summary>Verbs.</summary>
    public required IReadOnlyList<string> Verbs { get; init; }
}

/// <summary>A RoleBinding of <c>rbac.authorization.k8s.io</c>.</summary>
[Kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")]
public sealed record RoleBinding : KubernetesObject
{
    /// <summary>The Role.</summary>
    public required RoleRef RoleRef { get; init; }

    /// <summary>Who gets it.</summary>
    public required IReadOnlyList<Subject> Subjects { get; init; }
}

/// <summary>A ClusterRoleBinding of <c>rbac.authorization.k8s.io</c>.</summary>
[Kind("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", Scope.Cluster)]
public sealed record ClusterRoleBinding : KubernetesObject
{
    /// <summary>The ClusterRole.</summary>
    public required RoleRef RoleRef { get; init; }

    /// <summary>Who gets it.</summary>
    public required IReadOnlyList<Subject> Subjects { get; init; }
}

/// <summary>Names a Role or ClusterRole.</summary>
public sealed record RoleRef : WireObject
{
    /// <summary>API group.</summary>
    public required string ApiGroup { get; init; }

    /// <summary>Kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }
}

/// <summary>Names a user.</summary>
public sealed record Subject : WireObject
{
    /// <summary>API group.</summary>
    public required string ApiGroup { get; init; }

    /// <summary>Kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }
}

/// <summary>Serialisation of RBAC objects.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Role))]
[JsonSerializable(typeof(RoleBinding))]
[JsonSerializable(typeof(ClusterRole))]
[JsonSerializable(typeof(ClusterRoleBinding))]
internal sealed partial class RbacJson : JsonSerializerContext;
