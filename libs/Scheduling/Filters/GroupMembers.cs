using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Counts members of a server group.</summary>
internal static class GroupMembers
{
    /// <summary>Members on a host: those of which its ledger holds an entry, and those of which the group says that they are or are about to be there.</summary>
    public static int On(in SnapshotView hosts, ServerGroupFacts group, int row)
    {
        var count = 0;
        var name = hosts.Name(row);
        foreach (var member in group.Members)
            if (member.Host == name || hosts.Holds(member.InstanceID, row)) count++;
        return count;
    }
}
