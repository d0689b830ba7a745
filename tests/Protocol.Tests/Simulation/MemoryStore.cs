using System.Globalization;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>The API server as far as the protocol needs it, with real guards: versions, UIDs, finalizers, generations.</summary>
internal sealed class MemoryStore
{
    private long _version;
    private long _uid;

    public Dictionary<string, Server> Servers { get; private set; } = [];

    public Dictionary<string, ResourceProvider> Ledgers { get; private set; } = [];

    public Dictionary<(string Host, string Id), Instance> Instances { get; private set; } = [];

    public Dictionary<string, ServerGroup> Groups { get; private set; } = [];

    /// <summary>What each host's agent reports of domains that no Instance accounts for.</summary>
    public Dictionary<string, IReadOnlyList<StrayDomain>> Strays { get; private set; } = [];

    /// <summary>Boot that each host's Lease carries.</summary>
    public Dictionary<string, int> Leases { get; private set; } = [];

    /// <summary>Generation of the cell: raised when the store was restored.</summary>
    public long Generation { get; private set; }

    /// <summary>Whether a restored store is held until every host has said what it runs.</summary>
    public bool Held { get; private set; }

    /// <summary>Generation for which each host has said what it runs.</summary>
    public Dictionary<string, long> Reported { get; private set; } = [];

    /// <summary>Hosts that an admin has given up: their Hypervisors are deleted.</summary>
    public HashSet<string> Gone { get; private set; } = [];

    /// <summary>What must never be; told of every write.</summary>
    public Invariants? Watch { get; init; }

    /// <summary>Told of what is broken.</summary>
    public Action<string>? Broken { get; init; }

    /// <summary>Told of each Instance that changed, as a watch would.</summary>
    public Action<string, string>? InstanceChanged { get; set; }

    /// <summary>Counts every change, and never goes back.</summary>
    public long Changes { get; private set; }

    /// <summary>A cache as an informer has it: everything as of now, and no newer. Or a copy of the store, to be restored from.</summary>
    public MemoryStore Snapshot() => new() { Changes = Changes, Servers = new(Servers), Ledgers = new(Ledgers), Instances = new(Instances), Groups = new(Groups), Strays = new(Strays), Leases = new(Leases), Gone = new(Gone), Held = Held };

    /// <summary>A cache of which some kinds have caught up.</summary>
    public MemoryStore With(MemoryStore now, bool servers = false, bool ledgers = false, bool instances = false, bool strays = false, bool groups = false) => new()
    {
        Servers = servers ? new(now.Servers) : Servers,
        Ledgers = ledgers ? new(now.Ledgers) : Ledgers,
        Instances = instances ? new(now.Instances) : Instances,
        // Who learns of the end of a hold reads what the hosts said before going on.
        Strays = strays || (Held && !now.Held) ? new(now.Strays) : Strays,
        Groups = groups ? new(now.Groups) : Groups,
        Gone = new(now.Gone),
        Held = now.Held,
    };

    /// <summary>What the protocol is given to look at: as the operator's cache puts it together.</summary>
    public PlacementView View(string id)
    {
        var hosts = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var key in Instances.Keys)
        {
            if (key.Id == id)
                hosts.Add(key.Host);
        }

        foreach (var (name, ledger) in Ledgers)
        {
            if (LedgerEntries.EntriesOf(ledger, id).Count > 0)
                hosts.Add(name);
        }

