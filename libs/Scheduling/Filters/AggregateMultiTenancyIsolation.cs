using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Hosts with an aggregate of metadata <c>filter_tenant_id</c>, a project or several with commas, pass only for these projects; hosts without pass for all. A
/// project is not confined to such hosts (spec: SCH-14).
/// </summary>
public sealed class AggregateMultiTenancyIsolation : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AggregateMultiTenancyIsolation";

    private const string Key = "filter_tenant_id";
    private const int WordsOnStack = 512;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "kept for other projects";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.AggregatesChanged;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var limited = false;
        foreach (var aggregate in hosts.AggregatesOf(row))
        {
            if (!aggregate.Metadata.TryGetValue(Key, out var projects)) continue;
            if (AggregateValues.Contains(projects, request.Project)) return true;
            limited = true;
        }

        return !limited;
    }

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        var words = survivors.WordCount;
        Span<ulong> rejected = words <= WordsOnStack ? stackalloc ulong[words] : new ulong[words];
        rejected.Clear();
        var limited = false;
        for (var i = 0; i < hosts.AggregateCount; i++)
        {
            if (!hosts.Aggregate(i).Metadata.TryGetValue(Key, out var projects) || AggregateValues.Contains(projects, request.Project)) continue;
            var members = hosts.AggregateMembers(i).Words;
            for (var word = 0; word < words && word < members.Length; word++) rejected[word] |= members[word];
            limited = true;
        }

        if (!limited) return;
        // One aggregate that names the project is enough, whatever the others say.
        for (var i = 0; i < hosts.AggregateCount; i++)
        {
            if (!hosts.Aggregate(i).Metadata.TryGetValue(Key, out var projects) || !AggregateValues.Contains(projects, request.Project)) continue;
            var members = hosts.AggregateMembers(i).Words;
            for (var word = 0; word < words && word < members.Length; word++) rejected[word] &= ~members[word];
        }

        for (var word = 0; word < words; word++) survivors.KeepOnly(word, ~rejected[word]);
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => $"project {request.Project} wanted, {AggregateValues.Describe(hosts, row, Key)}";

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if {Key} of its aggregates named the project {request.Project}";
}
