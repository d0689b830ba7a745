using Kilonova.Crds;

namespace Kilonova.Scheduling.Hosts;

/// <summary>What goes on on a host, as far as the ledger does not say it.</summary>
public sealed record HostActivity
{
    /// <summary>Nothing goes on.</summary>
    public static readonly HostActivity None = new();

    /// <summary>Guests in work that burdens disks: being built, resized, snapshotted, migrated, rescued, rebuilt or unshelved (Nova: <c>num_io_ops</c>).</summary>
    public int IoOperations { get; init; }

    /// <summary>Builds that failed since the last that succeeded (Nova: <c>failed_builds</c>).</summary>
    public int FailedBuilds { get; init; }

    /// <summary>Guests on the host; those in its ledger when absent.</summary>
    public int? Instances { get; init; }

    /// <summary>Measured values by name, for instance <c>cpu.percent</c>.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>Whether a server burdens its host's disks, and counts among <see cref="IoOperations"/>: in this version, while it is built.</summary>
    /// <param name="server">The server.</param>
    /// <returns>True when it does.</returns>
    public static bool Burdens(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server is { Metadata.DeletionTimestamp: null, Status: { Host: not null, Phase: ServerPhase.Build, LaunchedAt: null } };
    }

    /// <summary>Whether the metrics are the same, whichever object holds them.</summary>
    internal static bool SameMetrics(IReadOnlyDictionary<string, double>? left, IReadOnlyDictionary<string, double>? right)
    {
        if (ReferenceEquals(left, right)) return true;
        if (left is null || right is null || left.Count != right.Count) return false;
        foreach (var (name, value) in left)
            if (!right.TryGetValue(name, out var other) || !value.Equals(other)) return false;
        return true;
    }
}
