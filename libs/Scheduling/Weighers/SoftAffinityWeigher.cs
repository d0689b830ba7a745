using Kilonova.Crds;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Weighers;

/// <summary>For servers in a group of policy SoftAffinity: members of the group on the host. The most wins (spec: SCH-47).</summary>
public sealed class SoftAffinityWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "ServerGroupSoftAffinityWeigher";

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    public SoftAffinityWeigher(double multiplier)
        : base(multiplier)
    {
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "soft_affinity_weight_multiplier";

    /// <inheritdoc/>
    public override bool Concerns(in SnapshotView hosts, SchedulingRequest request) => request.Group is { Policy: ServerGroupPolicy.SoftAffinity };

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        raw.Clear();
        if (request.Group is not { Policy: ServerGroupPolicy.SoftAffinity } group) return;
        foreach (var (row, members) in GroupMembers.Counts(hosts, group))
            if (rows.BinarySearch(row) is >= 0 and var at) raw[at] = members;
    }
}
