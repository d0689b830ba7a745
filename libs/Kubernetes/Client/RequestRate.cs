namespace Kilonova.Kubernetes.Client;

/// <summary>A token bucket that holds two seconds' worth of requests.</summary>
internal sealed class RequestRate(double perSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _tokens = perSecond * 2;
    private long _at = time.GetTimestamp();

    public async ValueTask WaitAsync(CancellationToken cancel)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(perSecond * 2, _tokens + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
            _at = now;
            // Going below zero reserves a place in line: waiters are served in order of arrival.
            _tokens -= 1;
            wait = _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / perSecond);
        }

        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancel).ConfigureAwait(false);
    }
}
