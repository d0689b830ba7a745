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
    private const int WordsOnStack = 512;
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
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        if (request.Flavor?.ExtraSpecs is not { } specs) return;
        var words = survivors.WordCount;
        Span<ulong> met = words <= WordsOnStack ? stackalloc ulong[words] : new ulong[words];
        foreach (var (key, wanted) in specs)
        {
            if (KeyOf(key) is not { } name) continue;
            // Aggregates are few: each is compared once, whoever is in it.
            met.Clear();
            var match = new ExtraSpecMatch(wanted);
            for (var i = 0; i < hosts.AggregateCount; i++)
            {
                if (!hosts.Aggregate(i).Metadata.TryGetValue(name, out var values) || !AnyMeets(name, values, match)) continue;
                var members = hosts.AggregateMembers(i).Words;
                for (var word = 0; word < words && word < members.Length; word++) met[word] |= members[word];
            }

            for (var word = 0; word < words; word++) survivors.KeepOnly(word, met[word]);
        }
    }

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

    /// <summary>One aggregate that meets it is enough; values that cannot be compared count only if none does.</summary>
    private static bool IsMet(in SnapshotView hosts, int row, string key, string wanted)
    {
        var match = new ExtraSpecMatch(wanted);
        FormatException? bad = null;
        foreach (var aggregate in hosts.AggregatesOf(row))
        {
            try
            {
                if (aggregate.Metadata.TryGetValue(key, out var values) && AnyMeets(key, values, match)) return true;
            }
            catch (FormatException e)
            {
                bad ??= e;
            }
        }

        return bad is null ? false : throw bad;
    }

    private static bool AnyMeets(string key, string values, ExtraSpecMatch match)
    {
        FormatException? bad = null;
        foreach (var value in values.Split(',', StringSplitOptions.TrimEntries))
        {
            try
            {
                if (match.Matches(value)) return true;
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
