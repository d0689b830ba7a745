using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Queue;
using Kilonova.Libvirt;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.State;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// Decides which instance is looked at when: one round at a time for each, different ones beside each other. A deletion ends the step that is under way
/// for its instance; what then happens is decided by a fresh read.
/// </summary>
internal sealed class InstanceScheduler : IDisposable
{
    /// <summary>Failures in a row after which the Instance's status tells of the trouble: about ten seconds.</summary>
    private const int TellAfterFailures = 4;

    private readonly WorkQueue<string> queue;
    private readonly ConcurrentDictionary<string, CancellationTokenSource> working = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, InstanceReading> readings = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> calledOff = new(StringComparer.Ordinal);
    private readonly InstanceRounds rounds;
    private readonly DomainChanges changes;
    private readonly ILogger logger;

    public InstanceScheduler(InstanceRounds rounds, DomainChanges changes, TimeProvider time, ILogger<InstanceScheduler> logger)
    {
        this.rounds = rounds;
        this.changes = changes;
        this.logger = logger;
        queue = new WorkQueue<string>(new WorkQueueOptions { Name = "instances", BaseDelay = TimeSpan.FromMilliseconds(500), MaxDelay = TimeSpan.FromMinutes(1), Time = time });
    }

    /// <summary>Has an instance looked at.</summary>
    /// <param name="instanceID">Which.</param>
    /// <param name="reading">The Instance, where a quorum read has just given it.</param>
    public void Look(string instanceID, InstanceReading? reading = null)
    {
        if (!StateDirectory.IsInstanceID(instanceID))
            return;
        // A reading is good for the round that begins now; one that begins later, or after an event, reads for itself.
        if (reading is not null && !working.ContainsKey(instanceID))
            readings[instanceID] = reading;
        else
            readings.TryRemove(instanceID, out _);
        if (reading?.Found is { Metadata.DeletionTimestamp: not null } terminating)
            CallOff(terminating);
        queue.Add(instanceID, reading is null ? Priority.Normal : Priority.Low);
    }

    /// <summary>An Instance changed, as a watch tells. Only changes that may ask for something wake it: the agent's own writes do not.</summary>
    public void Notice(Change<Instance> change)
    {
        var (old, now) = (change.Old, change.New);
        var id = change.Latest.Metadata.Name!;
        readings.TryRemove(id, out _);
        var replaced = old is not null && old.Metadata.Uid != now?.Metadata.Uid;
        var deleted = now?.Metadata.DeletionTimestamp is not null && old?.Metadata.DeletionTimestamp is null;
        if (deleted)
            CallOff(now!);
        if (replaced)
        {
            calledOff.TryRemove(old!.Metadata.Uid!, out _);
            Interrupt(id);
        }

        if (replaced || deleted || old?.Metadata.Generation != now?.Metadata.Generation)
            queue.Add(id, deleted ? Priority.High : Priority.Normal);
    }

    /// <summary>Something happened to a domain.</summary>
    /// <param name="instanceID">Whose.</param>
    /// <param name="byItself">Whether it is something that the agent does not do itself: then the instance is looked at, even while a round is under way.</param>
    public void NoticeDomain(string instanceID, bool byItself)
    {
        changes.Signal(instanceID);
        if (byItself || !working.ContainsKey(instanceID))
            Look(instanceID);
    }

    /// <summary>Hands out work until stopped, then ends what is under way.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var tasks = new ConcurrentDictionary<Task, byte>();
        try
        {
            while (await queue.TakeAsync(stop) is { } item)
            {
                var task = WorkAsync(item.Key, stop);
                tasks[task] = 0;
                _ = task.ContinueWith(done => tasks.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What is under way is cancelled by the same token.
        }

        await Task.WhenAll(tasks.Keys);
    }

    public void Dispose() => queue.Dispose();

    // Once for each Instance: what is under way afterwards is its removal. Whoever learns of the deletion first, watch or full pass, says so.
    private void CallOff(Instance terminating)
    {
        if (calledOff.TryAdd(terminating.Metadata.Uid!, 0))
            Interrupt(terminating.Metadata.Name!);
    }

    private void Interrupt(string id)
    {
        if (!working.TryGetValue(id, out var source))
            return;
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The round ended at this moment.
        }
    }

    private async Task WorkAsync(string id, CancellationToken stop)
    {
        // Off the dispatching loop at once, whatever the round does first.
        await Task.Yield();
        using var source = CancellationTokenSource.CreateLinkedTokenSource(stop);
        working[id] = source;
        try
        {
            readings.TryRemove(id, out var reading);
            var again = await rounds.RunAsync(id, reading, source.Token);
            queue.Forget(id);
            if (again is { } delay)
                queue.AddAfter(id, delay);
        }
        catch (OperationCanceledException) when (source.IsCancellationRequested)
        {
            if (!stop.IsCancellationRequested)
                queue.Add(id, Priority.High);
        }
        catch (KubernetesException error) when (error.IsGuardFailure)
        {
            // The Instance changed under a write: read again, judge again.
            queue.AddRateLimited(id);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            await RetryAsync(id, error, stop);
        }
        finally
        {
            working.TryRemove(id, out _);
            queue.Done(id);
        }
    }

    // Nothing that goes wrong with one instance may end the agent; it is told, and tried again with back-off.
    private async Task RetryAsync(string id, Exception error, CancellationToken stop)
    {
        var delay = queue.AddRateLimited(id);
        LogMessages.Retried(logger, id, null, null, error is LibvirtException or KubernetesException or KubernetesConnectionException or InvalidOperationException ? error.Message : error.ToString(), delay.TotalSeconds);
        if (queue.Failures(id) != TellAfterFailures || error is KubernetesConnectionException)
            return;
        try
        {
            await rounds.TellTroubleAsync(id, error is LibvirtException { IsConnectionLost: true } ? "LibvirtUnavailable" : "Retrying", error.Message, stop);
        }
        catch (Exception second) when (second is KubernetesException or KubernetesConnectionException or IOException or InvalidDataException or OperationCanceledException)
        {
            LogMessages.LoopFailed(logger, $"telling of the trouble of {id}", second.Message, delay.TotalSeconds);
        }
    }
}
