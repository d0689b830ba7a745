using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// Rejects hosts that must not be tried: those that the request names (they failed to build this server), and those whose ledger holds an entry of the same
/// instance under any number (protocol: "a host with any entry of the ID is not a candidate").
/// </summary>
internal sealed class ExcludedHosts : HostFilter
{
    public const string FilterName = "ExcludedHosts";

    public override string Name => FilterName;

    public override string Reason => "excluded for this server";

    public override ClusterEvents WokenBy => ClusterEvents.InstanceLeft;

    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
        (request.MayStay || !hosts.Holds(request.InstanceID, row)) && Named(hosts, request, row) is null;

    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        foreach (var excluded in request.ExcludedHosts)
            if (hosts.TryRow(excluded.Host, out var row)) survivors.Remove(row);
        if (!request.MayStay) hosts.RemoveHolders(request.InstanceID, survivors);
    }

    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        Named(hosts, request, row)?.Reason ?? "its ledger holds an entry of this instance";

    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if it were not excluded";

    private static ExcludedHost? Named(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var name = hosts.Name(row);
        foreach (var excluded in request.ExcludedHosts)
            if (excluded.Host == name) return excluded;
        return null;
    }
}
