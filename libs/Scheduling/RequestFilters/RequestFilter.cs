using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.RequestFilters;

/// <summary>What a request filter made of a request.</summary>
public readonly record struct RequestFilterResult
{
    private RequestFilterResult(SchedulingRequest? request, string? refusal)
    {
        Request = request;
        Refusal = refusal;
    }

    /// <summary>The request to go on with; null when it was refused.</summary>
    public SchedulingRequest? Request { get; }

    /// <summary>Why no host is looked at; null when the request goes on.</summary>
    public string? Refusal { get; }

    /// <summary>Goes on, with the same request or a narrower one.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The result.</returns>
    public static RequestFilterResult GoOn(SchedulingRequest request) => new(request, null);

    /// <summary>Refuses the request before any host is looked at.</summary>
    /// <param name="message">Why, with numbers.</param>
    /// <returns>The result.</returns>
    public static RequestFilterResult Refuse(string message) => new(null, message);
}

/// <summary>A step before any host is looked at: it may narrow the request (traits, aggregates, zone) or refuse it (spec: S7, request filters).</summary>
public abstract class RequestFilter
{
    /// <summary>Name, as in the configuration and in reports.</summary>
    public abstract string Name { get; }

    /// <summary>Events that can undo a refusal, besides a change of the server, its flavor or its image.</summary>
    public abstract ClusterEvents WokenBy { get; }

    /// <summary>Looks at a request. Pure.</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request, as the filters before left it.</param>
    /// <returns>The request to go on with, or a refusal.</returns>
    public abstract RequestFilterResult Apply(in SnapshotView hosts, SchedulingRequest request);
}
