namespace Kilonova.Scheduling.RequestFilters;

/// <summary>Adds traits to a request, each once.</summary>
internal static class Traits
{
    public static SchedulingRequest Require(SchedulingRequest request, string trait) =>
        request.RequiredTraits.Contains(trait) ? request : request with { RequiredTraits = request.RequiredTraits.Add(trait) };

    public static SchedulingRequest Forbid(SchedulingRequest request, string trait) =>
        request.ForbiddenTraits.Contains(trait) ? request : request with { ForbiddenTraits = request.ForbiddenTraits.Add(trait) };
}
