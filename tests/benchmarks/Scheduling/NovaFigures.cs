namespace Kilonova.Benchmarks.Scheduling;

/// <summary>
/// CPU time of one decision of Nova 26.2.2 (Zed), filters and weighers over all hosts, in process, without database and bus. Taken once on a 2-core Debian 12
/// machine, not in this run: for orders of magnitude.
/// </summary>
internal static class NovaFigures
{
    /// <summary>Plain flavor, default filters and weighers, in ms by number of hosts.</summary>
    public static readonly IReadOnlyDictionary<int, double> PlainDecisionMs = new Dictionary<int, double> { [100] = 4.6, [1_000] = 67, [5_000] = 405, [10_000] = 1_192 };

    /// <summary>Refreshing the state of all hosts, in ms by number of hosts; Nova does it for each decision.</summary>
    public static readonly IReadOnlyDictionary<int, double> RefreshMs = new Dictionary<int, double> { [100] = 50, [1_000] = 924, [5_000] = 4_311, [10_000] = 8_288 };

    /// <summary>Placement's answer to GET allocation_candidates with limit 1000, median ms by number of providers, one client.</summary>
    public static readonly IReadOnlyDictionary<int, double> CandidatesMs = new Dictionary<int, double> { [100] = 26, [1_000] = 201, [5_000] = 747 };
}
