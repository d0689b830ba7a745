using System.Diagnostics;

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>Waits for conditions, never for time.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > Limit)
                Assert.Fail($"not within {Limit.TotalSeconds} s: {what}");
            await Task.Delay(10);
        }
    }
}
