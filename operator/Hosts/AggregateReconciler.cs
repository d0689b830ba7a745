using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Operator.Cluster;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Operator.Hosts;

/// <summary>Says who is in an aggregate, and what is wrong with it: hosts that do not exist, and hosts that two aggregates put into different zones.</summary>
public sealed class AggregateReconciler(ApiResources api, ClusterCache cache, TimeProvider time)
{
    /// <summary>Sees to one aggregate.</summary>
    public async Task<Result> ReconcileAsync(string name, CancellationToken cancellation)
    {
        if (cache.Aggregates.Get(new NamespacedName(name)) is not { Metadata.DeletionTimestamp: null } aggregate)
            return Result.Done;
        var status = StatusOf(aggregate, cache.Aggregates.List(), cache.Hypervisors.List(), time.GetUtcNow());
        await api.Aggregates.PatchChangesAsync(aggregate, aggregate with { Status = status }, "status", cancellation);
        return Result.Done;
    }

    /// <summary>The status, as a function of all aggregates and hosts.</summary>
    public static AggregateStatus StatusOf(Aggregate aggregate, IReadOnlyList<Aggregate> all, IReadOnlyList<Hypervisor> hosts, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        ArgumentNullException.ThrowIfNull(hosts);
        var members = hosts.Where(h => AggregateMetadata.Includes(aggregate, h.Metadata)).ToList();
        var names = members.Select(h => h.Metadata.Name!).Order(StringComparer.Ordinal).ToList();
        var missing = (aggregate.Spec.Hosts ?? []).Where(h => !names.Contains(h)).Order(StringComparer.Ordinal).ToList();
        var conflicts = aggregate.Spec.AvailabilityZone is not { Length: > 0 } zone ? [] : members
            .SelectMany(h => all
                .Where(a => a.Metadata.Name != aggregate.Metadata.Name && a.Spec.AvailabilityZone is { Length: > 0 } other && other != zone && AggregateMetadata.Includes(a, h.Metadata))
                .Select(a => $"{h.Metadata.Name} is in zone {a.Spec.AvailabilityZone} too, by {a.Metadata.Name}"))
            .Order(StringComparer.Ordinal).ToList();

        var (status, reason, message) = conflicts.Count > 0 ? (ConditionStatus.False, "ZoneConflict", $"A host is in one zone at most: {string.Join("; ", conflicts.Take(5))}.")
            : missing.Count > 0 ? (ConditionStatus.False, "HostsMissing", $"{missing.Count} of its hosts do not exist: {string.Join(", ", missing.Take(5))}.")
            : (ConditionStatus.True, "Applied", $"{names.Count} hosts.");
        return (aggregate.Status ?? new AggregateStatus()) with
        {
            ObservedGeneration = aggregate.Metadata.Generation,
            Hosts = names,
            Conditions = [Conditions.Next(aggregate.Status?.Conditions, "Ready", status, reason, message, aggregate.Metadata.Generation, now)],
        };
    }
}
