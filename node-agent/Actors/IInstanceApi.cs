using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// What a round reads and writes in the API. Every read is by quorum, every write guarded by what was read. A seam for tests: the rounds are run there against a
/// store that interleaves and crashes.
/// </summary>
internal interface IInstanceApi
{
    /// <summary>Reads one Instance.</summary>
    Task<InstanceReading> ReadAsync(string instanceID, CancellationToken cancel);

    /// <summary>Reads the entries of an instance in the host's own ledger.</summary>
    Task<LedgerReading> ReadLedgerAsync(string instanceID, CancellationToken cancel);

    /// <summary>Writes a status where it differs from the one that was read.</summary>
    /// <returns>The Instance as it is now.</returns>
    Task<Instance> WriteStatusAsync(Instance read, InstanceStatus status, CancellationToken cancel);

    /// <summary>Confirms that nothing of the Instance is left here.</summary>
    Task DropFinalizerAsync(Instance instance, CancellationToken cancel);
}
