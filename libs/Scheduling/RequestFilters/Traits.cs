namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Adds traits of the host itself to a request, each once.</summary>
internal static class Traits
{
    public static SchedulingRequest Require(SchedulingRequest request, string trait) =>
        request.RootRequiredTraits.Contains(trait) ? request : request with { RootRequiredTraits = request.RootRequiredTraits.Add(trait) };

    public static SchedulingRequest Forbid(SchedulingRequest request, string trait) =>
        request.RootForbiddenTraits.Contains(trait) ? request : request with { RootForbiddenTraits = request.RootForbiddenTraits.Add(trait) };
}
