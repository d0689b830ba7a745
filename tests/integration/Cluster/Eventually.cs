using System.Diagnostics;

namespace Kilonova.Integration.Cluster;

/// <summary>Waits for conditions, never for the clock.</summary>
public static class Eventually
{
    /// <summary>Polls until a value meets a condition; says what it last was when it never does.</summary>
    public static async Task<T> Get<T>(string what, Func<Task<T>> read, Func<T, bool> until, TimeSpan? limit = null, Func<T, string>? describe = null)
    {
        var bound = limit ?? TimeSpan.FromSeconds(90);
        var watch = Stopwatch.StartNew();
        T last;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            last = await read();
            if (until(last))
                return last;
        }
        while (watch.Elapsed < bound && await timer.WaitForNextTickAsync());
        throw new TimeoutException($"{what}: not within {bound.TotalSeconds:0} s; it was last: {(describe is null ? last : describe(last))}");
    }

    /// <summary>Polls until a condition holds.</summary>
    public static Task True(string what, Func<Task<bool>> read, TimeSpan? limit = null) => Get(what, read, value => value, limit);
}
