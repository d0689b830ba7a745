using Kilonova.Crds;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Placement;

/// <summary>What names an instance ID before anything is read.</summary>
/// <param name="InstanceID">The ID.</param>
/// <param name="Namespace">Namespace of its Server, as last known.</param>
/// <param name="Name">Name of its Server.</param>
public sealed record PlacementKey(string InstanceID, string Namespace, string Name);

/// <summary>
/// R6: whoever makes a guarded write reads the object that guards it first and then, by quorum, what justifies the write. This is the only place that reads for a
/// guarded write, so that the order cannot be got wrong elsewhere.
/// </summary>
public sealed class GuardedReader(IPlacementStore store)
{
    /// <summary>
    /// Reads everything of an instance ID after the guarding object was read. That one is taken from <paramref name="view"/>, whenever it was read: if it is
    /// out of date its version refuses the write, and <see cref="RefreshAsync"/> reads it anew.
    /// </summary>
    /// <param name="key">The ID, and where its Server should be.</param>
    /// <param name="view">Holds the guarding object; names the hosts to look at, its strays and wanted resources are taken over.</param>
    /// <param name="guard">What is to be written.</param>
    /// <param name="cancellation">Cancels.</param>
    public async Task<PlacementView> ReadAsync(PlacementKey key, PlacementView view, StepGuard guard, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(view);
        var server = guard.Kind == GuardKind.Server ? view.Server : await ReadServerAsync(key, cancellation);

        // Every host that the Server was ever bound to is named by its status; the view adds claims that were never bound. One that is not known
        // yet is no danger: its number is not bound, and garbage collection finds it (R5).
        var hosts = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var place in view.Places)
            hosts.Add(place.Host);
        if (guard.Host is { } guardHost)
            hosts.Add(guardHost);
        if (server?.Status?.Host is { } bound)
            hosts.Add(bound);
        foreach (var failed in server?.Status?.FailedHosts ?? [])
            hosts.Add(failed.Host);

        foreach (var group in view.Groups)
        {
            foreach (var seat in group.Members)
                hosts.Add(seat.Host);
        }

        // Instances before entries: an Instance outlives its entry (R1), so "no Instance, then no entry" cannot miss one in between.
        var instances = new Dictionary<string, Instance?>(StringComparer.Ordinal);
        foreach (var host in hosts)
            instances[host] = guard == StepGuard.Instance(host) ? view.At(host).Instance : await store.ReadInstanceAsync(host, key.InstanceID, cancellation);

        var places = new List<Place>(hosts.Count);
        foreach (var host in hosts)
        {
            // Under an Instance that is not going yet no step looks at entries to remove them.
            var entries = guard == StepGuard.Ledger(host) || instances[host] is { Metadata.DeletionTimestamp: null }
                ? view.At(host).Entries
                : LedgerEntries.EntriesOf(await store.ReadLedgerAsync(host, cancellation), key.InstanceID);
            places.Add(new Place(host, instances[host], entries) { Gone = AwaitsAgent(instances[host]) && await store.IsGoneAsync(host, cancellation) });
        }

        return view with { Server = server, Places = places, Groups = await ReadGroupsAsync(key, server, view, guard, cancellation) };
    }

    /// <summary>Reads the guarding object anew.</summary>
    public async Task<PlacementView> RefreshAsync(PlacementKey key, PlacementView view, StepGuard guard, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(view);
        return guard.Kind switch
        {
            GuardKind.Server => view with { Server = await ReadServerAsync(key, cancellation) },
            GuardKind.Instance => view.With(view.At(guard.Host!) with { Instance = await store.ReadInstanceAsync(guard.Host!, key.InstanceID, cancellation) }),
            GuardKind.Ledger => view.With(view.At(guard.Host!) with { Entries = LedgerEntries.EntriesOf(await store.ReadLedgerAsync(guard.Host!, cancellation), key.InstanceID) }),
            GuardKind.Group => WithGroup(view, key, guard.Name!, await store.ReadGroupAsync(new GroupKey(key.Namespace, guard.Name!), cancellation)),
            _ => view,
        };
    }

    /// <summary>The identity that a Server has below the API.</summary>
    public static string InstanceIDOf(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Status?.InstanceID ?? server.Metadata.Uid!;
    }

    /// <summary>A view with a group as just read; without it when it is gone.</summary>
    public static PlacementView WithGroup(PlacementView view, PlacementKey key, string name, ServerGroup? group)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(key);
        return group is null ? view with { Groups = [.. view.Groups.Where(g => g.Name != name)] } : view.With(GroupSeats.Of(group, key.InstanceID));
    }

    /// <summary>Seats after entries: they go in that order.</summary>
    private async Task<IReadOnlyList<SeatsInGroup>> ReadGroupsAsync(PlacementKey key, Server? server, PlacementView view, StepGuard guard, CancellationToken cancellation)
    {
        var names = new SortedSet<string>(view.Groups.Select(g => g.Name), StringComparer.Ordinal);
        if (server is not null && GroupKey.Of(server) is { } named)
            names.Add(named.Name);
        if (names.Count == 0)
            return [];
        var groups = new List<SeatsInGroup>(names.Count);
        foreach (var name in names)
        {
            if (guard == StepGuard.Group(name))
                groups.AddRange(view.Groups.Where(g => g.Name == name));
            else if (await store.ReadGroupAsync(new GroupKey(key.Namespace, name), cancellation) is { } group)
                groups.Add(GroupSeats.Of(group, key.InstanceID));
        }

        return groups;
    }

    private static bool AwaitsAgent(Instance? instance) =>
        instance is { Metadata: { DeletionTimestamp: not null, Finalizers: { } finalizers } } && finalizers.Contains(ApiGroup.AgentFinalizer);

    private async Task<Server?> ReadServerAsync(PlacementKey key, CancellationToken cancellation) =>
        await store.ReadServerAsync(key.Namespace, key.Name, cancellation) is { } server && InstanceIDOf(server) == key.InstanceID ? server : null;
}
