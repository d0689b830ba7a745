using System.Text;
using Kilonova.NodeAgent.Images;

namespace Kilonova.NodeAgent.Registration;

/// <summary>
/// Whether the host is going down. Guests that go off then were not stopped by their tenants. systemd is asked whether it is stopping, and logind whether it
/// prepares to: between the two (signal <c>PrepareForShutdown</c>) those that hold the shutdown up, as libvirt may, already end guests. Where there is no systemd, a
/// host never counts as going down, and the boot ID tells afterwards.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="root">Where systemd and its tools are looked for.</param>
internal sealed class HostShutdown(TimeProvider time, string root = "/")
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(1);

    // org.freedesktop.systemd1(5) and org.freedesktop.login1(5).
    private static readonly (string Tool, string[] Arguments, string Yes)[] Questions =
    [
        ("systemctl", ["is-system-running"], "stopping"),
        ("busctl", ["get-property", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PreparingForShutdown"], "b true"),
    ];

    private readonly Lock gate = new();
    private Task<bool>? asked;
    private long askedAt;

    /// <summary>Asks, at most once a second but for what is newer than that.</summary>
    /// <param name="notBefore">Timestamp of <see cref="TimeProvider"/>: an answer that was asked for before it says nothing of what was seen then.</param>
    /// <param name="cancel">Gives up.</param>
    public Task<bool> IsUnderWayAsync(long notBefore, CancellationToken cancel)
    {
        lock (gate)
        {
            if (asked is null || askedAt < notBefore || (asked.IsCompleted && time.GetElapsedTime(askedAt) >= Remembered))
                (askedAt, asked) = (time.GetTimestamp(), AskAsync());
            return asked.WaitAsync(cancel);
        }
    }

    private async Task<bool> AskAsync()
    {
        // systemd's own mark that it runs the host (sd_booted(3)).
        if (!Directory.Exists(Path.Combine(root, "run/systemd/system")))
            return false;
        var answers = await Task.WhenAll(Questions.Select(question => IsSaidAsync(question.Tool, question.Arguments, question.Yes)));
        return answers.Contains(true);
    }

    private async Task<bool> IsSaidAsync(string tool, string[] arguments, string yes)
    {
        if (Array.Find([Path.Combine(root, "usr/bin", tool), Path.Combine(root, "bin", tool)], File.Exists) is not { } program)
            return false;
        try
        {
            var outcome = await BoundedProcess.RunAsync(program, arguments, Limit, CancellationToken.None);
            return Encoding.ASCII.GetString(outcome.Output).Trim() == yes;
        }
        catch (TimeoutException)
        {
            // Who does not answer may be going down: nothing is concluded, and it is asked again.
            return true;
        }
    }
}
