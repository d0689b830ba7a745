using Kilonova.Crds;

namespace Kilonova.Protocol.Tests;

/// <summary>
/// What must never be, whatever dies and whoever is slow, stated on what can be seen from outside: ledgers, Servers, and the guests that hosts run. The simulation
/// tells of each change as it happens; tests on a real cluster tell of what they watch. Each call says what it finds broken, or nothing.
/// </summary>
/// <param name="capacity">What a host may promise of each resource class.</param>
public sealed class Invariants(Func<ResourceProvider, IReadOnlyDictionary<string, long>> capacity)
{
    private readonly Dictionary<string, ResourceProvider> ledgers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Server> servers = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Id, long Epoch), (string Host, string ClaimID)> bound = [];
    private bool restoring;
    private readonly Dictionary<string, (string Host, long Epoch, bool Stray)> running = new(StringComparer.Ordinal);

    /// <summary>A ledger was written: it promises no more than there is, no claim is in two ledgers, and what runs keeps its entry.</summary>
    public string? See(ResourceProvider ledger)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        var host = ledger.Metadata.Name!;
        ledgers[host] = ledger;
        var entries = ledger.Status?.Allocations ?? [];
        foreach (var (resource, most) in capacity(ledger))
        {
            var promised = 0L;
            foreach (var entry in entries)
                promised += entry.Resources.GetValueOrDefault(resource);
            if (promised > most)
                return $"ledger {host} promises {promised} {resource} of {most}";
        }

        foreach (var entry in entries)
        {
            foreach (var (other, held) in ledgers)
            {
                if (other != host && Holds(held, entry.Id, entry.Epoch, entry.ClaimID))
                    return $"claim {entry.ClaimID} of {entry.Id}, number {entry.Epoch}, is in the ledgers of {host} and {other}";
            }
        }

        foreach (var (id, guest) in running)
        {
            if (guest.Host == host && !guest.Stray && !Holds(ledger, id, guest.Epoch, null))
                return $"{id} runs on {host} under {guest.Epoch}, and its entry is gone";
        }

        return null;
    }

    /// <summary>A Server was written: a placement number is bound once, the highest number never falls, and a place is not left while the guest runs there.</summary>
    public string? See(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        var id = InstanceIDOf(server);
        var before = servers.GetValueOrDefault(id)?.Status;
        servers[id] = server;
        if (server.Status is not { } status)
            return null;
        if (status.PlacementEpoch < before?.PlacementEpoch)
            return $"{id}: the highest number fell from {before.PlacementEpoch} to {status.PlacementEpoch}";
        if (running.TryGetValue(id, out var guest) && before?.Host == guest.Host && before.HostEpoch == guest.Epoch && (status.Host, status.HostEpoch) != (before.Host, before.HostEpoch))
            return $"{id} runs on {guest.Host} under {guest.Epoch}, and its Server is bound there no more";
        if (status is not { Host: { } host, HostEpoch: { } epoch, ClaimID: { } claim })
            return null;
        if (epoch > status.PlacementEpoch)
            return $"{id} is bound under {epoch}, and the highest number used up is {status.PlacementEpoch}";
        if (!bound.TryAdd((id, epoch), (host, claim)) && bound[(id, epoch)] != (host, claim))
            return $"{id}: number {epoch} was bound to {bound[(id, epoch)]}, and is bound to {(host, claim)} now";
        return TooNear(server, id, host);
    }

    /// <summary>Most members of a server group, by namespace and name, on one host; null for a group of another policy.</summary>
    public Func<string, string, int?> MostOnHost { get; init; } = (_, _) => 1;

    /// <summary>A member of a group of policy AntiAffinity is not where others hold as many places as may be. One that goes holds its place until its entry is gone.</summary>
    private string? TooNear(Server server, string id, string host)
    {
        if (server.Spec.SchedulerHints?.Group is not { } group || MostOnHost(server.Metadata.Namespace!, group) is not { } most || !HoldsPlace(server, host))
            return null;
        var near = servers.Where(s => s.Key != id && s.Value.Metadata.Namespace == server.Metadata.Namespace && s.Value.Spec.SchedulerHints?.Group == group && HoldsPlace(s.Value, host)).Select(s => s.Key).ToList();
        return near.Count < most ? null : $"{id} is on {host} with {string.Join(" and ", near)} of group {group}, where at most {most} may be";
    }

    private bool HoldsPlace(Server server, string host) =>
        server.Status is { Host: { } at, HostEpoch: { } epoch } && at == host && ledgers.TryGetValue(host, out var ledger) && Holds(ledger, InstanceIDOf(server), epoch, server.Status.ClaimID);

    /// <summary>When everything has come to rest: the seats in groups are those of bound members, and each of those has one.</summary>
    /// <param name="nowServers">All Servers.</param>
    /// <param name="groups">All groups.</param>
    public static IEnumerable<string> Seats(IReadOnlyCollection<Server> nowServers, IEnumerable<ServerGroup> groups)
    {
        ArgumentNullException.ThrowIfNull(nowServers);
        ArgumentNullException.ThrowIfNull(groups);
        foreach (var group in groups)
        {
            var wanted = nowServers.Where(s => s.Status?.Host is not null && s.Spec.SchedulerHints?.Group == group.Metadata.Name && s.Metadata.Namespace == group.Metadata.Namespace)
                .Select(s => (Id: InstanceIDOf(s), Host: s.Status!.Host!, Epoch: s.Status.HostEpoch!.Value, ClaimID: s.Status.ClaimID!)).ToHashSet();
            var seats = (group.Status?.Members ?? []).Select(m => (m.InstanceID, m.Host, m.Epoch, m.ClaimID)).ToList();
            foreach (var seat in seats.Where(seat => !wanted.Contains(seat)))
                yield return $"group {group.Metadata.Name} holds a seat that is not bound: {seat}";
            foreach (var bound in wanted.Where(w => !seats.Contains(w)))
                yield return $"group {group.Metadata.Name} has no seat for {bound}";
        }
    }

    /// <summary>A Server is gone: nothing of it runs.</summary>
    public string? SeeGone(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        var id = InstanceIDOf(server);
        servers.Remove(id);
        return running.TryGetValue(id, out var guest) && !guest.Stray ? $"Server {server.Metadata.Name} ({id}) is gone, and its guest runs on {guest.Host}" : null;
    }

    /// <summary>A guest was started, or found running: nowhere else, of a Server that is there, and with its entry.</summary>
    public string? SeeRunning(string host, string instanceID, long epoch)
    {
        if (running.TryGetValue(instanceID, out var guest) && guest.Host != host)
            return $"{instanceID} runs on {guest.Host} under {guest.Epoch}, and on {host} under {epoch}";
        var wrong = !servers.ContainsKey(instanceID) ? "and its Server is gone"
            : !ledgers.TryGetValue(host, out var ledger) || !Holds(ledger, instanceID, epoch, null) ? "without its entry"
            : null;

        // What was rightly ordered before the store was restored may still come about, and is a stray then.
        running[instanceID] = (host, epoch, wrong is not null && restoring);
        return wrong is null || restoring ? null : $"{instanceID} runs on {host} under {epoch}, {wrong}";
    }

    /// <summary>A guest does not run any more, for whatever reason.</summary>
    public void SeeOff(string host, string instanceID)
    {
        if (running.TryGetValue(instanceID, out var guest) && guest.Host == host)
            running.Remove(instanceID);
    }

    /// <summary>Domain or disks of a guest were destroyed: only after a delete, or where its Server is bound no more.</summary>
    public string? SeeDestroyed(string host, string instanceID, long epoch)
    {
        var stray = running.TryGetValue(instanceID, out var guest) && guest.Host == host && guest.Stray;
        SeeOff(host, instanceID);
        if (restoring)
            return null;
        if (stray)
            return $"{instanceID} was destroyed on {host} under {epoch}, of which only a later store than this knew";
        return servers.TryGetValue(instanceID, out var server) && server.Metadata.DeletionTimestamp is null && server.Status is { } status && status.Host == host && status.HostEpoch == epoch
            ? $"{instanceID} was destroyed on {host} under {epoch}, where its Server is bound, and nobody deleted it"
            : null;
    }

    /// <summary>The store is an older one now: what was seen of it counts no more. What runs, runs.</summary>
    public void Restored(IEnumerable<Server> nowServers, IEnumerable<ResourceProvider> nowLedgers)
    {
        ArgumentNullException.ThrowIfNull(nowServers);
        ArgumentNullException.ThrowIfNull(nowLedgers);
        restoring = true;
        ledgers.Clear();
        servers.Clear();
        bound.Clear();
        foreach (var ledger in nowLedgers)
            ledgers[ledger.Metadata.Name!] = ledger;
        foreach (var server in nowServers)
            servers[InstanceIDOf(server)] = server;
        foreach (var (id, guest) in running.ToList())
            running[id] = guest with { Stray = !ledgers.TryGetValue(guest.Host, out var ledger) || !Holds(ledger, id, guest.Epoch, null) };
    }

    /// <summary>After a restore every host has said what it runs: from here on nothing is excused.</summary>
    public void Reported() => restoring = false;

    /// <summary>When everything has come to rest: what is on hosts and in ledgers that belongs to nobody.</summary>
    /// <param name="nowServers">All Servers.</param>
    /// <param name="nowLedgers">All ledgers.</param>
    /// <param name="instances">All Instances.</param>
    /// <param name="onHosts">Host and instance ID of each domain, record or directory that there is.</param>
    public static IEnumerable<string> Orphans(
        IReadOnlyCollection<Server> nowServers, IEnumerable<ResourceProvider> nowLedgers, IEnumerable<Instance> instances, IEnumerable<(string Host, string InstanceID)> onHosts)
    {
        ArgumentNullException.ThrowIfNull(nowServers);
        ArgumentNullException.ThrowIfNull(nowLedgers);
        ArgumentNullException.ThrowIfNull(instances);
        ArgumentNullException.ThrowIfNull(onHosts);
        var places = nowServers.Where(s => s.Status?.Host is not null).ToDictionary(InstanceIDOf, s => s.Status!, StringComparer.Ordinal);
        foreach (var ledger in nowLedgers)
        {
            foreach (var entry in ledger.Status?.Allocations ?? [])
            {
                if (places.GetValueOrDefault(entry.Id) is not { } at || at.Host != ledger.Metadata.Name || at.HostEpoch != entry.Epoch)
                    yield return $"the ledger of {ledger.Metadata.Name} holds an entry of {entry.Id}, number {entry.Epoch}, that is not bound";
            }
        }

        foreach (var instance in instances)
        {
            if (places.GetValueOrDefault(instance.Metadata.Name!) is not { } at || ApiGroup.HostNamespace(at.Host!) != instance.Metadata.Namespace || at.HostEpoch != instance.Spec.Epoch)
                yield return $"Instance {instance.Metadata.Namespace}/{instance.Metadata.Name}, number {instance.Spec.Epoch}, is not bound";
        }

        foreach (var (host, id) in onHosts)
        {
            if (places.GetValueOrDefault(id)?.Host != host)
                yield return $"{host} holds something of {id}, which is not bound there";
        }
    }

    private static string InstanceIDOf(Server server) => server.Status?.InstanceID ?? server.Metadata.Uid!;

    private static bool Holds(ResourceProvider ledger, string id, long epoch, string? claim)
    {
        foreach (var entry in ledger.Status?.Allocations ?? [])
        {
            if (entry.Id == id && entry.Epoch == epoch && (claim is null || entry.ClaimID == claim))
                return true;
        }

        return false;
    }
}