        var server = ServerOf(id);
        if (server?.Status?.Host is { } bound)
            hosts.Add(bound);
        var places = new List<Place>(hosts.Count);
        foreach (var host in hosts)
            places.Add(new Place(host, Instances.GetValueOrDefault((host, id)), LedgerEntries.EntriesOf(Ledgers.GetValueOrDefault(host), id)) { Gone = Gone.Contains(host) });
        return new PlacementView(id, server, places, StraysOf(id)) { Wanted = Model.Claimed, Held = Held, Groups = GroupsOf(server, id) };
    }

    private IReadOnlyList<SeatsInGroup> GroupsOf(Server? server, string id) =>
    [
        .. Groups.Values.Where(g => g.Metadata.Name == server?.Spec.SchedulerHints?.Group || (g.Status?.Members ?? []).Any(m => m.InstanceID == id)).Select(g => GroupSeats.Of(g, id)),
    ];

    /// <summary>The Server of an instance ID.</summary>
    public Server? ServerOf(string id)
    {
        foreach (var server in Servers.Values)
        {
            if (GuardedReader.InstanceIDOf(server) == id)
                return server;
        }

        return null;
    }

    /// <summary>Strays of an instance ID.</summary>
    public IReadOnlyList<Stray> StraysOf(string id)
    {
        List<Stray>? found = null;
        foreach (var (host, strays) in Strays)
        {
            foreach (var stray in strays)
            {
                if (stray.InstanceID == id)
                    (found ??= []).Add(new Stray(host, stray.Epoch));
            }
        }

        return found ?? (IReadOnlyList<Stray>)[];
    }

    public IReadOnlyList<string> Ids()
    {
        var ids = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var server in Servers.Values)
            ids.Add(GuardedReader.InstanceIDOf(server));
        foreach (var key in Instances.Keys)
            ids.Add(key.Id);
        foreach (var ledger in Ledgers.Values)
        {
            foreach (var entry in ledger.Status?.Allocations ?? [])
                ids.Add(entry.Id);
        }

        foreach (var group in Groups.Values)
            ids.UnionWith((group.Status?.Members ?? []).Select(m => m.InstanceID));
        return [.. ids];
    }

    public string NextVersion()
    {
        Changes++;
        return (++_version).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>An admin deletes a host's Hypervisor.</summary>
    public void GiveUp(string host)
    {
        Changes++;
        Gone.Add(host);
        Strays.Remove(host);
    }

    /// <summary>What a host's agent reports.</summary>
    public void Report(string host, IReadOnlyList<StrayDomain> strays, long generation)
    {
        Changes++;
        Strays[host] = strays;
        Reported[host] = generation;
    }

    /// <summary>Ends the hold when every host has answered and no Instance is left that could start what another host runs.</summary>
    public bool MayEndHold() => Ledgers.Keys.All(h => Gone.Contains(h) || Reported.GetValueOrDefault(h) == Generation)
        && Strays.Values.SelectMany(s => s).All(s => PlacementProtocol.Next(View(s.InstanceID), Model.MaxAttempts) is Wait);

    /// <summary>The operator marks the generation complete.</summary>
    public bool EndHold()
    {
        if (!Held || !MayEndHold())
            return false;
        Changes++;
        Held = false;
        Watch?.Reported();
        return true;
    }

    public string NextUid(string what) => $"{what}-{++_uid}";

    /// <summary>A user's, or an agent's, creation.</summary>
    public void Add(Server server)
    {
        Servers[server.Metadata.Name!] = server;
        Tell(Watch?.See(server));
    }

    public void Add(ResourceProvider ledger)
    {
        Ledgers[ledger.Metadata.Name!] = ledger;
        Tell(Watch?.See(ledger));
    }

    public void Add(ServerGroup group)
    {
        Changes++;
        Groups[group.Metadata.Name!] = group;
    }

    /// <summary>Writes the members of a group.</summary>
    /// <param name="wanted">The group as it is to be.</param>
    /// <param name="guarded">Whether its version must be that of the store.</param>
    public ServerGroup? Write(ServerGroup wanted, bool guarded)
    {
        var name = wanted.Metadata.Name!;
        if (!Groups.TryGetValue(name, out var now) || (guarded && !Same(now, wanted)))
            return null;
        return Groups[name] = now with { Status = wanted.Status, Metadata = Next(now.Metadata, false) };
    }

    /// <summary>Creates an Instance; null when its name is taken.</summary>
    public Instance? Create(string host, Instance instance)
    {
        var key = (host, instance.Metadata.Name!);
        if (Instances.ContainsKey(key))
            return null;
        var created = instance with { Metadata = instance.Metadata with { Uid = NextUid(key.Item2), ResourceVersion = NextVersion(), Generation = 1 } };
        Instances[key] = created;
        InstanceChanged?.Invoke(host, key.Item2);
        return created;
    }

    /// <summary>An admin takes an Instance out of the store by force, finalizers and all.</summary>
    public void Vanish((string Host, string Id) key)
    {
        Changes++;
        Instances.Remove(key);
        InstanceChanged?.Invoke(key.Host, key.Id);
    }

    public Server? Write(Server wanted, bool status)
    {
        var name = wanted.Metadata.Name!;
        if (!Servers.TryGetValue(name, out var now) || !Same(now, wanted))
            return null;
        var written = status ? now with { Status = wanted.Status } : wanted with { Status = now.Status, Metadata = wanted.Metadata with { DeletionTimestamp = now.Metadata.DeletionTimestamp } };
        written = written with { Metadata = Next(written.Metadata, now.Spec != written.Spec) };
        Servers[name] = written;
        Tell(Watch?.See(written));
        Collect(written);
        return written;
    }

    public ResourceProvider? Write(ResourceProvider wanted)
    {
        var name = wanted.Metadata.Name!;
        if (!Ledgers.TryGetValue(name, out var now) || !Same(now, wanted))
            return null;
        var written = now with { Status = wanted.Status, Metadata = Next(now.Metadata, false) };
        Ledgers[name] = written;
        Tell(Watch?.See(written));
        return written;
    }

    public Instance? Write(string host, Instance wanted, bool status)
    {
        var key = (host, wanted.Metadata.Name!);
        if (!Instances.TryGetValue(key, out var now) || !Same(now, wanted))
            return null;
        var written = status ? now with { Status = wanted.Status } : wanted with { Status = now.Status, Metadata = wanted.Metadata with { DeletionTimestamp = now.Metadata.DeletionTimestamp } };
        written = written with { Metadata = Next(written.Metadata, now.Spec != written.Spec) };
        Instances[key] = written;
        if (written.Metadata is { DeletionTimestamp: not null, Finalizers: null or { Count: 0 } })
            Instances.Remove(key);
        if (!status)
            InstanceChanged?.Invoke(host, key.Item2);
        return written;
    }

    public bool DeleteServer(string name, string uid)
    {
        if (!Servers.TryGetValue(name, out var now) || now.Metadata.Uid != uid)
            return false;
        if (now.Metadata.DeletionTimestamp is null)
            Servers[name] = now = now with { Metadata = Next(now.Metadata, false) with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };
        Tell(Watch?.See(now));
        Collect(now);
        return true;
    }

    /// <summary>Deletes an Instance; refused when another one, by UID, has its name.</summary>
    public bool Delete(string host, string id, string uid)
    {
        var key = (host, id);
        if (!Instances.TryGetValue(key, out var now) || now.Metadata.Uid != uid)
            return false;
        Changes++;
        if (now.Metadata.Finalizers is null or { Count: 0 })
            Instances.Remove(key);
        else if (now.Metadata.DeletionTimestamp is null)
            Instances[key] = now with { Metadata = Next(now.Metadata, false) with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };
        InstanceChanged?.Invoke(host, id);
        return true;
    }

    /// <summary>The store is what it was; versions go on from there, so that one number may stand for two contents.</summary>
    public void Restore(MemoryStore copy, long version, bool hold)
    {
        Generation++;
        Held = hold;
        (Servers, Ledgers, Instances, Groups, Strays, Leases) = (new(copy.Servers), new(copy.Ledgers), new(copy.Instances), new(copy.Groups), new(copy.Strays), new(copy.Leases));
        _version = version;
        Changes++;
        Watch?.Restored(Servers.Values, Ledgers.Values);
    }

    /// <summary>Version of the last write.</summary>
    public long Version => _version;

    private static bool Same(KubernetesObject now, KubernetesObject wanted) =>
        now.Metadata.ResourceVersion == wanted.Metadata.ResourceVersion && now.Metadata.Uid == wanted.Metadata.Uid;

    private ObjectMeta Next(ObjectMeta metadata, bool specChanged) =>
        metadata with { ResourceVersion = NextVersion(), Generation = specChanged ? (metadata.Generation ?? 0) + 1 : metadata.Generation };

    private void Collect(Server server)
    {
        if (server.Metadata is not { DeletionTimestamp: not null, Finalizers: null or { Count: 0 } })
            return;
        Servers.Remove(server.Metadata.Name!);
        Tell(Watch?.SeeGone(server));
    }

    private void Tell(string? broken)
    {
        if (broken is not null)
            Broken?.Invoke(broken);
    }
}
