namespace Kilonova.Scheduling.Placement;

/// <summary>What a host offers of one resource class, with everything that limits it.</summary>
/// <param name="ResourceClass">Name of the class.</param>
/// <param name="Total">What is there, in the unit of the class.</param>
/// <param name="Reserved">What is kept for the host.</param>
/// <param name="MinUnit">Smallest amount for one guest.</param>
/// <param name="MaxUnit">Largest amount for one guest.</param>
/// <param name="StepSize">Amounts are multiples of this.</param>
/// <param name="AllocationRatio">How often the unreserved part may be promised.</param>
public readonly record struct Inventory(
    string ResourceClass, long Total, long Reserved, long MinUnit, long MaxUnit, long StepSize, double AllocationRatio)
{
    /// <summary>How much may be promised in all: placement's <c>int((total - reserved) * ratio)</c>, never negative.</summary>
    public long Capacity => Total <= Reserved ? 0 : (long)((Total - Reserved) * AllocationRatio);

    /// <summary>Whether one more amount may be promised.</summary>
    /// <param name="amount">The amount wanted.</param>
    /// <param name="used">What is promised already.</param>
    /// <returns>What stands in the way, or <see cref="Shortage.None"/>.</returns>
    public Shortage Check(long amount, long used) => Fit.Check(amount, Capacity - used, MinUnit, MaxUnit, StepSize);
}
