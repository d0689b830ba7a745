using System.Collections.Immutable;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Weighers;

/// <summary>
/// The sum of the host's metrics, each multiplied by its ratio. A host that lacks one is rejected beforehand where metrics are required; where they are not, its value is
/// metricsWeightOfUnavailable (spec: SCH-45).
/// </summary>
public sealed class MetricsWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "MetricsWeigher";

    private readonly ImmutableArray<MetricRatio> metrics;
    private readonly bool required;
    private readonly double unavailable;

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    /// <param name="settings">Metrics, each <c>name=ratio</c>.</param>
    /// <param name="required">Whether a host must have them all.</param>
    /// <param name="unavailable">Value of a host that lacks one, where it may.</param>
    public MetricsWeigher(double multiplier, ImmutableArray<string> settings, bool required, double unavailable)
        : base(multiplier)
    {
        metrics = MetricRatio.ParseAll(settings);
        this.required = required;
        this.unavailable = unavailable;
        if (required && !metrics.IsEmpty) Guard = new MetricsFilter(settings);
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "metrics_weight_multiplier";

    /// <inheritdoc/>
    public override HostFilter? Guard { get; }

    /// <inheritdoc/>
    public override bool Concerns(in SnapshotView hosts, SchedulingRequest request) => !metrics.IsEmpty;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        var overrides = hosts.MultiplierOverrides(MultiplierKey);
        for (var i = 0; i < rows.Length; i++) raw[i] = ValueOf(hosts, rows[i], MultiplierOf(overrides, rows[i]));
    }

    private double ValueOf(in SnapshotView hosts, int row, double multiplier)
    {
        var value = 0.0;
        foreach (var (name, ratio) in metrics)
        {
            if (hosts.Metrics[row] is { } known && known.TryGetValue(name, out var measured)) value += measured * ratio;
            else if (required) throw new InvalidOperationException($"Metric {name} could not be found on the host {hosts.Name(row)}");
            else if (ratio * multiplier != 0) return unavailable;
        }

        return value;
    }
}
