using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Hosts;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Placement;

/// <summary>The protocol's reads and writes against the API server. What comes back is told to the caches, so that they are never behind our own writes.</summary>
public sealed class KubernetesPlacementStore(ApiResources api, ClusterCache cache, HostLiveness liveness) : IPlacementStore
{
    /// <inheritdoc/>
    public Task<Server?> ReadServerAsync(string @namespace, string name, CancellationToken cancellation) =>
        Seen(cache.Servers, api.Servers.GetAsync(new NamespacedName(@namespace, name), cancellation));

    /// <inheritdoc/>
    public Task<ResourceProvider?> ReadLedgerAsync(string host, CancellationToken cancellation) =>
        Seen(cache.Providers, api.Providers.GetAsync(new NamespacedName(host), cancellation));

    /// <inheritdoc/>
    public Task<ServerGroup?> ReadGroupAsync(GroupKey key, CancellationToken cancellation) =>
        Seen(cache.Groups, api.Groups.GetAsync(new NamespacedName(key.Namespace, key.Name), cancellation));

    /// <inheritdoc/>
    public Task<Instance?> ReadInstanceAsync(string host, string instanceID, CancellationToken cancellation) =>
        Seen(cache.Instances, api.Instances.GetAsync(new NamespacedName(ApiGroup.HostNamespace(host), instanceID), cancellation));

    /// <inheritdoc/>
    public async Task<bool> IsGoneAsync(string host, CancellationToken cancellation) =>
        !liveness.IsUp(host) && await api.Hypervisors.GetAsync(new NamespacedName(host), cancellation) is null;

    /// <inheritdoc/>
    public Task<Written<Server>> WriteServerFinalizersAsync(Server server, IReadOnlyList<string> finalizers, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        var changed = server with { Metadata = server.Metadata with { Finalizers = finalizers } };
        return Guarded(cache.Servers, api.Servers.PatchChangesAsync(server, changed, cancel: cancellation));
    }

    /// <inheritdoc/>
    public Task<Written<Server>> WriteServerStatusAsync(Server server, ServerStatus status, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        return Guarded(cache.Servers, api.Servers.PatchChangesAsync(server, server with { Status = status }, "status", cancellation));
    }

    /// <inheritdoc/>
    public Task<Written<ResourceProvider>> WriteLedgerAsync(ResourceProvider ledger, ResourceProviderStatus status, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        return Guarded(cache.Providers, api.Providers.UpdateStatusAsync(ledger with { Status = status }, cancellation));
    }

    /// <inheritdoc/>
    public Task<Written<ServerGroup>> WriteGroupAsync(ServerGroup group, ServerGroupStatus status, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(group);
        return Guarded(cache.Groups, api.Groups.UpdateStatusAsync(group with { Status = status }, cancellation));
    }

    /// <inheritdoc/>
    public Task<Written<Instance>> CreateInstanceAsync(Instance instance, CancellationToken cancellation) =>
        Guarded(cache.Instances, api.Instances.CreateAsync(instance, cancellation));

    /// <inheritdoc/>
    public Task<Written<Instance>> WriteInstanceAsync(Instance read, Instance wanted, CancellationToken cancellation) =>
        Guarded(cache.Instances, api.Instances.PatchChangesAsync(read, wanted, cancel: cancellation));

    /// <inheritdoc/>
    public async Task<Written<Instance>> DeleteInstanceAsync(Instance instance, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(instance);
        try
        {
            await api.Instances.DeleteAsync(instance, cancel: cancellation);
        }
        catch (KubernetesException e) when (e.IsGuardFailure)
        {
            return default;
        }

        return new Written<Instance>(instance with { Metadata = instance.Metadata with { DeletionTimestamp = instance.Metadata.DeletionTimestamp ?? DateTimeOffset.UnixEpoch } });
    }

    /// <summary>A refusal by the guard, or by the name, is an answer; anything else that the server refuses is an error.</summary>
    private static async Task<Written<T>> Guarded<T>(Informer<T> informer, Task<T> write)
        where T : KubernetesObject
    {
        try
        {
            var written = await write;
            informer.Observe(written);
            return new Written<T>(written);
        }
        catch (KubernetesException e) when (e.IsGuardFailure || e.IsAlreadyExists)
        {
            return default;
        }
    }

    private static async Task<T?> Seen<T>(Informer<T> informer, Task<T?> read)
        where T : KubernetesObject
    {
        var seen = await read;
        if (seen is not null)
            informer.Observe(seen);
        return seen;
    }
}
