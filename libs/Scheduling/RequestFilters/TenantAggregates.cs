using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Narrows a request to the aggregates whose metadata <c>filter_tenant_id</c>, or a key that begins so, is the project; where no aggregate names the project, it goes on anywhere, or is refused if an aggregate is required.</summary>
public sealed class TenantAggregates : RequestFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "TenantAggregates";

    private const string Key = "filter_tenant_id";
    private readonly bool enabled;
    private readonly bool required;

    /// <summary>Creates the filter.</summary>
    /// <param name="enabled">Whether it does anything.</param>
    /// <param name="required">Whether a project that no aggregate names is refused.</param>
    public TenantAggregates(bool enabled, bool required)
    {
        this.enabled = enabled;
        this.required = required;
    }

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request)
    {
        if (!enabled) return RequestFilterResult.GoOn(request);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < hosts.AggregateCount; i++)
            if (Names(hosts.Aggregate(i).Metadata, request.Project)) names.Add(hosts.Aggregate(i).Name);
        foreach (var aggregate in hosts.AllAggregates)
            if (Names(aggregate.Metadata, request.Project)) names.Add(aggregate.Name);
        if (names.Count > 0) return RequestFilterResult.GoOn(request with { InAggregates = request.InAggregates.Add([.. names]) });
        return required ? RequestFilterResult.Refuse($"no hosts are available for the project {request.Project}: no aggregate names it") : RequestFilterResult.GoOn(request);
    }

    private static bool Names(IReadOnlyDictionary<string, string> metadata, string? project)
    {
        foreach (var (key, value) in metadata)
            if (key.StartsWith(Key, StringComparison.Ordinal) && value == project) return true;
        return false;
    }
}
