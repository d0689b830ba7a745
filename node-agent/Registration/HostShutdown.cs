using Kilonova.NodeAgent.Images;

namespace Kilonova.NodeAgent.Registration;

/// <summary>
/// Whether the host is going down. Guests that go off then were not stopped by their tenants. systemd is asked; where there is none, a host never counts as
/// going down, and the boot ID tells afterwards.
/// </summary>
internal sealed class HostShutdown(TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(1);
    private static readonly string[] Places = ["/usr/bin/systemctl", "/bin/systemctl"];

    private readonly Lock gate = new();
    private Task<bool>? asked;
    private long askedAt;

    /// <summary>Asks, at most once a second.</summary>
    public Task<bool> IsUnderWayAsync(CancellationToken cancel)
    {
        lock (gate)
        {
            if (asked is null || (asked.IsCompleted && time.GetElapsedTime(askedAt) >= Remembered))
                (asked, askedAt) = (AskAsync(), time.GetTimestamp());
            return asked.WaitAsync(cancel);
        }
    }

    private static async Task<bool> AskAsync()
    {
        // systemd's own mark that it runs the host (sd_booted(3)).
        if (!Directory.Exists("/run/systemd/system") || Array.Find(Places, File.Exists) is not { } tool)
            return false;
        try
        {
            var outcome = await BoundedProcess.RunAsync(tool, ["is-system-running"], Limit, CancellationToken.None);
            return System.Text.Encoding.ASCII.GetString(outcome.Output).Trim() == "stopping";
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
