using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Weighers;

/// <summary>Counts the members of a group on each host: by going through the members, of which there are few, and not through the hosts.</summary>
internal static class GroupCounts
{
    private const int Places = 8;

    /// <summary>Adds an amount to the host of each member.</summary>
    public static void Add(in SnapshotView hosts, ServerGroupFacts group, ReadOnlySpan<int> rows, Span<double> raw, int amount)
    {
        Span<int> holders = stackalloc int[Places];
        foreach (var member in group.Members)
        {
            var count = hosts.Holders(member.InstanceID, holders);
            var told = member.Host is { } name && hosts.TryRow(name, out var row) ? row : -1;
            foreach (var holder in holders[..count])
            {
                Add(rows, raw, holder, amount);
                if (holder == told) told = -1;
            }

            if (told >= 0) Add(rows, raw, told, amount);
        }
    }

    private static void Add(ReadOnlySpan<int> rows, Span<double> raw, int row, int amount)
    {
        var at = rows.BinarySearch(row);
        if (at >= 0) raw[at] += amount;
    }
}
