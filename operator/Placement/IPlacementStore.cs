using Kilonova.Crds;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Placement;

/// <summary>
/// The reads and writes that the protocol is made of. Every read is a quorum read; every write is guarded by the version (or the UID) of the
/// object that it is given. A seam for tests: the protocol is run there against a store that interleaves and crashes.
/// </summary>
public interface IPlacementStore
{
    /// <summary>Reads a Server; null when there is none of that name.</summary>
    Task<Server?> ReadServerAsync(string @namespace, string name, CancellationToken cancellation);

    /// <summary>Reads a host's ledger.</summary>
    Task<ResourceProvider?> ReadLedgerAsync(string host, CancellationToken cancellation);

    /// <summary>Reads a server group; null when there is none of that name.</summary>
    Task<ServerGroup?> ReadGroupAsync(GroupKey key, CancellationToken cancellation);

    /// <summary>Reads an Instance.</summary>
    Task<Instance?> ReadInstanceAsync(string host, string instanceID, CancellationToken cancellation);

    /// <summary>Whether a host is gone for good: an admin deleted its Hypervisor, and its agent, which would register it again, is not heard of.</summary>
    Task<bool> IsGoneAsync(string host, CancellationToken cancellation);

    /// <summary>Writes a Server's finalizers, guarded by its version.</summary>
    Task<Written<Server>> WriteServerFinalizersAsync(Server server, IReadOnlyList<string> finalizers, CancellationToken cancellation);

    /// <summary>Writes a Server's status, guarded by its version.</summary>
    Task<Written<Server>> WriteServerStatusAsync(Server server, ServerStatus status, CancellationToken cancellation);

    /// <summary>Writes a ledger's status, guarded by its version.</summary>
    Task<Written<ResourceProvider>> WriteLedgerAsync(ResourceProvider ledger, ResourceProviderStatus status, CancellationToken cancellation);

    /// <summary>Writes a server group's status, guarded by its version.</summary>
    Task<Written<ServerGroup>> WriteGroupAsync(ServerGroup group, ServerGroupStatus status, CancellationToken cancellation);

    /// <summary>Creates an Instance; refused when its name is taken.</summary>
    Task<Written<Instance>> CreateInstanceAsync(Instance instance, CancellationToken cancellation);

    /// <summary>Writes an Instance's specification or finalizers, guarded by the version that was read.</summary>
    Task<Written<Instance>> WriteInstanceAsync(Instance read, Instance wanted, CancellationToken cancellation);

    /// <summary>Deletes the Instance of this UID; refused when another has its name.</summary>
    Task<Written<Instance>> DeleteInstanceAsync(Instance instance, CancellationToken cancellation);
}

/// <summary>Outcome of a guarded write.</summary>
/// <param name="Object">The object as written; null when the guard refused.</param>
public readonly record struct Written<T>(T? Object)
    where T : class
{
    /// <summary>Whether it was written. If not, somebody else wrote first: read again.</summary>
    public bool Done => Object is not null;
}
