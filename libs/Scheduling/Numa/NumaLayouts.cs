namespace Kilonova.Scheduling.Numa;

/// <summary>Layouts of hosts, each once: most hosts of a cluster are of a few kinds, and differ by their guests only.</summary>
internal sealed class NumaLayouts
{
    private readonly Dictionary<int, List<Shared>> byHash = [];

    /// <summary>The layout for some facts; the one that was used until now where it still says the same.</summary>
    public Shared Replace(Shared? before, NumaFacts facts)
    {
        if (before is not null && facts.SaysTheSame(before.Facts)) return before;
        Release(before);
        var hash = HashOf(facts);
        if (!byHash.TryGetValue(hash, out var alike)) byHash[hash] = alike = [];
        var found = alike.Find(s => facts.SaysTheSame(s.Facts));
        if (found is null)
        {
            found = new Shared(hash, facts, NumaLayout.Of(facts));
            alike.Add(found);
        }

        found.Rows++;
        return found;
    }

    /// <summary>A host does not use a layout any more.</summary>
    public void Release(Shared? layout)
    {
        if (layout is null || --layout.Rows > 0) return;
        var alike = byHash[layout.Hash];
        alike.Remove(layout);
        if (alike.Count == 0) byHash.Remove(layout.Hash);
    }

    private static int HashOf(NumaFacts facts)
    {
        var code = default(HashCode);
        code.Add(facts.Limits);
        code.Add(facts.Hypervisor?.CpuDedicatedSet);
        code.Add(facts.Hypervisor?.CpuSharedSet);
        code.Add(facts.Devices.Count);
        if (facts.Devices.Count > 0) code.Add(facts.Devices[0].Address);
        foreach (var cell in facts.Cells)
        {
            code.Add(cell.Id);
            code.Add(cell.Cpus);
            code.Add(cell.MemoryMiB);
        }

        return code.ToHashCode();
    }

    /// <summary>A layout and how many hosts use it.</summary>
    public sealed class Shared(int hash, NumaFacts facts, NumaLayout layout)
    {
        public int Hash { get; } = hash;

        public NumaFacts Facts { get; } = facts;

        public NumaLayout Layout { get; } = layout;

        public int Rows { get; set; }
    }
}
