namespace Kilonova.Scheduling;

/// <summary>A filter or weigher threw, and the configuration has the request fail for that.</summary>
internal sealed class StepException(string step, Exception cause) : Exception($"{step}: {cause.Message}", cause)
{
    /// <summary>Name of the filter or weigher.</summary>
    public string Step { get; } = step;
}
