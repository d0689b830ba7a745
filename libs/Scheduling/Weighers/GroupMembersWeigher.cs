using Kilonova.Crds;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Weighers;

/// <summary>For servers in a group of one policy: members of the group on the host.</summary>
public abstract class GroupMembersWeigher : HostWeigher
{
    private readonly ServerGroupPolicy policy;
    private readonly int worth;

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    /// <param name="policy">Policy of the groups that this is for.</param>
    /// <param name="worth">What a member counts: 1, or -1 where the fewest win.</param>
    protected GroupMembersWeigher(double multiplier, ServerGroupPolicy policy, int worth)
        : base(multiplier) => (this.policy, this.worth) = (policy, worth);

    /// <inheritdoc/>
    public override bool Concerns(in SnapshotView hosts, SchedulingRequest request) => request.Group?.Policy == policy;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        raw.Clear();
        if (request.Group is not { } group || group.Policy != policy) return;
        foreach (var (row, members) in GroupMembers.Counts(hosts, group))
            if (rows.BinarySearch(row) is >= 0 and var at) raw[at] = worth * members;
    }
}
