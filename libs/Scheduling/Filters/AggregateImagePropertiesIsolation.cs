using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Hosts whose aggregates have metadata by the name of an image property pass only if the image has one of its values, which may be several with commas. An image
/// without the property passes, and so do hosts without such metadata (spec: SCH-11). With a namespace configured, only keys that begin with it are looked at.
/// </summary>
public sealed class AggregateImagePropertiesIsolation : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AggregateImagePropertiesIsolation";

    private readonly string? prefix;

    /// <summary>Creates the filter.</summary>
    /// <param name="nameSpace">Only metadata keys that begin with this and the separator count; all when null.</param>
    /// <param name="separator">What stands between.</param>
    public AggregateImagePropertiesIsolation(string? nameSpace, string separator) => prefix = string.IsNullOrEmpty(nameSpace) ? null : nameSpace + separator;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "kept for other images";

    /// <inheritdoc/>
    public override bool RunsOnRebuild => true;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => request.Image?.Properties is { Count: > 0 };

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => FirstUnmet(hosts, request, row) is null;

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        FirstUnmet(hosts, request, row) is { } key ? $"the image has {key}={ImageProperty.Text(request.Image, key)}, {AggregateValues.Describe(hosts, row, key)}" : "";

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) =>
        FirstUnmet(hosts, request, row) is { } key ? $"if {key} of its aggregates had {ImageProperty.Text(request.Image, key)}" : "";

    private string? FirstUnmet(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        foreach (var aggregate in hosts.AggregatesOf(row))
        {
            foreach (var key in aggregate.Metadata.Keys)
            {
                if (prefix is not null && !key.StartsWith(prefix, StringComparison.Ordinal)) continue;
                if (ImageProperty.Text(request.Image, key) is { } value && !AllowedOn(hosts, row, key, value)) return key;
            }
        }

        return null;
    }

    private static bool AllowedOn(in SnapshotView hosts, int row, string key, string value)
    {
        foreach (var aggregate in hosts.AggregatesOf(row))
            if (aggregate.Metadata.TryGetValue(key, out var values) && AggregateValues.Contains(values, value)) return true;
        return false;
    }
}
