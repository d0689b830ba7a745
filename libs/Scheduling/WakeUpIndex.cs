using System.Numerics;

namespace Kilonova.Scheduling;

/// <summary>
/// Which rejected servers an event may unblock, and no others. Not thread-safe: kept by the thread that decides and applies hosts, so that no event falls
/// between a decision and its registration.
/// </summary>
/// <typeparam name="TKey">Key of a server in the caller's queue.</typeparam>
public sealed class WakeUpIndex<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, ClusterEvents> waiting = [];
    private readonly HashSet<TKey>[] byEvent = CreateSets();

    /// <summary>Servers that wait.</summary>
    public int Count => waiting.Count;

    /// <summary>Notes that a server waits, in place of what was noted of it before.</summary>
    /// <param name="key">The server.</param>
    /// <param name="wokenBy">Events that could help it: <see cref="Decision.WokenBy"/>.</param>
    public void Add(TKey key, ClusterEvents wokenBy)
    {
        Remove(key);
        waiting[key] = wokenBy;
        for (var bits = (uint)wokenBy; bits != 0; bits &= bits - 1) byEvent[BitOperations.TrailingZeroCount(bits)].Add(key);
    }

    /// <summary>Forgets a server: it was placed, changed or deleted.</summary>
    /// <param name="key">The server.</param>
    public void Remove(TKey key)
    {
        if (!waiting.Remove(key, out var wokenBy)) return;
        for (var bits = (uint)wokenBy; bits != 0; bits &= bits - 1) byEvent[BitOperations.TrailingZeroCount(bits)].Remove(key);
    }

    /// <summary>Servers that one of the events may unblock, each once. They stay registered until they are added again or removed.</summary>
    /// <param name="events">What happened: the answer of <see cref="Hosts.Snapshot.Apply"/>.</param>
    /// <returns>Keys, in no particular order.</returns>
    public IReadOnlyCollection<TKey> For(ClusterEvents events)
    {
        var bits = (uint)events;
        if (bits == 0 || waiting.Count == 0) return [];
        var woken = new HashSet<TKey>();
        for (; bits != 0; bits &= bits - 1)
            if (BitOperations.TrailingZeroCount(bits) is var bit && bit < byEvent.Length) woken.UnionWith(byEvent[bit]);
        return woken;
    }

    private static HashSet<TKey>[] CreateSets()
    {
        var highest = Enum.GetValues<ClusterEvents>().Max(e => (uint)e);
        var sets = new HashSet<TKey>[BitOperations.Log2(highest) + 1];
        for (var i = 0; i < sets.Length; i++) sets[i] = [];
        return sets;
    }
}
