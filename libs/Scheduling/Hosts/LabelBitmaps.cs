namespace Kilonova.Scheduling.Hosts;

/// <summary>For each label (a trait, an aggregate, a zone) the hosts that bear it. Labels that nobody bears any more are forgotten.</summary>
internal sealed class LabelBitmaps
{
    private readonly Dictionary<string, HostBitmap> byLabel = new(StringComparer.Ordinal);
    private IReadOnlyList<string>[] labelsOf;

    public LabelBitmaps(int rows)
    {
        labelsOf = new IReadOnlyList<string>[rows];
        Array.Fill(labelsOf, []);
        Any = new HostBitmap(rows);
    }

    /// <summary>Hosts with at least one label.</summary>
    public HostBitmap Any { get; }

    public IReadOnlyList<string> Of(int row) => labelsOf[row];

    public HostBits With(string label) => byLabel.TryGetValue(label, out var hosts) ? hosts.Bits : default;

    /// <summary>Replaces the labels of a host.</summary>
    /// <returns>Whether any label came or went.</returns>
    public bool Replace(int row, IReadOnlyList<string> labels)
    {
        var before = labelsOf[row];
        if (ReferenceEquals(before, labels)) return false;
        labelsOf[row] = labels;
        if (Same(before, labels)) return false;
        for (var i = 0; i < before.Count; i++)
        {
            var hosts = byLabel[before[i]];
            hosts[row] = false;
            if (hosts.Count == 0 && !Contains(labels, before[i]) && !ContainsFrom(before, i + 1, before[i])) byLabel.Remove(before[i]);
        }

        for (var i = 0; i < labels.Count; i++)
        {
            if (!byLabel.TryGetValue(labels[i], out var hosts)) byLabel[labels[i]] = hosts = new HostBitmap(labelsOf.Length);
            hosts[row] = true;
        }

        Any[row] = labels.Count > 0;
        return true;
    }

    public void Resize(int rows)
    {
        var old = labelsOf.Length;
        Array.Resize(ref labelsOf, rows);
        Array.Fill(labelsOf, [], old, rows - old);
        Any.Resize(rows);
        foreach (var hosts in byLabel.Values) hosts.Resize(rows);
    }

    private static bool Same(IReadOnlyList<string> left, IReadOnlyList<string> right)
    {
        if (left.Count != right.Count) return false;
        for (var i = 0; i < left.Count; i++)
            if (left[i] != right[i]) return false;
        return true;
    }

    private static bool Contains(IReadOnlyList<string> labels, string label) => ContainsFrom(labels, 0, label);

    private static bool ContainsFrom(IReadOnlyList<string> labels, int start, string label)
    {
        for (var i = start; i < labels.Count; i++)
            if (labels[i] == label) return true;
        return false;
    }
}
