using System.Globalization;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Tests.Interleaving;

/// <summary>The API server as far as the protocol needs it, with real guards: versions, UIDs, finalizers.</summary>
internal sealed class ModelCluster
{
    private long _version;

    public Dictionary<string, Server> Servers { get; private init; } = [];

    public Dictionary<string, ResourceProvider> Providers { get; private init; } = [];

    public Dictionary<(string Host, string Id), Instance> Instances { get; private init; } = [];

    /// <summary>A cache as an informer has it: everything as of now, and no newer.</summary>
    public ModelCluster Snapshot() => new() { Servers = new(Servers), Providers = new(Providers), Instances = new(Instances) };

    /// <summary>A cache of which some kinds have caught up.</summary>
    public ModelCluster With(ModelCluster now, bool servers = false, bool providers = false, bool instances = false) => new()
    {
        Servers = servers ? new(now.Servers) : Servers,
        Providers = providers ? new(now.Providers) : Providers,
        Instances = instances ? new(now.Instances) : Instances,
    };

    public PlacementView View(string id)
    {
        var hosts = new SortedSet<string>(StringComparer.Ordinal);
        hosts.UnionWith(Instances.Keys.Where(k => k.Id == id).Select(k => k.Host));
        hosts.UnionWith(Providers.Where(p => LedgerEntries.EntriesOf(p.Value, id).Count > 0).Select(p => p.Key));
        var server = Servers.Values.FirstOrDefault(s => GuardedReader.InstanceIDOf(s) == id);
        if (server?.Status?.Host is { } bound)
            hosts.Add(bound);
        var places = hosts.Select(h => new Place(h, Instances.GetValueOrDefault((h, id)), LedgerEntries.EntriesOf(Providers[h], id))).ToList();
        return new PlacementView(id, server, places, []) { Wanted = Model.Claimed };
    }

    public IReadOnlyList<string> Ids() =>
    [
        .. Servers.Values.Select(GuardedReader.InstanceIDOf)
            .Concat(Instances.Keys.Select(k => k.Id))
            .Concat(Providers.Values.SelectMany(p => p.Status?.Allocations ?? []).Select(a => a.Id))
            .Distinct().Order(StringComparer.Ordinal),
    ];

    public string NextVersion() => (++_version).ToString(CultureInfo.InvariantCulture);

    public T? Write<TKey, T>(Dictionary<TKey, T> all, TKey key, T wanted, bool status)
        where TKey : notnull
        where T : KubernetesObject
    {
        if (!all.TryGetValue(key, out var now) || now.Metadata.ResourceVersion != wanted.Metadata.ResourceVersion || now.Metadata.Uid != wanted.Metadata.Uid)
            return null;
        var written = Merge(now, wanted, status);
        written = written with { Metadata = written.Metadata with { ResourceVersion = NextVersion() } };
        all[key] = written;
        Collect(all, key);
        return written;
    }

    public bool Delete<TKey, T>(Dictionary<TKey, T> all, TKey key, string uid)
        where TKey : notnull
        where T : KubernetesObject
    {
        if (!all.TryGetValue(key, out var now) || now.Metadata.Uid != uid)
            return false;
        if (now.Metadata.DeletionTimestamp is null)
            all[key] = now with { Metadata = now.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch, ResourceVersion = NextVersion() } };
        Collect(all, key);
        return true;
    }

    private static void Collect<TKey, T>(Dictionary<TKey, T> all, TKey key)
        where TKey : notnull
        where T : KubernetesObject
    {
        if (all[key].Metadata is { DeletionTimestamp: not null, Finalizers: null or { Count: 0 } })
            all.Remove(key);
    }

    /// <summary>A write of the status takes the status only, and one of the object everything but the status.</summary>
    private static T Merge<T>(T now, T wanted, bool status)
        where T : KubernetesObject => (now, wanted) switch
        {
            (Server a, Server b) => (T)(KubernetesObject)(status ? a with { Status = b.Status } : b with { Status = a.Status, Metadata = b.Metadata with { DeletionTimestamp = a.Metadata.DeletionTimestamp } }),
            (Instance a, Instance b) => (T)(KubernetesObject)(status ? a with { Status = b.Status } : b with { Status = a.Status, Metadata = b.Metadata with { DeletionTimestamp = a.Metadata.DeletionTimestamp } }),
            (ResourceProvider a, ResourceProvider b) => (T)(KubernetesObject)(status ? a with { Status = b.Status } : b with { Status = a.Status }),
            _ => throw new InvalidOperationException($"{typeof(T)} is not in the model"),
        };
}

