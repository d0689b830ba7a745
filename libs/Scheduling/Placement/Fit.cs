namespace Kilonova.Scheduling.Placement;

/// <summary>Why an amount does not fit an inventory.</summary>
public enum Shortage
{
    /// <summary>It fits.</summary>
    None,

    /// <summary>The host has nothing of this class.</summary>
    NoInventory,

    /// <summary>More than one guest may have.</summary>
    AboveMaximum,

    /// <summary>Less than one guest must have.</summary>
    BelowMinimum,

    /// <summary>Not a multiple of the step size.</summary>
    OffStep,

    /// <summary>Not enough is free.</summary>
    Insufficient,
}

/// <summary>
/// Placement's rule for one amount on one inventory. Candidates, the ledger's guard and every explanation go through this one function; the vector form
/// in <see cref="ResourceFit"/> is held to it by a test.
/// </summary>
public static class Fit
{
    /// <summary>Checks an amount. What can never fit on the host comes before what is only used up at the moment.</summary>
    /// <param name="amount">The amount wanted; positive.</param>
    /// <param name="free">Capacity less what is promised; negative when more is promised than there is.</param>
    /// <param name="minUnit">Smallest amount for one guest.</param>
    /// <param name="maxUnit">Largest amount for one guest; 0 when there is no inventory.</param>
    /// <param name="stepSize">Amounts are multiples of this; at least 1.</param>
    /// <returns>What stands in the way, or <see cref="Shortage.None"/>.</returns>
    public static Shortage Check(long amount, long free, long minUnit, long maxUnit, long stepSize)
    {
        if (maxUnit <= 0) return Shortage.NoInventory;
        if (amount > maxUnit) return Shortage.AboveMaximum;
        if (amount < minUnit) return Shortage.BelowMinimum;
        if (amount % stepSize != 0) return Shortage.OffStep;
        return amount > free ? Shortage.Insufficient : Shortage.None;
    }

    /// <summary>Says with numbers why an amount does not fit.</summary>
    internal static string Describe(string resourceClass, Shortage shortage, long amount, long free, long capacity, long minUnit, long maxUnit, long stepSize)
    {
        var wanted = ResourceClass.Format(resourceClass, amount);
        return shortage switch
        {
            Shortage.None => $"{wanted} fits",
            Shortage.NoInventory => $"{wanted} wanted, the host offers none",
            Shortage.AboveMaximum => $"{wanted} wanted, at most {ResourceClass.Format(resourceClass, maxUnit)} for one guest",
            Shortage.BelowMinimum => $"{wanted} wanted, at least {ResourceClass.Format(resourceClass, minUnit)} for one guest",
            Shortage.OffStep => $"{wanted} wanted, only multiples of {ResourceClass.Format(resourceClass, stepSize)} are given",
            _ => $"{wanted} wanted, {Math.Max(free, 0)} of {ResourceClass.Format(resourceClass, capacity)} free",
        };
    }
}
