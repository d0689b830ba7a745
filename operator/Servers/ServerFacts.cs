using Kilonova.Crds;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Servers;

/// <summary>All that a Server's status is a function of.</summary>
/// <param name="Server">The Server, with the placement fields of its status as they are or are about to be written.</param>
/// <param name="Instance">The Instance on the bound host.</param>
/// <param name="Now">The time, for transitions only.</param>
public sealed record ServerFacts(Server Server, Instance? Instance, DateTimeOffset Now)
{
    /// <summary>What the protocol waits for.</summary>
    public Wait? Waiting { get; init; }

    /// <summary>What the scheduler said last; null when it was not asked, or has not answered yet.</summary>
    public SchedulingOutcome? Outcome { get; init; }

    /// <summary>Whether the bound host's agent renews its Lease.</summary>
    public bool HostReachable { get; init; } = true;

    /// <summary>Zone of the bound host.</summary>
    public string? AvailabilityZone { get; init; }

    /// <summary>The Flavor, as long as no Instance has its copy.</summary>
    public Flavor? Flavor { get; init; }

    /// <summary>Whether another host is tried after a failed build.</summary>
    public int MaxAttempts { get; init; } = 3;
}

/// <summary>Why a Server is not placed, or how it was.</summary>
public abstract record SchedulingOutcome
{
    /// <summary>It names something that is missing.</summary>
    public sealed record Unresolved(string Reason, string Message) : SchedulingOutcome;

    /// <summary>No host can hold it.</summary>
    /// <param name="Message">The counts per filter, in a sentence.</param>
    /// <param name="Report">The details.</param>
    public sealed record NoValidHost(string Message, SchedulingReport Report) : SchedulingOutcome;

    /// <summary>It was placed.</summary>
    /// <param name="Report">What was looked at.</param>
    public sealed record Placed(SchedulingReport? Report) : SchedulingOutcome;
}
