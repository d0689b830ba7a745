using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Servers;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator.Hosts;

/// <summary>Keeps the two cells that always are, <c>local</c> and <c>cell0</c>, counts what is in them, and ends the hold after a restore (R9).</summary>
public sealed class CellReconciler(ApiResources api, ClusterCache cache, IPlacementStore store, int maxAttempts, Action released, TimeProvider time, ILogger<CellReconciler> logger)
{
    /// <summary>How soon a held cell is looked at again, if nothing tells of a change.</summary>
    private static readonly TimeSpan HoldRetry = TimeSpan.FromSeconds(2);

    private readonly GuardedReader _reader = new(store);

    /// <summary>Sees to one cell.</summary>
    public async Task<Result> ReconcileAsync(string name, CancellationToken cancellation)
    {
        if (name is not (CellNames.Local or CellNames.Unplaced))
            return Result.Done;
        var cell = cache.Cells.Get(new NamespacedName(name));
        if (cell is null)
        {
            try
            {
                cell = await api.Cells.CreateAsync(new Cell { ApiVersion = ApiGroup.ApiVersion, Kind = nameof(Cell), Metadata = new ObjectMeta { Name = name }, Spec = new CellSpec() }, cancellation);
                cache.Cells.Observe(cell);
            }
            catch (KubernetesException e) when (e.IsAlreadyExists)
            {
                return Result.Requeue;
            }
        }

        var servers = cache.Servers.List();
        var local = name == CellNames.Local;
        var held = local && RestoreHold.Holds(cell) ? await HeldForAsync(cell, cancellation) : null;
        var completed = local && RestoreHold.Holds(cell) && held is null ? cell.Spec.Generation : cell.Status?.CompletedGeneration;
        var status = (cell.Status ?? new CellStatus()) with
        {
            Hosts = local ? cache.Hypervisors.Count : 0,
            Servers = servers.Count(s => s.Status?.Cell == name),
            CompletedGeneration = completed,
            Conditions =
            [
                held is null
                    ? Conditions.Next(cell.Status?.Conditions, "Ready", ConditionStatus.True, "Counted", local ? "This API server." : "Servers that no host can take.", cell.Metadata.Generation, time.GetUtcNow())
                    : Conditions.Next(cell.Status?.Conditions, "Ready", ConditionStatus.False, "StoreRestored", held, cell.Metadata.Generation, time.GetUtcNow()),
            ],
        };
        var written = await api.Cells.PatchChangesAsync(cell, cell with { Status = status }, "status", cancellation);
        cache.Cells.Observe(written);
        if (completed != cell.Status?.CompletedGeneration)
            logger.HoldEnded(completed!.Value);
        if (local && held is null && cache.IsHeld)
            await ReleaseAsync(written.Spec.Generation!.Value, cancellation);
        return held is null ? Result.Done : Result.RequeueAfter(HoldRetry);
    }

    /// <summary>What the hosts said is read by quorum once more, then everything is looked at.</summary>
    private async Task ReleaseAsync(long generation, CancellationToken cancellation)
    {
        foreach (var hypervisor in (await api.Hypervisors.ListAsync(WatchScope.Cluster, null, cancellation)).Items)
            cache.Hypervisors.Observe(hypervisor);
        cache.Release(generation);
        released();
    }

    /// <summary>
    /// R9: what the hold waits for; null when it may end. Every host has answered, and of all that was found running there is no Instance elsewhere left that could
    /// start: read by quorum, since from then on agents start what they find.
    /// </summary>
    private async Task<string?> HeldForAsync(Cell cell, CancellationToken cancellation)
    {
        var hosts = cache.Hypervisors.List();
        if (RestoreHold.Unanswered(cell, hosts) is { Count: > 0 } missing)
            return $"The store was restored (generation {cell.Spec.Generation}). Nothing is scheduled, started or destroyed until these hosts have said what they run, or are waived (spec.waivedHosts): {string.Join(", ", missing)}.";
        foreach (var id in hosts.SelectMany(h => h.Status?.Strays ?? []).Select(s => s.InstanceID).Distinct(StringComparer.Ordinal))
        {
            var view = cache.View(id);
            if (ClusterCache.KeyOf(view) is { } key && PlacementProtocol.Next(await _reader.ReadAsync(key, view, StepGuard.None, cancellation) with { Held = true }, maxAttempts).Writes)
                return $"The store was restored (generation {cell.Spec.Generation}). {id} was found on another host than it has, and is held back there.";
        }

        return null;
    }
}
