using Kilonova.Crds;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Placement;

/// <summary>What names an instance ID before anything is read.</summary>
/// <param name="InstanceID">The ID.</param>
/// <param name="Namespace">Namespace of its Server, as last known.</param>
/// <param name="Name">Name of its Server.</param>
public sealed record PlacementKey(string InstanceID, string Namespace, string Name);

/// <summary>A view read by quorum for one guard, with the guarding objects as they were read.</summary>
public sealed record GuardedView(PlacementView View, StepGuard Guard, ResourceProvider? Ledger, Instance? Instance);

/// <summary>
/// R6: whoever makes a guarded write reads the object that guards it first and then, by quorum, what justifies the write. This is the only
/// place that reads for a guarded write, so that the order cannot be got wrong elsewhere.
/// </summary>
public sealed class GuardedReader(IPlacementStore store)
{
    /// <summary>Reads everything of an instance ID, the guarding object first.</summary>
    /// <param name="key">The ID, and where its Server should be.</param>
    /// <param name="hint">What is at hand, perhaps out of date: names the hosts to look at; its strays and wanted resources are taken over.</param>
    /// <param name="guard">What is to be written.</param>
    /// <param name="cancellation">Cancels.</param>
    public async Task<GuardedView> ReadAsync(PlacementKey key, PlacementView hint, StepGuard guard, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(hint);

        ResourceProvider? ledger = guard.Kind == GuardKind.Ledger ? await store.ReadLedgerAsync(guard.Host!, cancellation) : null;
        Instance? guarding = guard.Kind == GuardKind.Instance ? await store.ReadInstanceAsync(guard.Host!, key.InstanceID, cancellation) : null;

        var server = await store.ReadServerAsync(key.Namespace, key.Name, cancellation);
        if (server is not null && InstanceIDOf(server) != key.InstanceID)
            server = null;

        // Every host that the Server was ever bound to is named by its status; the hint adds claims that were never bound. One that the hint
        // does not know yet is no danger: its number is not bound, and garbage collection finds it (R5).
        var hosts = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var place in hint.Places)
            hosts.Add(place.Host);
        if (guard.Host is { } guardHost)
            hosts.Add(guardHost);
        if (server?.Status?.Host is { } bound)
            hosts.Add(bound);
        foreach (var failed in server?.Status?.FailedHosts ?? [])
            hosts.Add(failed.Host);

        // Instances before entries: an Instance outlives its entry (R1), so "no Instance, then no entry" cannot miss one in between.
        var instances = new Dictionary<string, Instance?>(StringComparer.Ordinal);
        foreach (var host in hosts)
            instances[host] = guard == StepGuard.Instance(host) ? guarding : await store.ReadInstanceAsync(host, key.InstanceID, cancellation);

        var places = new List<Place>(hosts.Count);
        foreach (var host in hosts)
        {
            var provider = guard == StepGuard.Ledger(host) ? ledger : await store.ReadLedgerAsync(host, cancellation);
            places.Add(new Place(host, instances[host], LedgerEntries.EntriesOf(provider, key.InstanceID)));
        }

        return new GuardedView(hint with { Server = server, Places = places }, guard, ledger, guarding);
    }

    /// <summary>The identity that a Server has below the API.</summary>
    public static string InstanceIDOf(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Status?.InstanceID ?? server.Metadata.Uid!;
    }
}
