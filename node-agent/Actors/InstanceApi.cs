using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Kubernetes.Core;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.Actors;

/// <summary>What the agent reads and writes in the API for its instances. Every read is by quorum.</summary>
internal sealed class InstanceApi(KubernetesClient client, string nodeName, string hostID, Sequence sequence) : IInstanceApi
{
    private readonly string hostNamespace = ApiGroup.HostNamespace(nodeName);
    private readonly Resource<ResourceProvider> providers = client.Resource(ResourceType.Of(CrdsJsonContext.Default.ResourceProvider));
    private readonly Resource<Secret> secrets = client.Resource(CoreResources.Secrets);

    /// <summary>The Instances of the host's namespace.</summary>
    public Resource<Instance> Instances { get; } = client.Resource(ResourceType.Of(CrdsJsonContext.Default.Instance));

    /// <summary>Where they are.</summary>
    public WatchScope Scope => WatchScope.InNamespace(hostNamespace);

    /// <summary>Reads one Instance.</summary>
    public async Task<InstanceReading> ReadAsync(string instanceID, CancellationToken cancel)
    {
        var asked = sequence.Next();
        return new InstanceReading(asked, await Instances.GetAsync(new NamespacedName(hostNamespace, instanceID), cancel));
    }

    /// <summary>Reads all Instances at one version of the store; null in place of those that this version cannot read, which exist.</summary>
    public async Task<(IReadOnlyDictionary<string, InstanceReading> Readable, IReadOnlyCollection<string> Unreadable)> ReadAllAsync(CancellationToken cancel)
    {
        var asked = sequence.Next();
        var list = await Instances.ListAsync(Scope, null, cancel);
        return (list.Items.ToDictionary(instance => instance.Metadata.Name!, instance => new InstanceReading(asked, instance), StringComparer.Ordinal), [.. list.Failures.Select(failure => failure.Key.Name)]);
    }

    /// <summary>Reads the entries of an instance in the host's own ledger.</summary>
    public async Task<LedgerReading> ReadLedgerAsync(string instanceID, CancellationToken cancel)
    {
        var asked = sequence.Next();
        var provider = await providers.GetAsync(new NamespacedName(nodeName), cancel);
        // The ledger of another host of this name promises nothing here.
        var entries = provider?.Spec.HostID == hostID ? provider.Status?.Allocations : null;
        return new LedgerReading(asked, [.. (entries ?? []).Where(entry => entry.Id == instanceID)]);
    }

    /// <summary>User data of an Instance; null when it has none.</summary>
    /// <exception cref="InvalidOperationException">The Secret that it names is not there, or not yet.</exception>
    public async Task<byte[]?> UserDataAsync(Instance instance, CancellationToken cancel)
    {
        if (instance.Spec.SecretName is not { } name)
            return null;
        var secret = await secrets.GetAsync(new NamespacedName(hostNamespace, name), cancel);
        return secret?.Data?.GetValueOrDefault(ApiGroup.UserDataKey)
            ?? throw new InvalidOperationException($"The Secret {name} beside the Instance is missing, or has no key {ApiGroup.UserDataKey}.");
    }

    /// <summary>Writes a status where it differs from the one that was read.</summary>
    /// <returns>The Instance as it is now.</returns>
    public Task<Instance> WriteStatusAsync(Instance read, InstanceStatus status, CancellationToken cancel) =>
        Instances.PatchChangesAsync(read, read with { Status = status }, "status", cancel);

    /// <summary>Confirms that nothing of the Instance is left here.</summary>
    public Task DropFinalizerAsync(Instance instance, CancellationToken cancel) => Finalizers.RemoveAsync(Instances, instance, ApiGroup.AgentFinalizer, cancel);
}
