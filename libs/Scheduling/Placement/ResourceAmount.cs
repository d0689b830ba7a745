namespace Kilonova.Scheduling.Placement;

/// <summary>An amount of one resource class.</summary>
/// <param name="ResourceClass">Name of the class.</param>
/// <param name="Amount">Amount, in the unit of the class; positive.</param>
public readonly record struct ResourceAmount(string ResourceClass, long Amount);
