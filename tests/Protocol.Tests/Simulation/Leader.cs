using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Scheduling;
using Kilonova.Operator.Servers;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Placement;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Operator.Tests.Interleaving;

/// <summary>What all parts of the model agree on.</summary>
internal static class Model
{
    public const int MaxAttempts = 3;

    public static readonly IReadOnlyDictionary<string, long> Claimed = new Dictionary<string, long> { ["VCPU"] = 1 };

    public static readonly EffectiveInventory TwoSlots = new([new Inventory("VCPU", 2, 0, 1, 2, 1, 1.0)]);

    public static readonly Resolution.Complete Resolved = new(
        new Flavor { Metadata = new() { Name = "f" }, Spec = new FlavorSpec { Vcpus = 1 } }, null, [], []);
}

/// <summary>
/// A leader, which may well not be the only one: the operator's own executor, ledger writer and placer over a cache that is as old as chance will have it. Two
/// workers, as the operator has sixteen; one instance ID is with one of them at a time.
/// </summary>
internal sealed class ModelLeader : Actor
{
    private readonly ModelCluster _cluster;
    private readonly PlacementExecutor _executor;
    private readonly ServerPlacer _placer;
    private readonly HashSet<string> _busy = [];
    private ModelCluster _cache;

    public ModelLeader(World world, ModelCluster cluster, string name)
        : base(world, name)
    {
        _cluster = cluster;
        _cache = cluster.Snapshot();
        var store = new SteppedStore(world, cluster, this);
        var ledgers = new LedgerWriter(store, host => _cache.Providers.GetValueOrDefault(host));
        _executor = new PlacementExecutor(store, ledgers, s => s.Status!, Model.MaxAttempts);
        _placer = new ServerPlacer(store, ledgers, _ => Model.TwoSlots, (s, _) => s.Status!, (_, _) => { }, NullLogger<ServerPlacer>.Instance);
    }

    public override Task LiveAsync() => Task.WhenAll(WorkAsync(), WorkAsync());

    private async Task WorkAsync()
    {
        while (true)
        {
            var id = await Do("look", () =>
            {
                // Informers of different kinds are not equally old.
                switch (World.Random.Next(6))
                {
                    case 0: _cache = _cache.With(_cluster, servers: true); break;
                    case 1: _cache = _cache.With(_cluster, providers: true); break;
                    case 2: _cache = _cache.With(_cluster, instances: true); break;
                    case 3 or 4: _cache = _cluster.Snapshot(); break;
                }

                var ids = _cache.Ids().Where(i => !_busy.Contains(i)).ToList();
                return ids.Count == 0 ? null : ids[World.Random.Next(ids.Count)];
            });
            if (id is null || !_busy.Add(id))
                continue;
            await ReconcileAsync(id);
            _busy.Remove(id);
        }
    }

    private async Task ReconcileAsync(string id)
    {
        var view = _cache.View(id);
        if (KeyOf(view) is not { } key)
            return;
        var rest = await _executor.RunAsync(key, view, (server, _) => Task.FromResult<InstanceSpec?>(InstanceOrder.Of(server, id, Model.Resolved, false)), CancellationToken.None);
        if (rest is { Step: PlaceServer, Server: { } server })
            await PlaceAsync(id, server, rest.Instance, view);
        else if (rest is { Server: { Status.LaunchedAt: null, Metadata.DeletionTimestamp: null } running, Instance.Status.StartedAt: { } at } && PlacementProtocol.IsBound(running, PlacementProtocol.HostOf(rest.Instance), rest.Instance.Spec.Epoch))
            await new SteppedStore(World, _cluster, this).WriteServerStatusAsync(running, running.Status! with { LaunchedAt = at }, CancellationToken.None);
    }

    private async Task PlaceAsync(string id, Server server, Instance? leaving, PlacementView view)
    {
        var excluded = (server.Status?.FailedHosts ?? []).Select(f => f.Host).Concat(view.Places.Where(p => p.Entries.Count > 0 || p.Instance is not null).Select(p => p.Host)).ToHashSet();
        var hosts = _cache.Providers.Keys.Where(h => !excluded.Contains(h)).OrderBy(_ => World.Random.Next()).Take(2).ToList();
        if (hosts.Count == 0)
            return;
        var ask = new PlacementAsk(id, server, Model.Resolved, [], leaving);
        var request = new SchedulingRequest { InstanceID = id, Resources = [new ResourceAmount("VCPU", 1)] };
        await _placer.PlaceAsync(ask, request, hosts, null, CancellationToken.None);
    }

    private static PlacementKey? KeyOf(PlacementView view) => Cluster.ClusterCache.KeyOf(view);
}

/// <summary>
/// Users create servers, delete them, and create others of the same name; an admin, rarely, makes an Instance vanish, finalizers and all.
/// </summary>
internal sealed class ModelUsers(World world, ModelCluster cluster, int names) : Actor(world, "users")
{
    private int _created;

    public int Created => _created;

    public override async Task LiveAsync()
    {
        while (true)
        {
            await Do("act", () =>
            {
                // Rarely: a server's life takes many steps of others.
                if (World.Random.Next(2 + names) != 0)
                    return;
                if (World.Random.Next(25) == 0 && cluster.Instances.Count > 0)
                {
                    var victim = cluster.Instances.Keys.OrderBy(k => k).ElementAt(World.Random.Next(cluster.Instances.Count));
                    cluster.Instances.Remove(victim);
                    World.Note($"  Instance {victim} vanishes");
                    return;
                }

                var name = $"s{World.Random.Next(names)}";
                if (!cluster.Servers.TryGetValue(name, out var server))
                {
                    var uid = $"{name}-{++_created}";
                    cluster.Servers[name] = new Server { Metadata = new() { Name = name, Namespace = "p", Uid = uid, ResourceVersion = cluster.NextVersion(), Generation = 1 }, Spec = new ServerSpec { Flavor = "f" } };
                    World.Note($"  create {uid}");
                }
                else if (World.Random.Next(3) == 0)
                {
                    cluster.Delete(cluster.Servers, name, server.Metadata.Uid!);
                    World.Note($"  delete {server.Metadata.Uid}");
                }
                else
                {
                    // A label, a description: the Server is another version.
                    cluster.Servers[name] = server with { Metadata = server.Metadata with { ResourceVersion = cluster.NextVersion() } };
                    World.Note($"  touch {server.Metadata.Uid}");
                }
            });
        }
    }
}
