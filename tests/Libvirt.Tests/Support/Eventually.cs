using System.Diagnostics;

namespace Kilonova.Libvirt.Tests.Support;

/// <summary>Waits for a condition, not for time.</summary>
internal static class Eventually
{
    // Longer than an attempt to connect may take (30 s): one that meets a silent daemon is waited out before the next.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(75);

    internal static async Task TrueAsync(Func<bool> condition, string what)
    {
        for (var watch = Stopwatch.StartNew(); !condition();)
        {
            Assert.True(watch.Elapsed < Patience, $"did not happen within {Patience.TotalSeconds} s: {what}");
            await Task.Delay(5);
        }
    }

    /// <summary>Opens a connection to a daemon that is just starting.</summary>
    internal static async Task<T> SucceedsAsync<T>(Func<Task<T>> attempt)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            try
            {
                return await attempt();
            }
            catch (LibvirtException error) when (error.IsConnectionLost && watch.Elapsed < Patience)
            {
                await Task.Delay(5);
            }
        }
    }
}
