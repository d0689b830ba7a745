namespace Kilonova.Kubernetes.Controllers;

/// <summary>What a reconcile asks for. Failing is throwing.</summary>
public readonly record struct Result
{
    private Result(TimeSpan? after, bool backoff)
    {
        After = after;
        Backoff = backoff;
    }

    /// <summary>Nothing more to do until something changes.</summary>
    public static Result Done => default;

    /// <summary>Not there yet: again with the back-off that failures have, without counting as an error.</summary>
    public static Result Requeue => new(null, backoff: true);

    /// <summary>Wait before the next look, if set.</summary>
    public TimeSpan? After { get; }

    internal bool Backoff { get; }

    /// <summary>Look again after a while, even if nothing changes.</summary>
    public static Result RequeueAfter(TimeSpan after) => new(after, backoff: false);
}
