namespace Kilonova.NodeAgent.Images;

/// <summary>One download that many wait for. It is cancelled when the last of them leaves.</summary>
internal sealed class SharedFetch : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task<CachedImage> work;
    private readonly Lock gate = new();
    private int waiting = 1;
    private DownloadProgress progress;

    /// <summary>Begins a download; the caller is the first to wait for it.</summary>
    public SharedFetch(Func<Action<DownloadProgress>, CancellationToken, Task<CachedImage>> fetch)
    {
        work = Task.Run(() => fetch(Report, stop.Token));
    }

    /// <summary>Joins those who wait; false when the download is over or given up.</summary>
    public bool TryJoin()
    {
        lock (gate)
        {
            if (waiting == 0 || work.IsCompleted)
                return false;
            waiting++;
            return true;
        }
    }

    /// <summary>Waits for the end.</summary>
    public async Task<CachedImage> WaitAsync(Action<DownloadProgress> report, CancellationToken cancel)
    {
        while (true)
        {
            var done = await Task.WhenAny(work, Task.Delay(TimeSpan.FromSeconds(1), cancel));
            if (done == work)
                return await work;
            cancel.ThrowIfCancellationRequested();
            lock (gate)
                report(progress);
        }
    }

    /// <summary>Stops waiting; true when nobody waits any more.</summary>
    public bool Leave()
    {
        lock (gate)
        {
            if (--waiting > 0)
                return false;
        }

        stop.Cancel();
        return true;
    }

    public void Dispose() => stop.Dispose();

    private void Report(DownloadProgress now)
    {
        lock (gate)
            progress = now;
    }
}