/// <summary>The store as one actor sees it: each operation waits for its turn.</summary>
internal sealed class SteppedStore(World world, ModelCluster cluster, Actor actor) : IPlacementStore
{
    public Task<Server?> ReadServerAsync(string @namespace, string name, CancellationToken cancellation) =>
        world.Do(actor, $"read Server {name}", () => cluster.Servers.GetValueOrDefault(name));

    public Task<ResourceProvider?> ReadLedgerAsync(string host, CancellationToken cancellation) =>
        world.Do(actor, $"read ledger {host}", () => cluster.Providers.GetValueOrDefault(host));

    public Task<Instance?> ReadInstanceAsync(string host, string instanceID, CancellationToken cancellation) =>
        world.Do(actor, $"read Instance {instanceID} on {host}", () => cluster.Instances.GetValueOrDefault((host, instanceID)));

    public Task<Written<Server>> WriteServerFinalizersAsync(Server server, IReadOnlyList<string> finalizers, CancellationToken cancellation) =>
        Write($"write finalizers [{string.Join(',', finalizers)}] of {server.Metadata.Name}", cluster.Servers, server.Metadata.Name!, server with { Metadata = server.Metadata with { Finalizers = finalizers } }, false);

    public Task<Written<Server>> WriteServerStatusAsync(Server server, ServerStatus status, CancellationToken cancellation) =>
        Write($"write Server {server.Metadata.Name}: host {status.Host} e{status.HostEpoch}, used e{status.PlacementEpoch}", cluster.Servers, server.Metadata.Name!, server with { Status = status }, true);

    public Task<Written<ResourceProvider>> WriteLedgerAsync(ResourceProvider ledger, ResourceProviderStatus status, CancellationToken cancellation) =>
        Write($"write ledger {ledger.Metadata.Name}: {string.Join(' ', (status.Allocations ?? []).Select(a => $"{a.Id}/e{a.Epoch}"))}", cluster.Providers, ledger.Metadata.Name!, ledger with { Status = status }, true);

    public Task<Written<Instance>> CreateInstanceAsync(Instance instance, CancellationToken cancellation) =>
        world.Do(actor, $"create Instance {instance.Metadata.Name} on {instance.Metadata.Namespace} e{instance.Spec.Epoch} {instance.Spec.Wanted}", () =>
        {
            var key = (PlacementProtocol.HostOf(instance), instance.Metadata.Name!);
            if (cluster.Instances.ContainsKey(key))
                return default;
            var created = instance with { Metadata = instance.Metadata with { Uid = Guid.NewGuid().ToString(), ResourceVersion = cluster.NextVersion(), Generation = 1 } };
            cluster.Instances[key] = created;
            return new Written<Instance>(created);
        });

    public Task<Written<Instance>> WriteInstanceAsync(Instance read, Instance wanted, CancellationToken cancellation) =>
        Write($"write Instance {read.Metadata.Name} on {read.Metadata.Namespace}", cluster.Instances, (PlacementProtocol.HostOf(read), read.Metadata.Name!), wanted, false);

    public Task<Written<Instance>> DeleteInstanceAsync(Instance instance, CancellationToken cancellation) =>
        world.Do(actor, $"delete Instance {instance.Metadata.Name} on {instance.Metadata.Namespace}", () =>
            cluster.Delete(cluster.Instances, (PlacementProtocol.HostOf(instance), instance.Metadata.Name!), instance.Metadata.Uid!)
                ? new Written<Instance>(instance with { Metadata = instance.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } })
                : default);

    private Task<Written<T>> Write<TKey, T>(string what, Dictionary<TKey, T> all, TKey key, T wanted, bool status)
        where TKey : notnull
        where T : KubernetesObject =>
        world.Do(actor, what, () =>
        {
            var written = cluster.Write(all, key, wanted, status);
            if (written is null)
                world.Note("  refused");
            return new Written<T>(written);
        });
}
