using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Placement;

namespace Kilonova.Operator.Hosts;

/// <summary>Says that a server group was seen: servers can join it. Who is in it, the placement protocol writes.</summary>
public sealed class GroupReconciler(ClusterCache cache, IPlacementStore store)
{
    /// <summary>Sees to one group.</summary>
    public async Task<Result> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (cache.Groups.Get(name) is not { Metadata.DeletionTimestamp: null } group || group.Status?.ObservedGeneration == group.Metadata.Generation)
            return Result.Done;
        var status = (group.Status ?? new ServerGroupStatus()) with { ObservedGeneration = group.Metadata.Generation };
        return (await store.WriteGroupAsync(group, status, cancellation)).Done ? Result.Done : Result.Requeue;
    }
}
