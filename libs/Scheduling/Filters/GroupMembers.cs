using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Counts members of a server group.</summary>
internal static class GroupMembers
{
    /// <summary>Members on each host that has any: by going through the members, of which there are few, and not through the hosts.</summary>
    public static Dictionary<int, int> Counts(in SnapshotView hosts, ServerGroupFacts group)
    {
        var counts = new Dictionary<int, int>(group.Members.Length);
        var holders = new List<int>();
        foreach (var member in group.Members)
        {
            var told = member.Host is { } name && hosts.TryRow(name, out var row) ? row : -1;
            holders.Clear();
            hosts.AddHolders(member.InstanceID, holders);
            foreach (var holder in holders)
            {
                counts[holder] = counts.GetValueOrDefault(holder) + 1;
                if (holder == told) told = -1;
            }

            if (told >= 0) counts[told] = counts.GetValueOrDefault(told) + 1;
        }

        return counts;
    }

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
