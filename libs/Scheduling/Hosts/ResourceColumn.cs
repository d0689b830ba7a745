using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Hosts;

/// <summary>One resource class over all hosts, as arrays. A host without inventory has only zeros (and a step of 1).</summary>
internal sealed class ResourceColumn
{
    private long[] total;
    private long[] reserved;
    private double[] ratio;
    private long[] capacity;
    private long[] used;
    private long[] room;
    private long[] minUnit;
    private long[] maxUnit;
    private long[] stepSize;
    private int irregular;

    public ResourceColumn(string resourceClass, int rows)
    {
        Class = resourceClass;
        total = new long[rows];
        reserved = new long[rows];
        ratio = new double[rows];
        capacity = new long[rows];
        used = new long[rows];
        room = new long[rows];
        minUnit = new long[rows];
        maxUnit = new long[rows];
        stepSize = new long[rows];
        Array.Fill(stepSize, 1);
    }

    public string Class { get; }

    public ResourceColumnView View => new(Class, total, reserved, ratio, capacity, used, room, minUnit, maxUnit, stepSize, irregular > 0);

    /// <summary>Replaces a host's row.</summary>
    /// <returns>Whether an amount that did not fit before may fit now, and whether any figure is another.</returns>
    public ClusterEvents Set(int row, in Inventory inventory, long usedNow)
    {
        var events = total[row] != inventory.Total || reserved[row] != inventory.Reserved || ratio[row] != inventory.AllocationRatio || used[row] != usedNow
            ? ClusterEvents.FiguresChanged
            : ClusterEvents.None;
        var roomBefore = room[row];
        var (minBefore, stepBefore) = (minUnit[row], stepSize[row]);
        irregular -= Irregular(row);
        total[row] = inventory.Total;
        reserved[row] = inventory.Reserved;
        ratio[row] = inventory.AllocationRatio;
        capacity[row] = inventory.Capacity;
        used[row] = usedNow;
        minUnit[row] = inventory.MinUnit;
        maxUnit[row] = inventory.MaxUnit;
        stepSize[row] = Math.Max(inventory.StepSize, 1);
        room[row] = Math.Min(capacity[row] - usedNow, maxUnit[row]);
        irregular += Irregular(row);
        return room[row] > roomBefore || minUnit[row] < minBefore || stepSize[row] != stepBefore ? events | ClusterEvents.CapacityGrown : events;
    }

    public void Resize(int rows)
    {
        var old = total.Length;
        Array.Resize(ref total, rows);
        Array.Resize(ref reserved, rows);
        Array.Resize(ref ratio, rows);
        Array.Resize(ref capacity, rows);
        Array.Resize(ref used, rows);
        Array.Resize(ref room, rows);
        Array.Resize(ref minUnit, rows);
        Array.Resize(ref maxUnit, rows);
        Array.Resize(ref stepSize, rows);
        Array.Fill(stepSize, 1, old, rows - old);
    }

    private int Irregular(int row) => minUnit[row] > 1 || stepSize[row] > 1 ? 1 : 0;
}

/// <summary>One resource class over all hosts, to read; index is the row.</summary>
public readonly ref struct ResourceColumnView
{
    internal ResourceColumnView(
        string resourceClass,
        ReadOnlySpan<long> total,
        ReadOnlySpan<long> reserved,
        ReadOnlySpan<double> ratio,
        ReadOnlySpan<long> capacity,
        ReadOnlySpan<long> used,
        ReadOnlySpan<long> room,
        ReadOnlySpan<long> minUnit,
        ReadOnlySpan<long> maxUnit,
        ReadOnlySpan<long> stepSize,
        bool hasUnits)
    {
        Class = resourceClass;
        Total = total;
        Reserved = reserved;
        AllocationRatio = ratio;
        Capacity = capacity;
        Used = used;
        Room = room;
        MinUnit = minUnit;
        MaxUnit = maxUnit;
        StepSize = stepSize;
        HasUnits = hasUnits;
    }

    /// <summary>Name of the class.</summary>
    public string Class { get; }

    /// <summary>What is there.</summary>
    public ReadOnlySpan<long> Total { get; }

    /// <summary>What is kept for the host.</summary>
    public ReadOnlySpan<long> Reserved { get; }

    /// <summary>How often the unreserved part may be promised.</summary>
    public ReadOnlySpan<double> AllocationRatio { get; }

    /// <summary>How much may be promised in all.</summary>
    public ReadOnlySpan<long> Capacity { get; }

    /// <summary>What is promised.</summary>
    public ReadOnlySpan<long> Used { get; }

    /// <summary>Largest amount that one more guest may have, units apart: the smaller of what is free and of the maximum.</summary>
    public ReadOnlySpan<long> Room { get; }

    /// <summary>Smallest amount for one guest.</summary>
    public ReadOnlySpan<long> MinUnit { get; }

    /// <summary>Largest amount for one guest; 0 where there is no inventory.</summary>
    public ReadOnlySpan<long> MaxUnit { get; }

    /// <summary>Amounts are multiples of this.</summary>
    public ReadOnlySpan<long> StepSize { get; }

    /// <summary>Whether any host has a smallest unit or a step above 1.</summary>
    public bool HasUnits { get; }

    /// <summary>Checks an amount on one host.</summary>
    /// <param name="row">Row of the host.</param>
    /// <param name="amount">The amount wanted.</param>
    /// <returns>What stands in the way, or <see cref="Shortage.None"/>.</returns>
    public Shortage Check(int row, long amount) => Fit.Check(amount, Capacity[row] - Used[row], MinUnit[row], MaxUnit[row], StepSize[row]);
}
