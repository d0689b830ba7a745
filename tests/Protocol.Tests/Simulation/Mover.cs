using Kilonova.Crds;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Servers;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>
/// Evacuates, as docs/protocol.md says that it is to be done (R3, R6, R8). The product does not do it yet: this is the rule in executable words, and makes
/// the operator and the agent meet the notes, claims and binds of a move.
/// </summary>
internal sealed class Mover(World world, MemoryStore store, Model model, string name) : Actor(world, name)
{
    /// <summary>Whose operations these are, where it is not the mover itself.</summary>
    public Actor? Acts { get; init; }

    public override async Task LiveAsync()
    {
        while (true)
        {
            var server = await Do("look for moves", Candidate, () => Candidate() is not null);
            if (server is null)
                continue;
            if (store.Instances.GetValueOrDefault((server.Status!.Host!, GuardedReader.InstanceIDOf(server)))?.Spec.Note is not null && World.Random.Next(2) == 0)
                await ClearNoteAsync(server.Status.Host!, GuardedReader.InstanceIDOf(server), server.Metadata.Name!);
            else if (model.Fences.ContainsKey(server.Status.Host!))
                await EvacuateAsync(server, Destination(server));
        }
    }

    /// <summary>A note at the source, the claim, evidence that the host is off, the bind.</summary>
    public async Task EvacuateAsync(Server server, string? destination)
    {
        var id = GuardedReader.InstanceIDOf(server);
        var (source, epoch, next) = (server.Status!.Host!, server.Status.HostEpoch!.Value, (server.Status.PlacementEpoch ?? 0) + 1);
        if (destination is null || (!model.Off.HasFlag(Rules.Note) && !await WriteNoteAsync(server, id, source, epoch, next)))
            return;

        var claim = await ClaimAsync(id, destination, next, Holder.Of(server));
        if (claim is null)
            return;
        if (!await Do($"compare Fence and Lease of {source}", () => IsFenced(source)))
            return;
        var bound = await Do($"bind {id} to {destination} e{next}", () => store.Write(Binding.Bound(server, id, destination, next, claim, null), true));
        if (bound is null)
            return;
        model.Count("evacuations");
        await Do($"create Instance {id} on {destination} e{next}", () => store.Create(destination, Binding.Order(id, destination, InstanceOrder.Of(bound, id, Model.Resolved, false))));
    }

    /// <summary>R8: a note that is void goes; so does that of an evacuation whose host is back, once its number is used up.</summary>
    public async Task ClearNoteAsync(string host, string id, string serverName)
    {
        var instance = await Do($"read Instance {id} on {host}", () => store.Instances.GetValueOrDefault((host, id)));
        var server = await Do($"read Server {serverName}", () => store.Servers.GetValueOrDefault(serverName));
        if (instance is not { Spec.Note: { Reason: MoveReason.Evacuation } note, Metadata.DeletionTimestamp: null } || server is not { Metadata.DeletionTimestamp: null }
            || GuardedReader.InstanceIDOf(server) != id || !PlacementProtocol.IsBound(server, host, instance.Spec.Epoch))
            return;
        if ((server.Status!.PlacementEpoch ?? 0) < note.TargetEpoch)
        {
            if (await Do($"compare Fence and Lease of {host}", () => IsFenced(host)))
                return;
            if (await Do($"raise {id} to e{note.TargetEpoch}", () => store.Write(server with { Status = Binding.Raised(server, note.TargetEpoch) }, true)) is null)
                return;
        }

        model.Count("notes cleared");
        if (!model.Off.HasFlag(Rules.VoidNote))
            await Do($"clear note of {id} on {host}", () => store.Write(host, instance with { Spec = instance.Spec with { Note = null } }, false));
    }

    /// <summary>Claims room; returns the claim, or null.</summary>
    public async Task<string?> ClaimAsync(string id, string host, long epoch, string holder)
    {
        var ledger = await Do($"read ledger {host}", () => store.Ledgers[host]);
        var entries = ledger.Status?.Allocations ?? [];
        if (entries.Any(e => e.Id == id) || entries.Count >= Model.Capacity)
            return null;
        var entry = new Allocation { Id = id, Epoch = epoch, ClaimID = model.Off.HasFlag(Rules.ClaimID) ? host : store.NextUid("claim"), Holder = model.Off.HasFlag(Rules.HolderKind) ? $"{Holder.ServerPrefix}p/s" : holder, Resources = Model.Claimed };
        var written = await Do($"claim {id} e{epoch} on {host}", () => store.Write(ledger with { Status = (ledger.Status ?? new()) with { Allocations = [.. entries, entry] } }));
        return written is null ? null : entry.ClaimID;
    }

