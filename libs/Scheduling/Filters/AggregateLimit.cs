using Kilonova.Scheduling.Expressions;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>A limit that aggregates can lower or raise for their members: the smallest of several counts, and one value that is no whole number makes the configuration's count.</summary>
internal static class AggregateLimit
{
    /// <summary>The limit of a host.</summary>
    public static long Of(in SnapshotView hosts, int row, string key, long configured)
    {
        long? smallest = null;
        foreach (var aggregate in hosts.AggregatesOf(row))
        {
            if (!aggregate.Metadata.TryGetValue(key, out var text)) continue;
            if (!PythonNumber.TryInteger(text, out var value)) return configured;
            if (smallest is null || value < smallest) smallest = value;
        }

        return smallest ?? configured;
    }
}
