namespace Kilonova.Kubernetes.Client;

/// <summary>A token bucket that holds two seconds' worth.</summary>
internal sealed class RequestRate(double perSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _tokens = perSecond * 2;
    private long _at = time.GetTimestamp();

    /// <summary>Takes a place in line; returns how long until it is one's turn.</summary>
    public TimeSpan Reserve()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(perSecond * 2, _tokens + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
            _at = now;
            // Below zero are the places in line: waiters are served in order of arrival.
            _tokens -= 1;
            return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / perSecond);
        }
    }

    public async ValueTask WaitAsync(CancellationToken cancel)
    {
        if (Reserve() is var wait && wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancel).ConfigureAwait(false);
    }
}
