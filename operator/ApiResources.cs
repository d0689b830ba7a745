using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;

namespace Kilonova.Operator;

/// <summary>The kinds that the operator reads and writes.</summary>
public sealed class ApiResources(KubernetesClient client)
{
    /// <summary>Servers.</summary>
    public Resource<Server> Servers { get; } = client.Resource(Kinds.Servers);

    /// <summary>Instances.</summary>
    public Resource<Instance> Instances { get; } = client.Resource(Kinds.Instances);

    /// <summary>Hypervisors.</summary>
    public Resource<Hypervisor> Hypervisors { get; } = client.Resource(Kinds.Hypervisors);

    /// <summary>ResourceProviders: the ledgers.</summary>
    public Resource<ResourceProvider> Providers { get; } = client.Resource(Kinds.Providers);

    /// <summary>Flavors.</summary>
    public Resource<Flavor> Flavors { get; } = client.Resource(Kinds.Flavors);

    /// <summary>Images.</summary>
    public Resource<Image> Images { get; } = client.Resource(Kinds.Images);

    /// <summary>KeyPairs.</summary>
    public Resource<KeyPair> KeyPairs { get; } = client.Resource(Kinds.KeyPairs);

    /// <summary>Networks.</summary>
    public Resource<Network> Networks { get; } = client.Resource(Kinds.Networks);

    /// <summary>Aggregates.</summary>
    public Resource<Aggregate> Aggregates { get; } = client.Resource(Kinds.Aggregates);

    /// <summary>Cells.</summary>
    public Resource<Cell> Cells { get; } = client.Resource(Kinds.Cells);

    /// <summary>ServerGroups.</summary>
    public Resource<ServerGroup> Groups { get; } = client.Resource(Kinds.Groups);

    /// <summary>Leases.</summary>
    public Resource<Lease> Leases { get; } = client.Resource(CoreResources.Leases);

    /// <summary>Secrets.</summary>
    public Resource<Secret> Secrets { get; } = client.Resource(CoreResources.Secrets);

    /// <summary>Namespaces.</summary>
    public Resource<Namespace> Namespaces { get; } = client.Resource(CoreResources.Namespaces);

    /// <summary>Requests for certificates.</summary>
    public Resource<CertificateSigningRequest> SigningRequests { get; } = client.Resource(CoreResources.SigningRequests);

    /// <summary>How the kinds are named and serialised.</summary>
    public static class Kinds
    {
        /// <summary>Servers.</summary>
        public static ResourceType<Server> Servers { get; } = ResourceType.Of(CrdsJsonContext.Default.Server);

        /// <summary>Instances.</summary>
        public static ResourceType<Instance> Instances { get; } = ResourceType.Of(CrdsJsonContext.Default.Instance);

        /// <summary>Hypervisors.</summary>
        public static ResourceType<Hypervisor> Hypervisors { get; } = ResourceType.Of(CrdsJsonContext.Default.Hypervisor);

        /// <summary>ResourceProviders.</summary>
        public static ResourceType<ResourceProvider> Providers { get; } = ResourceType.Of(CrdsJsonContext.Default.ResourceProvider);

        /// <summary>Flavors.</summary>
        public static ResourceType<Flavor> Flavors { get; } = ResourceType.Of(CrdsJsonContext.Default.Flavor);

        /// <summary>Images.</summary>
        public static ResourceType<Image> Images { get; } = ResourceType.Of(CrdsJsonContext.Default.Image);

        /// <summary>KeyPairs.</summary>
        public static ResourceType<KeyPair> KeyPairs { get; } = ResourceType.Of(CrdsJsonContext.Default.KeyPair);

        /// <summary>Networks.</summary>
        public static ResourceType<Network> Networks { get; } = ResourceType.Of(CrdsJsonContext.Default.Network);

        /// <summary>Aggregates.</summary>
        public static ResourceType<Aggregate> Aggregates { get; } = ResourceType.Of(CrdsJsonContext.Default.Aggregate);

        /// <summary>ServerGroups.</summary>
        public static ResourceType<ServerGroup> Groups { get; } = ResourceType.Of(CrdsJsonContext.Default.ServerGroup);

        /// <summary>Cells.</summary>
        public static ResourceType<Cell> Cells { get; } = ResourceType.Of(CrdsJsonContext.Default.Cell);
    }
}
