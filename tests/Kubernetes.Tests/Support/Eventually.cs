using System.Diagnostics;

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>Waits for conditions, never for time.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    /// <param name="condition">What must come true.</param>
    /// <param name="what">Says at the end what was waited for and what there is.</param>
    public static Task TrueAsync(Func<bool> condition, Func<string> what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static Task TrueAsync(Func<Task<bool>> condition, string what) => TrueAsync(condition, () => what);

    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > Limit)
                Assert.Fail($"not within {Limit.TotalSeconds} s: {what()}");
            await Task.Delay(10);
        }
    }
}
