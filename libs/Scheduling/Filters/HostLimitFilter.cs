using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Passes hosts of which fewer guests are counted than a limit, which aggregates can set for their members where it has a metadata key.</summary>
public abstract class HostLimitFilter : HostFilter
{
    private readonly string counted;
    private readonly int maximum;
    private readonly string? aggregateKey;

    /// <summary>Creates the filter.</summary>
    /// <param name="counted">Which guests are counted, in words.</param>
    /// <param name="maximum">Limit of the configuration.</param>
    /// <param name="aggregateKey">Metadata key by which aggregates set the limit for their members; null where they cannot.</param>
    protected HostLimitFilter(string counted, int maximum, string? aggregateKey = null) =>
        (this.counted, this.maximum, this.aggregateKey) = (counted, maximum, aggregateKey);

    /// <inheritdoc/>
    public override string Reason => $"with too many {counted}";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => aggregateKey is null ? ClusterEvents.LoadFell : ClusterEvents.LoadFell | ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => Count(hosts, row) < LimitOf(hosts, row);

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"{Count(hosts, row)} {counted}, fewer than {LimitOf(hosts, row)} allowed";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) =>
        Math.Min(TooMany(hosts, row) / (double)(Count(hosts, row) + 1), 1);

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if it had {TooMany(hosts, row)} fewer {counted}";

    /// <summary>Guests of a host that are counted.</summary>
    protected abstract int Count(in SnapshotView hosts, int row);

    private long LimitOf(in SnapshotView hosts, int row) => aggregateKey is null ? maximum : AggregateLimit.Of(hosts, row, aggregateKey, maximum);

    private long TooMany(in SnapshotView hosts, int row) => Count(hosts, row) - LimitOf(hosts, row) + 1;
}
