using System.Globalization;
using System.Text.RegularExpressions;
using Kilonova.Integration.Cluster;

namespace Kilonova.Benchmarks.Clusters;

/// <summary>Requests that an API server has answered, as it counts them itself.</summary>
/// <param name="Requests">Count by what was asked for.</param>
internal sealed partial record RequestCounts(IReadOnlyDictionary<RequestKind, long> Requests)
{
    private static readonly string[] WriteVerbs = ["POST", "PUT", "PATCH", "APPLY", "DELETE"];

    /// <summary>Reads <c>apiserver_request_total</c>.</summary>
    public static async Task<RequestCounts> ReadAsync(Kubectl kubectl)
    {
        var counts = new Dictionary<RequestKind, long>();
        foreach (var line in (await kubectl.RunAsync("get", "--raw", "/metrics")).Split('\n'))
        {
            if (!line.StartsWith("apiserver_request_total{", StringComparison.Ordinal))
                continue;
            var labels = Label().Matches(line).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value, StringComparer.Ordinal);
            var subresource = labels.GetValueOrDefault("subresource", "");
            var kind = new RequestKind(
                labels["resource"] + (subresource.Length > 0 ? "/" + subresource : ""), labels["verb"], labels["code"].StartsWith('2'));
            counts[kind] = counts.GetValueOrDefault(kind) + (long)double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);
        }

        return counts.Count > 0 ? new RequestCounts(counts) : throw new InvalidOperationException("The API server's /metrics have no apiserver_request_total.");
    }

    /// <summary>Writes since another reading, heartbeats of hosts and leaders apart: they come whether or not there is anything to do.</summary>
    public IReadOnlyDictionary<RequestKind, long> WritesSince(RequestCounts before) => Requests
        .Where(r => WriteVerbs.Contains(r.Key.Verb) && r.Key.Resource != "leases" && r.Value > before.Requests.GetValueOrDefault(r.Key))
        .ToDictionary(r => r.Key, r => r.Value - before.Requests.GetValueOrDefault(r.Key));

    /// <summary>Waits until nobody has written for two seconds, and reads the counts.</summary>
    public static async Task<RequestCounts> SettledAsync(Kubectl kubectl)
    {
        var last = await ReadAsync(kubectl);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        for (var (quiet, looks) = (0, 0); quiet < 4; looks++)
        {
            if (looks > 240)
                throw new TimeoutException("Writes do not end.");
            await timer.WaitForNextTickAsync();
            var now = await ReadAsync(kubectl);
            quiet = now.WritesSince(last).Count == 0 ? quiet + 1 : 0;
            last = now;
        }

        return last;
    }

    [GeneratedRegex("([a-z_]+)=\"([^\"]*)\"")]
    private static partial Regex Label();
}

/// <summary>What a request asked for.</summary>
/// <param name="Resource">Resource, with the subresource.</param>
/// <param name="Verb">As the API server calls it.</param>
/// <param name="Accepted">Whether it was answered with success; a write that is not changed nothing.</param>
internal sealed record RequestKind(string Resource, string Verb, bool Accepted);
