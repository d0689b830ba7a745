using System.Collections.Immutable;
using Kilonova.Scheduling.Expressions;

namespace Kilonova.Scheduling.Weighers;

/// <summary>A metric that is weighed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Ratio">What its value is multiplied by.</param>
public readonly record struct MetricRatio(string Name, double Ratio)
{
    /// <summary>Reads a setting.</summary>
    /// <param name="setting">For instance <c>cpu.percent=-1.0</c>.</param>
    /// <param name="metric">The metric.</param>
    /// <returns>False when it is none.</returns>
    public static bool TryParse(string setting, out MetricRatio metric)
    {
        ArgumentNullException.ThrowIfNull(setting);
        metric = default;
        var equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !PythonNumber.TryFloat(setting.AsSpan(equals + 1), out var ratio)) return false;
        metric = new MetricRatio(setting[..equals].Trim(), ratio);
        return metric.Name.Length > 0;
    }

    /// <summary>Reads settings that were checked.</summary>
    /// <param name="settings">The settings.</param>
    /// <returns>The metrics.</returns>
    /// <exception cref="FormatException">One is no metric with a ratio.</exception>
    public static ImmutableArray<MetricRatio> ParseAll(IEnumerable<string> settings) =>
        [.. settings.Select(s => TryParse(s, out var metric) ? metric : throw new FormatException($"{s}: must be name=ratio"))];
}
