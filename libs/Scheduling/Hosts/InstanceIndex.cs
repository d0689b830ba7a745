using System.Runtime.InteropServices;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Hosts;

/// <summary>Which hosts hold a ledger entry of an instance. Nearly always one; two while it moves.</summary>
internal sealed class InstanceIndex
{
    private readonly Dictionary<string, Holders> holders = new(StringComparer.Ordinal);
    private string[][] instancesOf;
    private string[] incoming = new string[64];

    public InstanceIndex(int rows)
    {
        instancesOf = new string[rows][];
        Array.Fill(instancesOf, []);
    }

    public void Resize(int rows)
    {
        var old = instancesOf.Length;
        Array.Resize(ref instancesOf, rows);
        Array.Fill(instancesOf, [], old, rows - old);
    }

    /// <summary>Instances with an entry on a host, sorted, each once.</summary>
    public ReadOnlySpan<string> On(int row) => instancesOf[row];

    /// <summary>Takes every host that holds an entry of the instance out of a set.</summary>
    public void RemoveHolders(string instanceID, Survivors survivors)
    {
        if (!holders.TryGetValue(instanceID, out var found)) return;
        if (found.First >= 0) survivors.Remove(found.First);
        foreach (var row in found.Others ?? []) survivors.Remove(row);
    }

    /// <summary>Keeps only hosts that hold an entry of one of the instances.</summary>
    public void KeepHolders(IReadOnlyList<string> instanceIDs, Survivors survivors)
    {
        foreach (var row in survivors)
        {
            var held = false;
            for (var i = 0; i < instanceIDs.Count && !held; i++) held = Holds(instanceIDs[i], row);
            if (!held) survivors.Remove(row);
        }
    }

    public void AddHolders(string instanceID, List<int> rows)
    {
        if (!holders.TryGetValue(instanceID, out var found)) return;
        if (found.First >= 0) rows.Add(found.First);
        if (found.Others is { } others) rows.AddRange(others);
    }

    public bool Holds(string instanceID, int row) => Array.BinarySearch(instancesOf[row], instanceID, StringComparer.Ordinal) >= 0;

    /// <summary>Replaces the entries of a host. Only what came or went touches the index: a host's list is sorted, so the two are merged.</summary>
    /// <returns>Whether any instance came or left.</returns>
    public ClusterEvents Replace(int row, IReadOnlyList<Allocation> allocations)
    {
        var after = Sorted(allocations);
        var before = instancesOf[row].AsSpan();
        var events = ClusterEvents.None;
        int b = 0, a = 0;
        while (b < before.Length || a < after.Length)
        {
            var order = b == before.Length ? 1 : a == after.Length ? -1 : string.CompareOrdinal(before[b], after[a]);
            if (order == 0)
            {
                b++;
                a++;
                continue;
            }

            if (order < 0)
            {
                Forget(before[b++], row);
                events |= ClusterEvents.InstanceLeft;
            }
            else
            {
                CollectionsMarshal.GetValueRefOrAddDefault(holders, after[a++], out _).Add(row);
                events |= ClusterEvents.InstanceArrived;
            }
        }

        if (events != ClusterEvents.None) instancesOf[row] = after.ToArray();
        incoming.AsSpan(0, after.Length).Clear();
        return events;
    }

    private ReadOnlySpan<string> Sorted(IReadOnlyList<Allocation> allocations)
    {
        if (incoming.Length < allocations.Count) incoming = new string[allocations.Count * 2];
        var count = 0;
        var sorted = true;
        for (var i = 0; i < allocations.Count; i++)
        {
            var id = allocations[i].Id;
            var order = count == 0 ? -1 : string.CompareOrdinal(incoming[count - 1], id);
            if (order == 0) continue;
            sorted &= order < 0;
            incoming[count++] = id;
        }

        if (sorted) return incoming.AsSpan(0, count);
        var ids = incoming.AsSpan(0, count);
        ids.Sort(StringComparer.Ordinal);
        var distinct = 1;
        for (var i = 1; i < ids.Length; i++)
            if (ids[i] != ids[distinct - 1]) ids[distinct++] = ids[i];
        ids[distinct..].Clear();
        return ids[..distinct];
    }

    private void Forget(string instanceID, int row)
    {
        ref var found = ref CollectionsMarshal.GetValueRefOrNullRef(holders, instanceID);
        if (found.Remove(row)) holders.Remove(instanceID);
    }

    private struct Holders
    {
        private int firstPlusOne;

        public List<int>? Others { get; private set; }

        public readonly int First => firstPlusOne - 1;

        public void Add(int row)
        {
            if (firstPlusOne == 0) firstPlusOne = row + 1;
            else (Others ??= []).Add(row);
        }

        /// <summary>Takes a row out and says whether none is left.</summary>
        public bool Remove(int row)
        {
            if (First == row) firstPlusOne = 0;
            else Others?.Remove(row);
            return firstPlusOne == 0 && Others is not { Count: > 0 };
        }
    }
}
