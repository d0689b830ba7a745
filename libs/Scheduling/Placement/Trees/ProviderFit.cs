using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// Rejects hosts whose trees of providers cannot serve the request. Asked only of hosts that have providers below them with a class that is asked for, and of every host for
/// requests with groups: the others are plain, and a comparison of columns does.
/// </summary>
internal sealed class ProviderFit : HostFilter
{
    public const string FilterName = "Providers";

    public override string Name => FilterName;

    public override string Reason => "without providers for what is asked for";

    public override ClusterEvents WokenBy => ClusterEvents.CapacityGrown | ClusterEvents.TraitsChanged;

    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
        !IsAsked(hosts, request, row) || Serves(hosts, request, row, HostTree.Query(request));

    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        var query = HostTree.Query(request);
        foreach (var row in survivors)
            if (IsAsked(hosts, request, row) && !Serves(hosts, request, row, query)) survivors.Remove(row);
    }

    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var forest = HostTree.Of(hosts, row, request);
        var query = HostTree.Query(request);
        foreach (var group in query.Groups)
        {
            if (AllocationCandidates.Exist(forest, query with { Groups = [group] })) continue;
            var asked = string.Join(", ", group.Resources.Select(r => $"{r.ResourceClass} {ResourceClass.Format(r.ResourceClass, r.Amount)}")
                .Concat(group.RequiredTraits.Select(t => $"with {string.Join(" or ", t)}")).Concat(group.ForbiddenTraits.Select(t => $"without {t}")));
            return group.Suffix.Length == 0 ? $"its providers together cannot give {asked}" : $"no provider of it can give {asked} (group {group.Suffix})";
        }

        return query.Isolate ? "its providers can serve each group alone, but not each by another provider" : "its providers can serve each group alone, but not all together";
    }

    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if its providers had what is asked for";

    /// <summary>Most hosts offer nothing of what a group asks, and no tree need be made of them.</summary>
    private static bool Serves(in SnapshotView hosts, SchedulingRequest request, int row, CandidateQuery query)
    {
        foreach (var group in request.Groups)
            foreach (var resource in group.Resources)
                if (!Offers(hosts, row, resource.ResourceClass)) return false;
        return AllocationCandidates.Exist(HostTree.Of(hosts, row, request), query);
    }

    private static bool Offers(in SnapshotView hosts, int row, string resourceClass) =>
        (hosts.TryResource(resourceClass, out var column) && column.MaxUnit[row] > 0) || hosts.WithChildrenThatOffer(resourceClass).Contains(row);

    private static bool IsAsked(in SnapshotView hosts, SchedulingRequest request, int row) => !request.Groups.IsEmpty || hosts.IsServedByTree(request, row);
}
