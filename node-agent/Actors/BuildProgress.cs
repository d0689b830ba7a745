using Kilonova.Crds;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// Tells how far a build is, but only when it lasts: after ten seconds, and then every ten. A build that is quick writes nothing.
/// </summary>
internal sealed class BuildProgress : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly TimeProvider time;
    private readonly Func<InstanceStep, StepProgress?, CancellationToken, Task> tell;
    private readonly CancellationTokenSource stop;
    private readonly Task telling;
    private readonly Lock gate = new();
    private InstanceStep step;
    private StepProgress? progress;
    private bool disposed;

    public BuildProgress(TimeProvider time, Func<InstanceStep, StepProgress?, CancellationToken, Task> tell, CancellationToken cancel)
    {
        this.time = time;
        this.tell = tell;
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        telling = TellAsync();
    }

    /// <summary>Notes where the build is.</summary>
    public void Tell(InstanceStep now, StepProgress? how)
    {
        lock (gate)
            (step, progress) = (now, how);
    }

    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        await stop.CancelAsync();
        await telling;
        stop.Dispose();
    }

    private async Task TellAsync()
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                (InstanceStep Step, StepProgress? Progress) now;
                lock (gate)
                    now = (step, progress);
                await tell(now.Step, now.Progress, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The build is over.
        }
    }
}
