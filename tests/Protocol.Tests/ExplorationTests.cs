using System.Diagnostics;
using System.Globalization;
using Kilonova.Protocol.Tests.Simulation;

namespace Kilonova.Protocol.Tests;

/// <summary>
/// The operator's and the agent's own code, joined over a store in memory, in orders drawn from seeds: stale caches, pauses and deaths at every step, lost answers,
/// hosts that lose power, Servers that compete and are created anew under their names.
/// </summary>
public sealed class ExplorationTests(ITestOutputHelper output)
{
    private const int StepsPerSeed = 10_000;

    /// <summary>In each test run.</summary>
    private const int LeastOperations = 1_000_000;

    /// <summary>How many seeds there are for all of it; others by <c>KILONOVA_SEEDS=1001-3000</c>.</summary>
    private static (int First, int Last) Seeds
    {
        get
        {
            var range = (Environment.GetEnvironmentVariable("KILONOVA_SEEDS") ?? "1-360").Split('-').Select(s => int.Parse(s, CultureInfo.InvariantCulture)).ToArray();
            return (range[0], range[^1]);
        }
    }

    [Fact]
    public void In_any_order_nothing_is_doubled_lost_or_left_behind()
    {
        var began = Stopwatch.GetTimestamp();
        var (first, last) = Seeds;
        var operations = 0L;
        var happened = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var seed = first; seed <= last; seed++)
        {
            var exploration = new Exploration(seed);
            exploration.Run(StepsPerSeed);
            operations += exploration.Operations;
            foreach (var (what, times) in exploration.Happened)
                happened[what] = happened.GetValueOrDefault(what) + times;
        }

        var took = Stopwatch.GetElapsedTime(began);
        output.WriteLine($"seeds {first} to {last}: {operations} operations, {operations / took.TotalSeconds:F0}/s; {string.Join(", ", happened.Select(h => $"{h.Value} {h.Key}"))}");
        Assert.True(last - first < 359 || operations >= LeastOperations, $"only {operations} operations");
        Assert.True(happened["starts"] >= 2 * (last - first + 1), $"only {happened["starts"]} guests were started, so hardly anything was tested");
    }
}
