using System.Runtime.Intrinsics;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Placement;

/// <summary>Rejects hosts that cannot promise the wanted amount of one resource class. The rule is <see cref="Fit.Check"/>; all hosts at once by vector compares.</summary>
internal sealed class ResourceFit : HostFilter
{
    private readonly string resourceClass;

    public ResourceFit(string resourceClass)
    {
        this.resourceClass = resourceClass;
        Reason = $"Insufficient {resourceClass}";
    }

    public override string Name => resourceClass;

    public override string Reason { get; }

    public override ClusterEvents WokenBy => ClusterEvents.CapacityGrown;

    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) =>
        Wanted(request) is var amount && (amount == 0 || hosts.IsServedByTree(request, row) || (hosts.TryResource(resourceClass, out var column) && column.Check(row, amount) == Shortage.None));

    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        var amount = Wanted(request);
        if (amount == 0) return;
        // Hosts with trees are judged by ProviderFit.
        if (!hosts.TryResource(resourceClass, out var column))
        {
            for (var word = 0; word < survivors.WordCount; word++) survivors.KeepOnly(word, hosts.ServedByTree(request, word));
            return;
        }

        // Rows come in multiples of 64, so a word of survivors is always a whole number of vectors.
        for (var word = 0; word < survivors.WordCount; word++)
        {
            if (survivors.Word(word) == 0) continue;
            survivors.KeepOnly(word, AtLeast(column.Room.Slice(word << 6, 64), amount) | hosts.ServedByTree(request, word));
        }

        if (!column.HasUnits) return;
        foreach (var row in survivors)
            if ((amount < column.MinUnit[row] || amount % column.StepSize[row] != 0) && !hosts.IsServedByTree(request, row)) survivors.Remove(row);
    }

    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var amount = Wanted(request);
        if (!hosts.TryResource(resourceClass, out var column)) return Fit.Describe(resourceClass, Shortage.NoInventory, amount, 0, 0, 0, 0, 1);
        return Fit.Describe(
            resourceClass, column.Check(row, amount), amount, column.Capacity[row] - column.Used[row], column.Capacity[row], column.MinUnit[row],
            column.MaxUnit[row], column.StepSize[row]);
    }

    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var amount = Wanted(request);
        if (!hosts.TryResource(resourceClass, out var column) || column.Capacity[row] <= 0) return double.PositiveInfinity;
        var shortOf = column.Check(row, amount) switch
        {
            Shortage.Insufficient => amount - (column.Capacity[row] - column.Used[row]),
            Shortage.AboveMaximum => amount - column.MaxUnit[row],
            Shortage.BelowMinimum => column.MinUnit[row] - amount,
            Shortage.OffStep => amount % column.StepSize[row],
            _ => amount,
        };
        return Math.Min((double)shortOf / amount, 1);
    }

    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var amount = Wanted(request);
        var column = hosts.Resource(resourceClass);
        var free = column.Capacity[row] - column.Used[row];
        return column.Check(row, amount) switch
        {
            Shortage.AboveMaximum => $"if the flavor asked for at most {Format(column.MaxUnit[row])} of {resourceClass} ({Format(amount)} wanted)",
            Shortage.BelowMinimum => $"if the flavor asked for at least {Format(column.MinUnit[row])} of {resourceClass} ({Format(amount)} wanted)",
            Shortage.OffStep => $"if the flavor asked for a multiple of {Format(column.StepSize[row])} of {resourceClass} ({Format(amount)} wanted)",
            _ => $"if {Format(amount - free)} more of {resourceClass} were free ({Format(amount)} wanted, {Math.Max(free, 0)} of {Format(column.Capacity[row])} free)"
                + (free > 0 ? $" or the flavor asked for at most {Format(free)}" : ""),
        };
    }

    private static ulong AtLeast(ReadOnlySpan<long> room, long amount)
    {
        var wanted = Vector256.Create(amount);
        ulong bits = 0;
        for (var i = 0; i < 64; i += Vector256<long>.Count)
            bits |= (ulong)Vector256.GreaterThanOrEqual(Vector256.Create(room.Slice(i, Vector256<long>.Count)), wanted).ExtractMostSignificantBits() << i;
        return bits;
    }

    private string Format(long amount) => ResourceClass.Format(resourceClass, amount);

    private long Wanted(SchedulingRequest request)
    {
        foreach (var resource in request.Resources)
            if (resource.ResourceClass == resourceClass) return resource.Amount;
        return 0;
    }
}
