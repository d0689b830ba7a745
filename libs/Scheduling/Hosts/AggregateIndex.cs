namespace Kilonova.Scheduling.Hosts;

/// <summary>
/// Which aggregates there are, what they say, and who is in them. While a change of an aggregate goes from host to host there are two versions of it, each with
/// the hosts that know it.
/// </summary>
internal sealed class AggregateIndex
{
    private readonly List<Version> versions = [];
    private IReadOnlyList<AggregateFacts>[] of;

    public AggregateIndex(int rows)
    {
        of = new IReadOnlyList<AggregateFacts>[rows];
        Array.Fill(of, []);
        Names = new LabelBitmaps(rows);
    }

    /// <summary>Members by name alone.</summary>
    public LabelBitmaps Names { get; }

    public int VersionCount => versions.Count;

    public IReadOnlyList<AggregateFacts> Of(int row) => of[row];

    public AggregateFacts FactsOf(int version) => versions[version].Facts;

    public HostBits HostsOf(int version) => versions[version].Hosts.Bits;

    /// <summary>Replaces the aggregates of a host.</summary>
    /// <returns>Whether it is in others than before, or one says something else.</returns>
    public bool Replace(int row, IReadOnlyList<AggregateFacts> aggregates)
    {
        var before = of[row];
        if (ReferenceEquals(before, aggregates)) return false;
        of[row] = aggregates;
        if (Same(before, aggregates)) return false;
        foreach (var facts in before) Leave(facts, row);
        foreach (var facts in aggregates) Join(facts, row);
        Names.Replace(row, NamesOf(aggregates));
        return true;
    }

    public void Resize(int rows)
    {
        var old = of.Length;
        Array.Resize(ref of, rows);
        Array.Fill(of, [], old, rows - old);
        Names.Resize(rows);
        foreach (var version in versions) version.Hosts.Resize(rows);
    }

    private void Leave(AggregateFacts facts, int row)
    {
        for (var i = 0; i < versions.Count; i++)
        {
            if (!versions[i].Facts.SaysTheSame(facts)) continue;
            versions[i].Hosts[row] = false;
            if (versions[i].Hosts.Count == 0) versions.RemoveAt(i);
            return;
        }
    }

    private void Join(AggregateFacts facts, int row)
    {
        var version = versions.Find(v => v.Facts.SaysTheSame(facts));
        if (version is null) versions.Add(version = new Version(facts, new HostBitmap(of.Length)));
        version.Hosts[row] = true;
    }

    private static bool Same(IReadOnlyList<AggregateFacts> left, IReadOnlyList<AggregateFacts> right)
    {
        if (left.Count != right.Count) return false;
        for (var i = 0; i < left.Count; i++)
            if (!left[i].SaysTheSame(right[i])) return false;
        return true;
    }

    private static string[] NamesOf(IReadOnlyList<AggregateFacts> aggregates)
    {
        var names = new string[aggregates.Count];
        for (var i = 0; i < names.Length; i++) names[i] = aggregates[i].Name;
        return names;
    }

    private sealed record Version(AggregateFacts Facts, HostBitmap Hosts);
}
