using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Passes hosts whose agent is heard of, that are enabled, and that are not held back (spec: SCH-18).</summary>
public sealed class ComputeFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ComputeFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "not in service";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.HostUp | ClusterEvents.HostEnabled | ClusterEvents.HostUnblocked;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
        hosts.Up.Contains(row) && !hosts.Disabled.Contains(row) && !hosts.Blocked.Contains(row);

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        survivors.KeepOnly(hosts.Up);
        survivors.Remove(hosts.Disabled);
        survivors.Remove(hosts.Blocked);
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (hosts.BlockedReason(row) is { } blocked) return $"held back: {blocked}";
        if (!hosts.Disabled.Contains(row)) return "down: its agent is not heard of, or it is forced down";
        return hosts.DisabledReason(row) is { Length: > 0 } reason ? $"disabled: {reason}" : "disabled";
    }

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (hosts.BlockedReason(row) is { } blocked) return $"if it were not held back ({blocked})";
        if (!hosts.Up.Contains(row)) return hosts.Disabled.Contains(row) ? "if it were up and enabled" : "if it were up";
        return "if it were enabled";
    }
}
