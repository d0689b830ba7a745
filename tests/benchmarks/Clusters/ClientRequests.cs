using System.Globalization;
using System.Text.RegularExpressions;

namespace Kilonova.Benchmarks.Clusters;

/// <summary>Requests that a component of ours has sent to the API server, as its own /metrics count them.</summary>
internal static partial class ClientRequests
{
    /// <summary>Reads them, by verb and resource.</summary>
    public static async Task<IReadOnlyDictionary<string, long>> ReadAsync(HttpClient http, Uri metrics)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in (await http.GetStringAsync(metrics)).Split('\n'))
        {
            if (Count().Match(line) is not { Success: true } match)
                continue;
            var labels = Label().Matches(line).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value, StringComparer.Ordinal);
            var what = $"{labels["verb"]} {labels["resource"]}";
            counts[what] = counts.GetValueOrDefault(what) + (long)double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        }

        return counts.Count > 0 ? counts : throw new InvalidOperationException($"{metrics} counts no requests.");
    }

    [GeneratedRegex(@"^kubernetes_client_request_duration(?:_seconds)?_count\{.*\} (\S+)")]
    private static partial Regex Count();

    [GeneratedRegex("([a-z_]+)=\"([^\"]*)\"")]
    private static partial Regex Label();
}
