using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Queue;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.Controllers;

/// <summary>
/// Calls a reconcile function for each key of its queue. The key says which object, never what happened: the function reads
/// the present state and brings it one step nearer to what is wanted. Failures are logged and retried with back-off.
/// </summary>
/// <typeparam name="TKey">Key type, most often <see cref="NamespacedName"/>.</typeparam>
public sealed class Controller<TKey> : IDisposable
    where TKey : notnull
{
    private readonly Func<TKey, CancellationToken, Task<Result>> _reconcile;
    private readonly ControllerOptions<TKey> _options;
    private readonly ILogger _logger;

    /// <summary>Creates a controller; feed its <see cref="Queue"/> and run it.</summary>
    public Controller(string name, Func<TKey, CancellationToken, Task<Result>> reconcile, ControllerOptions<TKey>? options = null)
    {
        Name = name;
        _reconcile = reconcile;
        _options = options ?? new ControllerOptions<TKey>();
        _logger = _options.LoggerFactory.CreateLogger("Kilonova.Kubernetes.Controllers");
        Queue = new WorkQueue<TKey>(_options.Queue with { Name = name }, _options.Tenant);
    }

    /// <summary>Name, for logs and metrics.</summary>
    public string Name { get; }

    /// <summary>The keys to reconcile.</summary>
    public WorkQueue<TKey> Queue { get; }

    /// <summary>Reconciles until told to stop, then finishes what is in flight. Once only.</summary>
    /// <param name="stop">No new keys are taken; what is in flight may finish.</param>
    /// <param name="abort">What is in flight is cancelled as well: leadership is lost, the grace period is over.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken abort = default)
    {
        using var stopping = stop.Register(() => Queue.ShutDown());
        using var aborting = abort.Register(() => Queue.ShutDown());
        var workers = new Task[_options.Workers];
        for (var i = 0; i < workers.Length; i++)
            workers[i] = Task.Run(() => WorkAsync(abort), CancellationToken.None);
        await Task.WhenAll(workers).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => Queue.Dispose();

    private async Task WorkAsync(CancellationToken abort)
    {
        while (await Queue.TakeAsync(CancellationToken.None).ConfigureAwait(false) is { } item)
        {
            var outcome = await ReconcileAsync(item, abort).ConfigureAwait(false);
            QueueMetrics.Reconciles.Add(1, new("controller", Name), new("result", outcome));
            Queue.Done(item.Key);
        }
    }

    private async Task<string> ReconcileAsync(WorkItem<TKey> item, CancellationToken abort)
    {
        var key = item.Key;
        try
        {
            var result = await _reconcile(key, abort).ConfigureAwait(false);
            if (result.Backoff)
            {
                Queue.AddRateLimited(key);
                return "requeue";
            }

            Queue.Forget(key);
            if (result.After is not { } after)
                return "done";
            Queue.AddAfter(key, after);
            return "requeue_after";
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            return "aborted";
        }
        catch (KubernetesException e) when (e.IsGuardFailure)
        {
            // Somebody else wrote first: the normal course of optimistic writes.
            var delay = Queue.AddRateLimited(key);
            LogMessages.ReconcileConflict(_logger, Name, key.ToString() ?? "", delay.TotalMilliseconds, e.Message);
            return "conflict";
        }
#pragma warning disable CA1031 // a reconcile may fail in any way; one key must not stop the others
        catch (Exception e)
#pragma warning restore CA1031
        {
            var delay = Queue.AddRateLimited(key);
            var failures = Queue.Failures(key);
            LogMessages.ReconcileFailed(_logger, e, Name, key.ToString() ?? "", failures, delay.TotalMilliseconds);
            _options.OnFailure?.Invoke(key, failures, e);
            return "error";
        }
    }
}
