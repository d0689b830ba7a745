using System.Collections.Immutable;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Keeps servers away from aggregates whose metadata requires traits (<c>trait:NAME</c> = <c>required</c>) that the server does not ask for, where the configuration says so (spec: SCH-05).</summary>
public sealed class IsolatedAggregates : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "IsolatedAggregates";

    private const string Prefix = "trait:";
    private readonly bool enabled;

    /// <summary>Creates the filter.</summary>
    /// <param name="enabled">Whether it does anything.</param>
    public IsolatedAggregates(bool enabled) => this.enabled = enabled;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        if (!enabled) return RequestFilterResult.GoOn(request);
        var closed = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < hosts.AggregateCount; i++)
            if (AsksForMore(hosts.Aggregate(i).Metadata, request.RequiredTraits)) closed.Add(hosts.Aggregate(i).Name);
        return RequestFilterResult.GoOn(closed.Count == 0 ? request : request with { NotInAggregates = [.. request.NotInAggregates, .. closed.Except(request.NotInAggregates)] });
    }

    private static bool AsksForMore(IReadOnlyDictionary<string, string> metadata, ImmutableArray<string> asked)
    {
        foreach (var (key, value) in metadata)
            if (key.StartsWith(Prefix, StringComparison.Ordinal) && value == "required" && !asked.Contains(key[Prefix.Length..])) return true;
        return false;
    }
}