    // The Instance first, which the note's write is guarded by; then the Server, which justifies it.
    private async Task<bool> WriteNoteAsync(Server server, string id, string source, long epoch, long next)
    {
        var note = new MoveNote { TargetEpoch = next, Reason = MoveReason.Evacuation };
        var instance = await Do($"read Instance {id} on {source}", () => store.Instances.GetValueOrDefault((source, id)));
        var now = await Do($"read Server {server.Metadata.Name}", () => store.Servers.GetValueOrDefault(server.Metadata.Name!));
        if (now?.Metadata.ResourceVersion != server.Metadata.ResourceVersion)
            return false;
        if (instance is null)
        {
            var order = Binding.Order(id, source, InstanceOrder.Of(server, id, Model.Resolved, false) with { Note = note });
            return await Do($"create Instance {id} on {source} with a note", () => store.Create(source, order)) is not null;
        }

        if (instance.Metadata.DeletionTimestamp is not null || instance.Spec.Epoch != epoch)
            return false;
        return instance.Spec.Note?.TargetEpoch == next
            || await Do($"write note e{next} on {id} on {source}", () => store.Write(source, instance with { Spec = instance.Spec with { Note = note } }, false)) is not null;
    }

    /// <summary>A migration up to its note: claim, Incoming, note at the source.</summary>
    public async Task BeginMigrationAsync(Server server, string destination)
    {
        var id = GuardedReader.InstanceIDOf(server);
        var (source, next) = (server.Status!.Host!, (server.Status.PlacementEpoch ?? 0) + 1);
        if (await ClaimAsync(id, destination, next, "Migration/p/m") is not { } claim)
            return;
        var order = InstanceOrder.Of(server, id, Model.Resolved, false) with { Epoch = next, ClaimID = claim, Wanted = InstancePresence.Incoming };
        await Do($"create Instance {id} on {destination} Incoming", () => store.Create(destination, Binding.Order(id, destination, order)));
        var instance = await Do($"read Instance {id} on {source}", () => store.Instances[(source, id)]);
        var note = new MoveNote { TargetEpoch = next, Reason = MoveReason.Migration, Destination = destination };
        await Do($"write note e{next} on {id} on {source}", () => store.Write(source, instance with { Spec = instance.Spec with { Note = note } }, false));
    }

    /// <summary>The destination runs the guest: it is bound there.</summary>
    public Task FinishMigrationAsync(Server server, string destination)
    {
        var entry = LedgerEntries.EntriesOf(store.Ledgers[destination], GuardedReader.InstanceIDOf(server))[0];
        return Do($"bind to {destination} e{entry.Epoch}", () => store.Write(Binding.Bound(server, GuardedReader.InstanceIDOf(server), destination, entry.Epoch, entry.ClaimID, null), true));
    }

    /// <summary>R7: an abort is asked for in the note, which goes when the source has said that it will not send the guest any more.</summary>
    public async Task AbortMigrationAsync(string source, string id)
    {
        var instance = await Do($"read Instance {id} on {source}", () => store.Instances[(source, id)]);
        if (!model.Off.HasFlag(Rules.AbortAgreed) && instance.Status?.Move?.Answer is not (MoveAnswerKind.Running or MoveAnswerKind.NotRunning))
            await Do($"ask to abort {id} on {source}", () => store.Write(source, instance with { Spec = instance.Spec with { Note = instance.Spec.Note! with { Abort = true } } }, false));
        else
            await Do($"clear note of {id} on {source}", () => store.Write(source, instance with { Spec = instance.Spec with { Note = null } }, false));
    }

    private new Task<T> Do<T>(string what, Func<T> operation, Func<bool>? due = null) => World.Do(Acts ?? this, what, operation, due);

    private bool IsFenced(string host) => model.Fences.TryGetValue(host, out var boot) && store.Leases.GetValueOrDefault(host) == boot;

    private Server? Candidate()
    {
        if (store.Held)
            return null;
        foreach (var server in store.Servers.Values)
        {
            if (server is not { Metadata.DeletionTimestamp: null, Status: { Host: { } host, HostEpoch: not null } })
                continue;
            if (IsFenced(host) || store.Instances.GetValueOrDefault((host, GuardedReader.InstanceIDOf(server)))?.Spec.Note is not null)
                return server;
        }

        return null;
    }

    private string? Destination(Server server)
    {
        var id = GuardedReader.InstanceIDOf(server);
        var hosts = store.Ledgers.Keys.Where(h => h != server.Status!.Host && !model.Fences.ContainsKey(h) && !store.Instances.ContainsKey((h, id))).ToList();
        return hosts.Count == 0 ? null : hosts[World.Random.Next(hosts.Count)];
    }
}
