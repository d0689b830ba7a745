using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Placement;

/// <summary>Rejects hosts that are not in the aggregates that they must be in, or are in ones that they must not be in.</summary>
internal sealed class AggregateMembership : HostFilter
{
    public const string FilterName = "Aggregates";

    public override string Name => FilterName;

    public override string Reason => "outside the aggregates for this server";

    public override ClusterEvents WokenBy => ClusterEvents.AggregatesChanged;

    public override bool Concerns(SchedulingRequest request) => request.InAggregates.Length + request.NotInAggregates.Length > 0;

    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        foreach (var oneOf in request.InAggregates)
        {
            var member = false;
            foreach (var aggregate in oneOf) member |= hosts.InAggregate(aggregate).Contains(row);
            if (!member) return false;
        }

        foreach (var aggregate in request.NotInAggregates)
            if (hosts.InAggregate(aggregate).Contains(row)) return false;
        return true;
    }

    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        foreach (var aggregate in request.NotInAggregates)
            if (hosts.InAggregate(aggregate).Contains(row)) return $"in the aggregate {aggregate}, which is not for this server";
        return $"must be in {string.Join(", and in ", request.InAggregates.Select(a => string.Join(" or ", a)))}";
    }

    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if it were in other aggregates";
}
