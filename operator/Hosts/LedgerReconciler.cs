using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Placement;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Operator.Hosts;

/// <summary>
/// Says when more is promised on a host than it may promise: its facts shrank, or a ratio was lowered, after the promise. Nobody is moved for it; nothing more is
/// promised there, as the fit is checked against the same figures.
/// </summary>
public sealed class LedgerReconciler(ClusterCache cache, IPlacementStore store, Func<ResourceProvider, EffectiveInventory> inventory, TimeProvider time)
{
    /// <summary>The condition.</summary>
    public const string OverAllocated = "OverAllocated";

    /// <summary>Sees to one ledger.</summary>
    public async Task<Result> ReconcileAsync(string host, CancellationToken cancellation)
    {
        if (cache.Providers.Get(new NamespacedName(host)) is not { Metadata.DeletionTimestamp: null } ledger || !cache.Hypervisors.TryGet(new NamespacedName(host), out _))
            return Result.Done;
        if (StatusOf(ledger, inventory(ledger), time.GetUtcNow()) is not { } status)
            return Result.Done;
        return (await store.WriteLedgerAsync(ledger, status, cancellation)).Done ? Result.Done : Result.Requeue;
    }

    /// <summary>The ledger's status with the condition as it should be; null when it is so. It is there only while it holds.</summary>
    public static ResourceProviderStatus? StatusOf(ResourceProvider ledger, EffectiveInventory inventory, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        var before = ledger.Status?.Conditions?.FirstOrDefault(c => c.Type == OverAllocated);
        var others = (ledger.Status?.Conditions ?? []).Where(c => c.Type != OverAllocated);
        var lines = Ledger.OverAllocated(ledger.Status?.Allocations ?? [], inventory);
        if (lines.Count == 0)
            return before is null ? null : ledger.Status! with { Conditions = [.. others] };
        var condition = Conditions.Next(ledger.Status!.Conditions, OverAllocated, ConditionStatus.True, "PromisedMoreThanThereIs", $"{string.Join("; ", lines)}. Nobody is moved; nothing more is promised here.", ledger.Metadata.Generation, now);
        return before?.Status == ConditionStatus.True && before.Message == condition.Message ? null : ledger.Status with { Conditions = [.. others, condition] };
    }
}
