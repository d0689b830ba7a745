using System.Globalization;

namespace Kilonova.Integration.Cluster;

/// <summary>What runs and lies on the hosts of a cluster, seen without asking any of ours: QEMU processes by network namespace, and directories of guests.</summary>
public sealed class HostProcesses(TestCluster cluster)
{
    private const string NamePrefix = "guest=kilonova-";

    private readonly Dictionary<string, string> hostOf = new(StringComparer.Ordinal);

    /// <summary>Finds out which network namespace is which host.</summary>
    public async Task FindAsync()
    {
        foreach (var host in cluster.Hosts)
        {
            var link = (await cluster.Host(host).ExecAsync("readlink", "/proc/self/ns/net")).Ensured.Trim();
            lock (hostOf)
                hostOf[link] = host;
        }
    }

    /// <summary>Guests that have a QEMU process: host and instance ID.</summary>
    public HashSet<(string Host, string Id)> Running()
    {
        var running = new HashSet<(string, string)>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out _))
                continue;
            try
            {
                var command = File.ReadAllText($"{process}/cmdline");
                if (!command.Contains("qemu-system", StringComparison.Ordinal))
                    continue;
                if (InstanceID(command.Split('\0')) is not { } id)
                    continue;
                string? host;
                lock (hostOf)
                    host = new FileInfo($"{process}/ns/net").LinkTarget is { } link ? hostOf.GetValueOrDefault(link) : null;
                if (host is not null)
                    running.Add((host, id));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended between the listing and the reading.
            }
        }

        return running;
    }

    /// <summary>Guests that have a directory: host and instance ID.</summary>
    public HashSet<(string Host, string Id)> Directories()
    {
        var found = new HashSet<(string, string)>();
        foreach (var host in cluster.Hosts)
        {
            var instances = Path.Combine(cluster.Host(host).State, "instances");
            if (!Directory.Exists(instances))
                continue;
            foreach (var directory in Directory.EnumerateDirectories(instances))
                found.Add((host, Path.GetFileName(directory)));
        }

        return found;
    }

    // Only guests of ours: a probe of the host, or a domain of somebody else, has another name.
    private static string? InstanceID(string[] words)
    {
        var at = Array.IndexOf(words, "-name");
        return at >= 0 && at + 1 < words.Length && words[at + 1].StartsWith(NamePrefix, StringComparison.Ordinal)
            ? words[at + 1][NamePrefix.Length..].Split(',')[0]
            : null;
    }
}
