using Kilonova.Scheduling.Expressions;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Compares the flavor's extra specs that begin with <c>aggregate_instance_extra_specs:</c> with the metadata of the host's aggregates: the key must be there, and one of its
/// values, which may be several with commas, must meet the extra spec (spec: SCH-12). Extra specs without any prefix count only where the configuration says so.
/// </summary>
public sealed class AggregateInstanceExtraSpecsFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AggregateInstanceExtraSpecsFilter";

    private const string Scope = "aggregate_instance_extra_specs:";
    private readonly bool withoutPrefix;

    /// <summary>Creates the filter.</summary>
    /// <param name="withoutPrefix">Whether extra specs without any prefix count too.</param>
    public AggregateInstanceExtraSpecsFilter(bool withoutPrefix) => this.withoutPrefix = withoutPrefix;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "without the aggregate metadata that the flavor asks for";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request)
    {
        if (request.Flavor?.ExtraSpecs is not { } specs) return false;
        foreach (var key in specs.Keys)
            if (KeyOf(key) is not null) return true;
        return false;
    }

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => FirstUnmet(hosts, request, row) is null;

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        FirstUnmet(hosts, request, row) is var (key, wanted) ? $"{key} {wanted} wanted, {AggregateValues.Describe(hosts, row, key)}" : "";

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) =>
        FirstUnmet(hosts, request, row) is var (key, wanted) ? $"if an aggregate of it had {key} with a value that meets {wanted}" : "";

    private (string Key, string Wanted)? FirstUnmet(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (request.Flavor?.ExtraSpecs is not { } specs) return null;
        foreach (var (key, wanted) in specs)
            if (KeyOf(key) is { } name && !IsMet(hosts, row, name, wanted)) return (name, wanted);
        return null;
    }

    /// <summary>One value that is met is enough; values that cannot be compared count only if none is.</summary>
    private static bool IsMet(in SnapshotView hosts, int row, string key, string wanted)
    {
        FormatException? bad = null;
        foreach (var value in AggregateValues.Parts(hosts, row, key))
        {
            try
            {
                if (ExtraSpecMatch.Matches(value, wanted)) return true;
            }
            catch (FormatException e)
            {
                bad ??= new FormatException($"{key}: {e.Message}", e);
            }
        }

        return bad is null ? false : throw bad;
    }

    private string? KeyOf(string key)
    {
        if (key.StartsWith(Scope, StringComparison.Ordinal)) return key[Scope.Length..];
        return withoutPrefix && !key.Contains(':', StringComparison.Ordinal) ? key : null;
    }
}
