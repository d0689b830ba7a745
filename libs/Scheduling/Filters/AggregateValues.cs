using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Reads a metadata key over the aggregates of a host. A value may be a list with commas; blanks around its parts do not count.</summary>
internal static class AggregateValues
{
    /// <summary>Whether any aggregate of the host has the key.</summary>
    public static bool Any(in SnapshotView hosts, int row, string key)
    {
        foreach (var aggregate in hosts.AggregatesOf(row))
            if (aggregate.Metadata.ContainsKey(key)) return true;
        return false;
    }

    /// <summary>Whether a list has a part.</summary>
    public static bool Contains(string list, ReadOnlySpan<char> part)
    {
        foreach (var range in list.AsSpan().Split(','))
            if (list.AsSpan(range).Trim().SequenceEqual(part)) return true;
        return false;
    }

    /// <summary>For explanations: the values as they stand.</summary>
    public static string Describe(in SnapshotView hosts, int row, string key)
    {
        var values = new List<string>();
        foreach (var aggregate in hosts.AggregatesOf(row))
            if (aggregate.Metadata.TryGetValue(key, out var value)) values.Add($"{aggregate.Name} has {key}={value}");
        return values.Count == 0 ? $"no aggregate of the host has {key}" : string.Join(", ", values);
    }
}
