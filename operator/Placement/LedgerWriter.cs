using Kilonova.Crds;

namespace Kilonova.Operator.Placement;

/// <summary>Writes ledgers, by name of the Hypervisor.</summary>
/// <param name="store">Quorum reads and guarded writes.</param>
/// <param name="known">The ledger as last seen.</param>
public sealed class LedgerWriter(IPlacementStore store, Func<string, ResourceProvider?> known) : SharedWriter<string, ResourceProvider, IReadOnlyList<Allocation>>
{
    /// <inheritdoc/>
    protected override ResourceProvider? Known(string key) => known(key);

    /// <inheritdoc/>
    protected override Task<ResourceProvider?> ReadAsync(string key, CancellationToken cancellation) => store.ReadLedgerAsync(key, cancellation);

    /// <inheritdoc/>
    protected override ResourceProvider With(ResourceProvider read, IReadOnlyList<Allocation> entries)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read with { Status = (read.Status ?? new ResourceProviderStatus()) with { Allocations = entries } };
    }

    /// <inheritdoc/>
    protected override async Task<bool> TryWriteAsync(ResourceProvider read, ResourceProvider wanted, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        return (await store.WriteLedgerAsync(read, wanted.Status!, cancellation)).Done;
    }
}
