using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Scheduling;
using Kilonova.Scheduling;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator.Servers;

/// <summary>
/// Brings everything that bears one instance ID to where it should be: Server, Instances, ledger entries, Secret, status. The key is the instance ID, not
/// the Server, so that what a deleted Server left behind is cleaned up by the same phases.
/// </summary>
public sealed class ServerReconciler(
    ClusterCache cache, IPlacementStore store, PlacementExecutor executor, SchedulingLoop scheduling, ServerOrders orders, UserDataSecrets secrets,
    ServerEvents events, TimeProvider time, ILogger<ServerReconciler> logger)
{
    /// <summary>How soon a missing Secret is looked for again: Secrets of tenants are not watched.</summary>
    private static readonly TimeSpan SecretRetry = TimeSpan.FromSeconds(5);

    /// <summary>A report that no host fits is written anew at most this often.</summary>
    private static readonly TimeSpan ReportPause = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, SchedulingOutcome.Unresolved> _unresolved = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _gone = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _reported = new(StringComparer.Ordinal);

    /// <summary>Servers that wait for something that they refer to.</summary>
    public ICollection<string> Unresolved => _unresolved.Keys;

    /// <summary>Servers that wait for something of one kind.</summary>
    /// <param name="reason">Reason of the condition, for instance <c>ServerNotFound</c>.</param>
    public IEnumerable<string> WaitingFor(string reason) => _unresolved.Where(u => u.Value.Reason == reason).Select(u => u.Key);

    /// <summary>Looks at one instance ID.</summary>
    public async Task<Result> ReconcileAsync(string instanceID, CancellationToken cancellation)
    {
        var view = cache.View(instanceID);
        if (view.Server is null)
            _gone.TryRemove(instanceID, out _);
        else if (_gone.ContainsKey(instanceID))
            return Result.Done;
        if (ClusterCache.KeyOf(view) is not { } key)
        {
            Forget(instanceID);
            return Result.Done;
        }

        // A placement under way is looked at when it has ended; only a deletion goes ahead of it.
        if (scheduling.IsUnderWay(instanceID) && view.Server is { Metadata.DeletionTimestamp: null })
            return Result.Done;

        var rest = await executor.RunAsync(key, WithWanted(view), OrderAsync, cancellation);
        if (rest.Server is not { } server)
        {
            if (view.Server is { } gone)
            {
                // The cache shows it a little longer; there is nothing to do for it any more.
                _gone[instanceID] = true;
                if (rest.Writes > 0)
                    events.TellDeleted(gone);
            }

            Forget(instanceID);
            return Result.Done;
        }

        // More steps than any sequence needs: somebody works against us. Later.
        if (rest.Step.Writes && rest.Step is not (PlaceServer or CreateInstance))
            return Result.Requeue;

        var placing = await PlaceAsync(instanceID, server, rest, view, cancellation);
        if (await FollowAsync(server, rest, cancellation) is not { Done: true, Instance: var instance })
            return Result.Requeue;
        var secret = await EnsureSecretAsync(server, instance, cancellation);
        var status = await WriteStatusAsync(instanceID, server, instance, rest, cancellation);
        return Soonest(placing, secret, status);
    }

    /// <summary>A Server without a place goes to the scheduler, once everything that it refers to is there.</summary>
    private async Task<Result> PlaceAsync(string instanceID, Server server, Rest rest, PlacementView view, CancellationToken cancellation)
    {
        if (rest.Step is not (PlaceServer or CreateInstance))
        {
            _unresolved.TryRemove(instanceID, out _);
            scheduling.Drop(instanceID);
            return Result.Done;
        }

        var (resolution, retry) = await ResolveAsync(server, cancellation);
        if (resolution is Resolution.Missing missing)
        {
            _unresolved[instanceID] = new SchedulingOutcome.Unresolved(missing.Reason, missing.Message);
            scheduling.Drop(instanceID);
            return retry;
        }

        _unresolved.TryRemove(instanceID, out _);
        if (rest.Step is CreateInstance)
            return Result.Requeue;
        if (HasGivenUp(server))
            return Result.Done;
        var avoid = view.Places.Where(p => p.Instance is not null && p.Host != server.Status?.Host).Select(p => p.Host).ToArray();
        scheduling.Enqueue(new PlacementAsk(instanceID, server, (Resolution.Complete)resolution, avoid, rest.Instance));
        return Result.Done;
    }

    /// <summary>ENSURE: what the user changed since goes to the host.</summary>
    /// <returns>The Instance as it is now; not done when somebody else wrote it first.</returns>
    private async Task<(bool Done, Instance? Instance)> FollowAsync(Server server, Rest rest, CancellationToken cancellation)
    {
        if (rest.Instance is not { Metadata.DeletionTimestamp: null } instance || server.Metadata.DeletionTimestamp is not null
            || PlacementProtocol.HostOf(instance) is not { } host || !PlacementProtocol.IsBound(server, host, instance.Spec.Epoch))
            return (true, rest.Instance);
        var spec = InstanceOrder.Follow(instance.Spec, server);
        if (ReferenceEquals(spec, instance.Spec))
            return (true, instance);

        // The Instance guards; what justifies the write is the Server's own specification, which only grows newer.
        var written = await store.WriteInstanceAsync(instance, instance with { Spec = spec }, cancellation);
        return (written.Done, written.Object);
    }

    private async Task<Result> EnsureSecretAsync(Server server, Instance? instance, CancellationToken cancellation)
    {
        if (instance is not { Metadata.DeletionTimestamp: null, Spec.SecretName: not null } || instance.Status?.StartedAt is not null || server.Metadata.DeletionTimestamp is not null)
            return Result.Done;
        return await secrets.EnsureAsync(server, instance, cancellation) ? Result.Done : Result.RequeueAfter(SecretRetry);
    }

    /// <summary>The status, if what it says has changed.</summary>
    private async Task<Result> WriteStatusAsync(string instanceID, Server server, Instance? instance, Rest rest, CancellationToken cancellation)
    {
        var outcome = scheduling.Outcome(instanceID) ?? _unresolved.GetValueOrDefault(instanceID);
        if (server.Metadata.Finalizers is not { Count: > 0 } || scheduling.IsUnderWay(instanceID))
            return Result.Done;

        // Not decided yet: the bind, or the refusal, brings the status with it.
        if (rest.Step is PlaceServer && outcome is null)
            return Result.Done;

        var status = ServerStatusBuilder.Build(orders.Facts(server, instance, rest.Step as Wait, outcome));
        if (OnlyReportDiffers(server.Status, status))
        {
            var last = _reported.GetValueOrDefault(instanceID);
            var since = time.GetElapsedTime(last);
            if (last != 0 && since < ReportPause)
                return Result.RequeueAfter(ReportPause - since);
        }

        if (MergePatch.Between(ApiResources.Kinds.Servers, server, server with { Status = status }) is null)
            return Result.Done;
        var written = await store.WriteServerStatusAsync(server, status, cancellation);
        if (written.Object is not { } now)
            return Result.Requeue;
        _reported[instanceID] = time.GetTimestamp();
        var ready = status.Conditions!.First(c => c.Type == ServerConditions.Ready);
        logger.StatusWritten(server.Metadata.Namespace!, server.Metadata.Name!, instanceID, InstanceOrder.RequestID(server), $"{status.Phase}", ready.Reason, ready.Message);
        OperatorMetrics.StatusWritten(status);
        events.Tell(server, now);
        return Result.Done;
    }

    /// <summary>What the Server refers to; Secrets last, since they are read from the API server.</summary>
    private async Task<(Resolution Resolution, Result Retry)> ResolveAsync(Server server, CancellationToken cancellation)
    {
        var resolution = ServerResolver.Resolve(server, cache);
        if (resolution is Resolution.Complete && await secrets.FindMissingAsync(server, cancellation) is { } missing)
            return (missing, Result.RequeueAfter(SecretRetry));
        return (resolution, Result.Done);
    }

    private async Task<InstanceSpec?> OrderAsync(Server server, CancellationToken cancellation)
    {
        var (resolution, _) = await ResolveAsync(server, cancellation);
        return resolution is Resolution.Complete complete
            ? InstanceOrder.Of(server, GuardedReader.InstanceIDOf(server), complete, ServerOrders.HasUserData(server))
            : null;
    }

    private PlacementView WithWanted(PlacementView view)
    {
        if (view.Server is not { } server || ServerResolver.Resolve(server, cache) is not Resolution.Complete complete)
            return view;
        var resources = SchedulingRequest.ResourcesOf(complete.Flavor.Spec, complete.Image?.Spec);
        return view with { Wanted = resources.ToDictionary(r => r.ResourceClass, r => r.Amount, StringComparer.Ordinal) };
    }

    /// <summary>onNoValidHost: Fail, and it has: remembered in the status, so that a new leader does not try again.</summary>
    private static bool HasGivenUp(Server server) =>
        server.Spec.OnNoValidHost == OnNoValidHost.Fail
        && server.Status?.Conditions?.FirstOrDefault(c => c.Type == ServerConditions.Scheduled) is { Reason: "NoValidHost" } condition
        && condition.ObservedGeneration == server.Metadata.Generation;

    private static bool OnlyReportDiffers(ServerStatus? before, ServerStatus after) =>
        before?.Conditions is { } old && before.Phase == after.Phase && before.Host == after.Host
        && after.Conditions!.Count == old.Count
        && after.Conditions.Zip(old).All(p => p.First.Type == p.Second.Type && p.First.Status == p.Second.Status && p.First.Reason == p.Second.Reason)
        && after.Conditions.Any(c => c.Reason == "NoValidHost");

    private void Forget(string instanceID)
    {
        scheduling.Drop(instanceID);
        secrets.Forget(instanceID);
        _unresolved.TryRemove(instanceID, out _);
        _reported.TryRemove(instanceID, out _);
    }

    private static Result Soonest(params ReadOnlySpan<Result> results)
    {
        var soonest = Result.Done;
        foreach (var result in results)
        {
            if (result == Result.Requeue)
                return result;
            if (result.After is { } after && (soonest.After is null || after < soonest.After))
                soonest = result;
        }

        return soonest;
    }
}
