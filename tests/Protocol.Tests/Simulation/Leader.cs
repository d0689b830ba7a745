using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Scheduling;
using Kilonova.Operator.Servers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>
/// A leader, which may well not be the only one: the operator's own executor, ledger writer and placer over a cache that is as old as chance will have it. Two
/// workers, as the operator has sixteen; one instance ID is with one of them at a time.
/// </summary>
internal sealed class Leader : Actor
{
    private readonly MemoryStore _store;
    private readonly SteppedStore _stepped;
    private readonly PlacementExecutor _executor;
    private readonly ServerPlacer _placer;
    private readonly HashSet<string> _busy = [];
    private MemoryStore _cache;
    private long _idleSince = -1;

    public Leader(World world, MemoryStore store, Model model, string name)
        : base(world, name)
    {
        _store = store;
        _cache = store.Snapshot();
        _stepped = new SteppedStore(world, store, this, model.Off, () => _cache);
        var ledgers = new LedgerWriter(_stepped, host => _cache.Ledgers.GetValueOrDefault(host));
        var groups = new GroupWriter(_stepped, key => _cache.Groups.GetValueOrDefault(key.Name));
        _executor = new PlacementExecutor(_stepped, ledgers, groups, s => s.Status!, Model.MaxAttempts);
        _placer = new ServerPlacer(_stepped, ledgers, groups, _ => Model.TwoSlots, (s, _) => s.Status!, (_, _) => { }, NullLogger<ServerPlacer>.Instance);
    }

    public override Task LiveAsync() => Task.WhenAll(WorkAsync(), WorkAsync());

    private async Task WorkAsync()
    {
        while (true)
        {
            var id = await Do("look", Pick, () => _store.Changes != _idleSince);
            if (id is null || !_busy.Add(id))
                continue;
            try
            {
                await ReconcileAsync(id);
            }
            catch (KubernetesConnectionException)
            {
                // Whether it was written is not known; it is looked at again.
            }

            _busy.Remove(id);
        }
    }

    /// <summary>Something that there is work for, as far as the cache knows. When there is none and the cache is new, it looks again when something changes.</summary>
    private string? Pick()
    {
        // Informers of different kinds are not equally old.
        switch (World.Random.Next(9))
        {
            case 0: _cache = _cache.With(_store, servers: true); break;
            case 1: _cache = _cache.With(_store, ledgers: true); break;
            case 2: _cache = _cache.With(_store, instances: true); break;
            case 3: _cache = _cache.With(_store, strays: true); break;
            case 4: _cache = _cache.With(_store, groups: true); break;
            case 5 or 6: _cache = _store.Snapshot(); break;
        }

        var ids = _cache.Ids();
        var from = World.Random.Next(ids.Count + 1);
        for (var i = 0; i < ids.Count; i++)
        {
            var id = ids[(from + i) % ids.Count];
            if (!_busy.Contains(id) && HasWork(id))
                return id;
        }

        if (_cache.Changes != _store.Changes)
            _cache = _store.Snapshot();
        else if (_busy.Count == 0)
            _idleSince = _store.Changes;
        return null;
    }

    private bool HasWork(string id)
    {
        var view = _cache.View(id);
        var step = PlacementProtocol.Next(view, Model.MaxAttempts);
        if (step is PlaceServer)
            return HostsFor(view.Server!, view).Any(h => Allows(view.Server!, h) && LedgerEntries.EntriesOf(_cache.Ledgers[h], id).Count == 0 && (_cache.Ledgers[h].Status?.Allocations?.Count ?? 0) < Model.Capacity);
        if (step.Writes)
            return true;
        return view is { Server: { Metadata.DeletionTimestamp: null, Status.Host: { } host } server } && view.At(host).Instance is { Metadata.DeletionTimestamp: null } instance
            && (instance.Spec.ServerGeneration < server.Metadata.Generation || (server.Status.LaunchedAt is null && instance.Status?.StartedAt is not null));
    }

    /// <summary>Whether the server's group lets it onto a host, as far as the cache knows.</summary>
    private bool Allows(Server server, string host) => GroupKey.Of(server) is not { } key || GroupSeats.Refusal(
        _cache.Groups[key.Name], new GroupMember { Server = server.Metadata.Name!, InstanceID = GuardedReader.InstanceIDOf(server), ClaimID = "?", Host = host }) is null;

    private IEnumerable<string> HostsFor(Server server, PlacementView view) => _cache.Ledgers.Keys.Where(h => !_cache.Gone.Contains(h) &&
        (server.Status?.FailedHosts ?? []).All(f => f.Host != h) && view.At(h) is { Instance: null, Entries.Count: 0 });

    private async Task ReconcileAsync(string id)
    {
        var view = _cache.View(id);
        if (ClusterCache.KeyOf(view) is not { } key)
            return;
        var rest = await _executor.RunAsync(key, view, (server, _) => Task.FromResult<InstanceSpec?>(InstanceOrder.Of(server, id, Model.Resolved, false)), CancellationToken.None);
        if (rest is { Step: PlaceServer, Server: { } server })
            await PlaceAsync(id, server, rest.Instance, view);
        else if (rest is { Server: { Metadata.DeletionTimestamp: null } now, Instance: { Metadata.DeletionTimestamp: null } instance } && PlacementProtocol.IsBound(now, rest.Server.Status!.Host!, instance.Spec.Epoch))
            await FollowAsync(now, instance);
    }

    /// <summary>What the reconciler does beside the protocol: the host follows the Server's specification, the Server's status the guest.</summary>
    private async Task FollowAsync(Server server, Instance instance)
    {
        var spec = InstanceOrder.Follow(instance.Spec, server);
        if (!ReferenceEquals(spec, instance.Spec))
            await _stepped.WriteInstanceAsync(instance, instance with { Spec = spec }, CancellationToken.None);
        if (server.Status!.LaunchedAt is null && instance.Status?.StartedAt is { } at)
            await _stepped.WriteServerStatusAsync(server, server.Status with { LaunchedAt = at }, CancellationToken.None);
    }

    private async Task PlaceAsync(string id, Server server, Instance? leaving, PlacementView view)
    {
        var hosts = HostsFor(server, view).OrderBy(_ => World.Random.Next()).Take(2).ToList();
        if (hosts.Count == 0)
            return;
        await _placer.PlaceAsync(new PlacementAsk(id, server, Model.Resolved, [], leaving), Model.Request with { InstanceID = id }, hosts, null, CancellationToken.None);
    }
}
