using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Core;

/// <summary>Kinds of Kubernetes' own that a controller meets.</summary>
public static class CoreResources
{
    /// <summary><c>v1</c> namespaces.</summary>
    public static ResourceType<Namespace> Namespaces { get; } = ResourceType.Of(CoreJson.Default.Namespace);

    /// <summary><c>v1</c> nodes.</summary>
    public static ResourceType<Node> Nodes { get; } = ResourceType.Of(CoreJson.Default.Node);

    /// <summary><c>v1</c> secrets.</summary>
    public static ResourceType<Secret> Secrets { get; } = ResourceType.Of(CoreJson.Default.Secret);

    /// <summary><c>v1</c> config maps.</summary>
    public static ResourceType<ConfigMap> ConfigMaps { get; } = ResourceType.Of(CoreJson.Default.ConfigMap);

    /// <summary><c>coordination.k8s.io/v1</c> leases.</summary>
    public static ResourceType<Lease> Leases { get; } = ResourceType.Of(CoreJson.Default.Lease);

    /// <summary><c>events.k8s.io/v1</c> events.</summary>
    public static ResourceType<Event> Events { get; } = ResourceType.Of(CoreJson.Default.Event);

    /// <summary><c>apiextensions.k8s.io/v1</c> custom resource definitions.</summary>
    public static ResourceType<CustomResourceDefinition> CustomResourceDefinitions { get; } = ResourceType.Of(CoreJson.Default.CustomResourceDefinition);

    /// <summary><c>certificates.k8s.io/v1</c> signing requests.</summary>
    public static ResourceType<CertificateSigningRequest> SigningRequests { get; } = ResourceType.Of(CoreJson.Default.CertificateSigningRequest);
}
