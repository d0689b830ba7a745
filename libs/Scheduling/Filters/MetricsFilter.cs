using System.Collections.Immutable;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Scheduling.Filters;

/// <summary>Rejects hosts that do not report every metric which is weighed.</summary>
public sealed class MetricsFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "MetricsFilter";

    private readonly ImmutableArray<string> names;

    /// <summary>Creates the filter.</summary>
    /// <param name="settings">Metrics, each <c>name=ratio</c>.</param>
    public MetricsFilter(IEnumerable<string> settings) => names = [.. MetricRatio.ParseAll(settings).Select(m => m.Name)];

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "without the metrics that are weighed";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.MetricsChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => !names.IsEmpty;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        foreach (var name in names)
            if (hosts.Metrics[row]?.ContainsKey(name) != true) return false;
        return true;
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => $"lacks {Missing(hosts, row)}";

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if it reported {Missing(hosts, row)}";

    private string Missing(in SnapshotView hosts, int row)
    {
        var known = hosts.Metrics[row];
        return string.Join(", ", names.Where(n => known?.ContainsKey(n) != true));
    }
}
