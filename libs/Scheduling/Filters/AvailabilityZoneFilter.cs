using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Passes hosts of the availability zone that the server asks for; a server that asks for none passes everywhere. A host in no zone is in the default zone.
/// </summary>
public sealed class AvailabilityZoneFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "AvailabilityZoneFilter";

    private readonly string defaultZone;

    /// <summary>Creates the filter.</summary>
    /// <param name="defaultZone">Zone of hosts in no zone.</param>
    public AvailabilityZoneFilter(string defaultZone) => this.defaultZone = defaultZone;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "in another availability zone";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.ZonesChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => !string.IsNullOrEmpty(request.AvailabilityZone);

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
        !Concerns(request)
        || hosts.InZone(request.AvailabilityZone!).Contains(row)
        || (request.AvailabilityZone == defaultZone && !hosts.InSomeZone.Contains(row));

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        if (!Concerns(request)) return;
        var zone = hosts.InZone(request.AvailabilityZone!).Words;
        if (request.AvailabilityZone != defaultZone)
        {
            survivors.KeepOnly(hosts.InZone(request.AvailabilityZone!));
            return;
        }

        var some = hosts.InSomeZone.Words;
        for (var i = 0; i < survivors.WordCount; i++) survivors.KeepOnly(i, (i < zone.Length ? zone[i] : 0) | ~(i < some.Length ? some[i] : 0));
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        $"zone {request.AvailabilityZone} wanted, the host is in {ZonesOf(hosts, row)}";

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if the server asked for zone {ZonesOf(hosts, row)}";

    private string ZonesOf(in SnapshotView hosts, int row)
    {
        var zones = hosts.ZonesOf(row);
        return zones.Count == 0 ? defaultZone : string.Join(", ", zones);
    }
}
