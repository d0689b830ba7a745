using Kilonova.Crds;

namespace Kilonova.Operator.Protocol;

/// <summary>Names a server group.</summary>
public readonly record struct GroupKey(string Namespace, string Name)
{
    /// <summary>The group that a Server names.</summary>
    public static GroupKey? Of(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Spec.SchedulerHints?.Group is { } name ? new GroupKey(server.Metadata.Namespace!, name) : null;
    }
}

/// <summary>What a server group holds of one instance ID.</summary>
/// <param name="Namespace">Namespace of the group and of its members.</param>
/// <param name="Name">Name of the group.</param>
/// <param name="Members">Its seats: claims under a placement number for a host.</param>
/// <param name="Full">No member can be added any more.</param>
public sealed record SeatsInGroup(string Namespace, string Name, IReadOnlyList<GroupMember> Members, bool Full = false);

/// <summary>Decides what is written into <c>ServerGroup.status.members</c>.</summary>
public static class GroupSeats
{
    /// <summary>Most seats that a group can hold.</summary>
    public const int Most = 1024;

    /// <summary>What a group holds of an instance ID.</summary>
    public static SeatsInGroup Of(ServerGroup group, string instanceID)
    {
        ArgumentNullException.ThrowIfNull(group);
        var members = group.Status?.Members ?? [];
        return new SeatsInGroup(group.Metadata.Namespace!, group.Metadata.Name!, [.. members.Where(m => m.InstanceID == instanceID)], members.Count >= Most);
    }

    /// <summary>
    /// Why a server may not be on a host by its group, whose members count from their claim on until nothing of them is left there. Soft policies refuse nothing:
    /// they weigh.
    /// </summary>
    /// <param name="group">The group as just read.</param>
    /// <param name="wanted">The claim. What the group holds of the same server does not speak against it.</param>
    /// <returns>Null when it may.</returns>
    public static string? Refusal(ServerGroup group, GroupMember wanted)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(wanted);
        var members = group.Status?.Members ?? [];
        if (members.Count >= Most)
            return $"the server group has {members.Count} members, and no more than {Most} can be";
        var others = members.Where(m => m.InstanceID != wanted.InstanceID);
        switch (group.Spec.Policy)
        {
            case ServerGroupPolicy.AntiAffinity:
                var there = others.Where(m => m.Host == wanted.Host).Select(m => m.InstanceID).Distinct(StringComparer.Ordinal).Count();
                var most = group.Spec.MaxServerPerHost ?? 1;
                return there < most ? null : $"{there} members of the server group are on {wanted.Host}, at most {most} may be on one host";
            case ServerGroupPolicy.Affinity:
                return others.FirstOrDefault(m => m.Host != wanted.Host) is { } other ? $"the server group is on {other.Host}" : null;
            default:
                return null;
        }
    }

    /// <summary>The seats with one more.</summary>
    public static IReadOnlyList<GroupMember> Adding(ServerGroup group, GroupMember member)
    {
        ArgumentNullException.ThrowIfNull(group);
        return [.. (group.Status?.Members ?? []).Append(member).OrderBy(m => m.InstanceID, StringComparer.Ordinal).ThenBy(m => m.Epoch)];
    }

    /// <summary>The seats without one.</summary>
    public static IReadOnlyList<GroupMember> Without(ServerGroup group, GroupMember member)
    {
        ArgumentNullException.ThrowIfNull(group);
        return [.. (group.Status?.Members ?? []).Where(m => !Same(m, member))];
    }

    /// <summary>Whether two seats are one.</summary>
    public static bool Same(GroupMember one, GroupMember other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return one.InstanceID == other.InstanceID && one.Epoch == other.Epoch && one.ClaimID == other.ClaimID && one.Host == other.Host;
    }
}
