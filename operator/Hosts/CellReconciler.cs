using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Servers;

namespace Kilonova.Operator.Hosts;

/// <summary>Keeps the two cells that always are, <c>local</c> and <c>cell0</c>, and counts what is in them.</summary>
public sealed class CellReconciler(ApiResources api, ClusterCache cache, TimeProvider time)
{
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
        var status = (cell.Status ?? new CellStatus()) with
        {
            Hosts = local ? cache.Hypervisors.Count : 0,
            Servers = servers.Count(s => s.Status?.Cell == name),
            Conditions = [Conditions.Next(cell.Status?.Conditions, "Ready", ConditionStatus.True, "Counted", local ? "This API server." : "Servers that no host can take.", cell.Metadata.Generation, time.GetUtcNow())],
        };
        await api.Cells.PatchChangesAsync(cell, cell with { Status = status }, "status", cancellation);
        return Result.Done;
    }
}
