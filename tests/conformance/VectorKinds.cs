namespace Kilonova.Conformance;

/// <summary>Every kind of vector. A new one is one class and one line here.</summary>
public static class VectorKinds
{
    /// <summary>The kinds.</summary>
    public static IReadOnlyList<VectorKind> All { get; } =
    [
        new NumaVectors(),
        new ScheduleVectors(),
        new PlacementVectors(),
    ];
}
