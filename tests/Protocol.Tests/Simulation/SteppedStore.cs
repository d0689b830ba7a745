using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>
/// The store as one leader sees it: each operation waits for its turn, and now and then the answer to a write is lost. With a rule switched off it does what an
/// operator without that rule would have asked for.
/// </summary>
/// <param name="world">Gives turns.</param>
/// <param name="store">The store.</param>
/// <param name="actor">Whose eyes these are.</param>
/// <param name="off">Rules that are switched off.</param>
/// <param name="cache">The actor's cache, from which reads are served where R6 is switched off.</param>
internal sealed class SteppedStore(World world, MemoryStore store, Actor actor, Rules off, Func<MemoryStore> cache) : IPlacementStore
{
    public Task<Server?> ReadServerAsync(string @namespace, string name, CancellationToken cancellation) =>
        world.Do(actor, $"read Server {name}", () => Source.Servers.GetValueOrDefault(name));

    public Task<ResourceProvider?> ReadLedgerAsync(string host, CancellationToken cancellation) =>
        world.Do(actor, $"read ledger {host}", () => Source.Ledgers.GetValueOrDefault(host));

    public Task<ServerGroup?> ReadGroupAsync(GroupKey key, CancellationToken cancellation) =>
        world.Do(actor, $"read group {key.Name}", () => Source.Groups.GetValueOrDefault(key.Name));

    public Task<Written<ServerGroup>> WriteGroupAsync(ServerGroup group, ServerGroupStatus status, CancellationToken cancellation) => Write(
        $"write group {group.Metadata.Name}: {string.Join(' ', (status.Members ?? []).Select(m => $"{m.InstanceID}/e{m.Epoch}@{m.Host}"))}",
        () => store.Write(group with { Status = status }, guarded: !off.HasFlag(Rules.GroupGuard)));

    public Task<Instance?> ReadInstanceAsync(string host, string instanceID, CancellationToken cancellation) =>
        world.Do(actor, $"read Instance {instanceID} on {host}", () => Source.Instances.GetValueOrDefault((host, instanceID)));

    public Task<bool> IsGoneAsync(string host, CancellationToken cancellation) => world.Do(actor, $"read Hypervisor {host}", () => store.Gone.Contains(host));

    public Task<Written<Server>> WriteServerFinalizersAsync(Server server, IReadOnlyList<string> finalizers, CancellationToken cancellation) =>
        Write($"write finalizers [{string.Join(',', finalizers)}] of {server.Metadata.Name}", () => store.Write(server with { Metadata = server.Metadata with { Finalizers = finalizers } }, false));

    public Task<Written<Server>> WriteServerStatusAsync(Server server, ServerStatus status, CancellationToken cancellation)
    {
        var wanted = off.HasFlag(Rules.RaiseApart) && IsRaise(server.Status, status) ? status with { Host = null, HostEpoch = null, ClaimID = null } : status;
        if (off.HasFlag(Rules.ClaimID) && wanted.ClaimID is not null)
            wanted = wanted with { ClaimID = wanted.Host };
        return Write($"write Server {server.Metadata.Name}: host {wanted.Host} e{wanted.HostEpoch}, used e{wanted.PlacementEpoch}", () => store.Write(server with { Status = wanted }, true));
    }

    public Task<Written<ResourceProvider>> WriteLedgerAsync(ResourceProvider ledger, ResourceProviderStatus status, CancellationToken cancellation)
    {
        var wanted = status;
        if (off.HasFlag(Rules.ClaimID))
            wanted = wanted with { Allocations = [.. (wanted.Allocations ?? []).Select(a => a with { ClaimID = ledger.Metadata.Name! })] };
        return Write($"write ledger {ledger.Metadata.Name}: {string.Join(' ', (wanted.Allocations ?? []).Select(a => $"{a.Id}/e{a.Epoch}"))}", () => store.Write(ledger with { Status = wanted }));
    }

    public Task<Written<Instance>> CreateInstanceAsync(Instance instance, CancellationToken cancellation)
    {
        var host = PlacementProtocol.HostOf(instance)!;
        return Write($"create Instance {instance.Metadata.Name} on {host} e{instance.Spec.Epoch} {instance.Spec.Wanted}", () => Create(host, instance));
    }

    public Task<Written<Instance>> WriteInstanceAsync(Instance read, Instance wanted, CancellationToken cancellation)
    {
        var host = PlacementProtocol.HostOf(read)!;
        return Write($"write Instance {read.Metadata.Name} on {host}", () => store.Write(host, wanted, false));
    }

    public Task<Written<Instance>> DeleteInstanceAsync(Instance instance, CancellationToken cancellation)
    {
        var host = PlacementProtocol.HostOf(instance)!;
        var id = instance.Metadata.Name!;
        return Write($"delete Instance {id} on {host}", () =>
        {
            var uid = off.HasFlag(Rules.DeleteByUid) ? store.Instances.GetValueOrDefault((host, id))?.Metadata.Uid : instance.Metadata.Uid;
            return uid is not null && store.Delete(host, id, uid) ? instance with { Metadata = instance.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } } : null;
        });
    }

    private MemoryStore Source => off.HasFlag(Rules.ReadAfterGuard) ? cache() : store;

    private Instance? Create(string host, Instance instance)
    {
        if (off.HasFlag(Rules.Confirmation) && instance.Spec.Wanted == InstancePresence.Absent)
        {
            // Without R1 there is no such Instance: the entry goes at once.
            var ledger = store.Ledgers[host];
            store.Write(ledger with { Status = ledger.Status! with { Allocations = LedgerEntries.Without(ledger, instance.Metadata.Name!, instance.Spec.Epoch, instance.Spec.ClaimID) } });
            return null;
        }

        var wanted = instance;
        if (off.HasFlag(Rules.LedgerFinalizer))
            wanted = wanted with { Metadata = wanted.Metadata with { Finalizers = [ApiGroup.AgentFinalizer] } };
        if (off.HasFlag(Rules.ClaimID))
            wanted = wanted with { Spec = wanted.Spec with { ClaimID = host } };
        return store.Create(host, wanted);
    }

    private static bool IsRaise(ServerStatus? before, ServerStatus after) =>
        before is not null && after.PlacementEpoch > (before.PlacementEpoch ?? 0) && after.HostEpoch == before.HostEpoch;

    private Task<Written<T>> Write<T>(string what, Func<T?> write)
        where T : KubernetesObject =>
        world.Do(actor, what, () =>
        {
            var written = write();
            if (written is null)
                world.Note("  refused");
            if (!world.Calm && world.Random.Next(60) == 0)
            {
                world.Note("  its answer is lost");
                throw new KubernetesConnectionException("the answer is lost", null);
            }

            return new Written<T>(written);
        });
}
