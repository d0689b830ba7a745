using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling;

/// <summary>Buffers of one decision, used again for the next, so that a decision allocates nothing for each host.</summary>
internal sealed class DecisionScratch
{
    private readonly List<ulong[]> after = [];
    private ulong[] survivors = [];
    private ulong[] work = [];
    private int[] rows = [];
    private double[] raw = [];
    private double[] totals = [];
    private int words;

    /// <summary>Steps of this decision, in order.</summary>
    public List<HostFilter> Steps { get; } = [];

    /// <summary>How many of them were taken before nobody was left.</summary>
    public int StepsTaken { get; set; }

    /// <summary>Hosts that are left.</summary>
    public Span<ulong> Survivors => survivors.AsSpan(0, words);

    /// <summary>Bits for explanations.</summary>
    public Span<ulong> Work => work.AsSpan(0, words);

    /// <summary>A number for each row, set to 0, for explanations. The rows that were left and their weights are lost.</summary>
    public Span<int> RowNumbers
    {
        get
        {
            Array.Clear(rows);
            return rows;
        }
    }

    /// <summary>A value for each row, set to 0, for explanations. The weights are lost.</summary>
    public Span<double> RowValues
    {
        get
        {
            Array.Clear(totals);
            return totals;
        }
    }

    /// <summary>Hosts after a step; step -1 is before the first.</summary>
    public Span<ulong> After(int step) => after[step + 1].AsSpan(0, words);

    /// <summary>Rows of the hosts that are left, in order.</summary>
    public ReadOnlySpan<int> Rows => rows.AsSpan(0, RowCount);

    public Span<double> Raw => raw.AsSpan(0, RowCount);

    public Span<double> Totals => totals.AsSpan(0, RowCount);

    public int RowCount { get; private set; }

    public void Start(Snapshot snapshot)
    {
        words = HostBitmap.WordsFor(snapshot.RowLimit);
        if (rows.Length < snapshot.Rows)
        {
            survivors = new ulong[HostBitmap.WordsFor(snapshot.Rows)];
            work = new ulong[survivors.Length];
            rows = new int[snapshot.Rows];
            raw = new double[snapshot.Rows];
            totals = new double[snapshot.Rows];
            after.Clear();
        }

        Steps.Clear();
        StepsTaken = 0;
        RowCount = 0;
        snapshot.Existing.Words[..words].CopyTo(Survivors);
        Keep(0);
    }

    /// <summary>Notes who is left after a step.</summary>
    public void Keep(int index)
    {
        if (after.Count <= index) after.Add(new ulong[survivors.Length]);
        Survivors.CopyTo(after[index].AsSpan(0, words));
    }

    /// <summary>Turns the bits that are left into rows.</summary>
    public void CollectRows()
    {
        var count = 0;
        foreach (var row in new Survivors(Survivors)) rows[count++] = row;
        RowCount = count;
    }
}
