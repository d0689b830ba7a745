using System.Collections.Immutable;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// Rejects hosts that lack a required trait or have a forbidden one. Where a host serves the request by providers below it, these may have the traits, and only those that
/// are asked of the host itself count here.
/// </summary>
internal sealed class RequiredTraits : HostFilter
{
    public const string FilterName = "Traits";

    public override string Name => FilterName;

    public override string Reason => "without the traits asked for";

    public override ClusterEvents WokenBy => ClusterEvents.TraitsChanged;

    public override bool Concerns(SchedulingRequest request) =>
        request.RequiredTraits.Length + request.ForbiddenTraits.Length + request.RootRequiredTraits.Length + request.RootForbiddenTraits.Length > 0;

    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
        Has(hosts, row, request.RootRequiredTraits, request.RootForbiddenTraits)
        && (hosts.IsServedByTree(request, row) || Has(hosts, row, request.RequiredTraits, request.ForbiddenTraits));

    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        foreach (var trait in request.RootRequiredTraits) survivors.KeepOnly(hosts.WithTrait(trait));
        foreach (var trait in request.RootForbiddenTraits) survivors.Remove(hosts.WithTrait(trait));
        foreach (var trait in request.RequiredTraits) Keep(hosts, request, survivors, hosts.WithTrait(trait).Words, wanted: true);
        foreach (var trait in request.ForbiddenTraits) Keep(hosts, request, survivors, hosts.WithTrait(trait).Words, wanted: false);
    }

    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var lines = new List<string>();
        foreach (var trait in request.RootRequiredTraits.Concat(request.RequiredTraits).Distinct())
            if (!hosts.WithTrait(trait).Contains(row)) lines.Add($"lacks {trait}");
        foreach (var trait in request.RootForbiddenTraits.Concat(request.ForbiddenTraits).Distinct())
            if (hosts.WithTrait(trait).Contains(row)) lines.Add($"has {trait}, which is forbidden");
        return string.Join(", ", lines);
    }

    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if its traits were others";

    private static void Keep(in SnapshotView hosts, SchedulingRequest request, Survivors survivors, ReadOnlySpan<ulong> having, bool wanted)
    {
        for (var word = 0; word < survivors.WordCount; word++)
        {
            var has = word < having.Length ? having[word] : 0;
            survivors.KeepOnly(word, (wanted ? has : ~has) | hosts.ServedByTree(request, word));
        }
    }

    private static bool Has(in SnapshotView hosts, int row, ImmutableArray<string> required, ImmutableArray<string> forbidden)
    {
        foreach (var trait in required)
            if (!hosts.WithTrait(trait).Contains(row)) return false;
        foreach (var trait in forbidden)
            if (hosts.WithTrait(trait).Contains(row)) return false;
        return true;
    }
}
