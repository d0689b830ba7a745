using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Placement;

/// <summary>Rejects hosts that lack a required trait or have a forbidden one.</summary>
internal sealed class RequiredTraits : HostFilter
{
    public const string FilterName = "Traits";

    public override string Name => FilterName;

    public override string Reason => "without the traits asked for";

    public override ClusterEvents WokenBy => ClusterEvents.TraitsChanged;

    public override bool Concerns(SchedulingRequest request) => request.RequiredTraits.Length + request.ForbiddenTraits.Length > 0;

    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        foreach (var trait in request.RequiredTraits)
            if (!hosts.WithTrait(trait).Contains(row)) return false;
        foreach (var trait in request.ForbiddenTraits)
            if (hosts.WithTrait(trait).Contains(row)) return false;
        return true;
    }

    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        foreach (var trait in request.RequiredTraits) survivors.KeepOnly(hosts.WithTrait(trait));
        foreach (var trait in request.ForbiddenTraits) survivors.Remove(hosts.WithTrait(trait));
    }

    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var lines = new List<string>();
        foreach (var trait in request.RequiredTraits)
            if (!hosts.WithTrait(trait).Contains(row)) lines.Add($"lacks {trait}");
        foreach (var trait in request.ForbiddenTraits)
            if (hosts.WithTrait(trait).Contains(row)) lines.Add($"has {trait}, which is forbidden");
        return string.Join(", ", lines);
    }

    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if its traits were others";
}
