using System.Diagnostics;

namespace Kilonova.NodeAgent;

/// <summary>
/// Places at which tests end or hold the agent, to show that it converges from everywhere. Named after the steps: <c>StartDomain=kill</c> dies before the
/// step, <c>StartDomain.done=kill</c> after it, <c>Image=hold</c> waits there until the step is called off. Each strikes once in the life of a state directory.
/// </summary>
internal sealed class FaultPoints
{
    private readonly Dictionary<string, string> faults = new(StringComparer.Ordinal);
    private readonly string directory;

    /// <param name="points">Points, as <c>NAME=kill</c> or <c>NAME=hold</c>.</param>
    /// <param name="directory">Where it is noted that one has struck.</param>
    /// <exception cref="ArgumentException">A point is of another form.</exception>
    public FaultPoints(IEnumerable<string> points, string directory)
    {
        this.directory = directory;
        foreach (var point in points)
        {
            if (point.Split('=') is not [{ Length: > 0 } name, "kill" or "hold"] parts)
                throw new ArgumentException($"'{point}' is not a fault point of the form NAME=kill or NAME=hold");
            faults[name] = parts[1];
        }
    }

    /// <summary>The agent has come to a point.</summary>
    public async Task ReachAsync(string name, CancellationToken cancel)
    {
        if (faults.Count == 0 || !faults.TryGetValue(name, out var what))
            return;
        var mark = Path.Combine(directory, $"fault-{name}");
        if (File.Exists(mark))
            return;
        await File.WriteAllTextAsync(mark, what, cancel);
        if (what == "kill")
            Process.GetCurrentProcess().Kill();
        await Task.Delay(Timeout.Infinite, cancel);
    }
}
