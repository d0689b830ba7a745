using Kilonova.Crds;

namespace Kilonova.Cli.Answers;

/// <summary>What is decided for one server, and why. Documented in docs/simulate.md: fields are added, never renamed or removed, within a version.</summary>
internal sealed record ServerAnswer
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public required string Flavor { get; init; }

    /// <summary>Whether a host was found.</summary>
    public required bool Placed { get; init; }

    /// <summary><c>Placed</c>, <c>NoValidHost</c>, or what it names that is missing, for instance <c>FlavorNotFound</c>.</summary>
    public required string Reason { get; init; }

    public required string Message { get; init; }

    /// <summary>Host that is chosen; absent when there is none.</summary>
    public string? Host { get; init; }

    /// <summary>Host that the server is on, where it is on one already.</summary>
    public string? BoundTo { get; init; }

    /// <summary>What the ledger of that host holds for it.</summary>
    public Allocation? Held { get; init; }

    /// <summary>Hosts that would be tried next, best first.</summary>
    public IReadOnlyList<string>? Alternates { get; init; }

    /// <summary>The smallest change that would make it fit somewhere.</summary>
    public string? NearestMiss { get; init; }

    public IReadOnlyList<StepAnswer>? Steps { get; init; }

    /// <summary>Every rejected host, with the first step that rejected it.</summary>
    public IReadOnlyList<RejectionAnswer>? Rejected { get; init; }

    /// <summary>Empty when fewer than two hosts were left.</summary>
    public IReadOnlyList<WeigherAnswer>? Weighers { get; init; }

    /// <summary>All hosts that were left, best first.</summary>
    public IReadOnlyList<WeightAnswer>? Order { get; init; }

    /// <summary>Hosts whose ledger refused what the decision found possible.</summary>
    public IReadOnlyList<RejectionAnswer>? RefusedClaims { get; init; }

    /// <summary>The entry in the host's ledger, with pins, cells and devices.</summary>
    public Allocation? Allocation { get; init; }
}

/// <summary>Who was left after a step.</summary>
internal sealed record StepAnswer(string Step, IReadOnlyList<string> Survivors);

/// <summary>A host and the step that rejected it, with its numbers.</summary>
internal sealed record RejectionAnswer(string Host, string Step, string Message);

/// <summary>What a weigher found, for each host that was left.</summary>
internal sealed record WeigherAnswer(string Weigher, IReadOnlyList<ValueAnswer> Values);

/// <summary>What a weigher found for one host; <c>weighted</c> is what counts.</summary>
internal sealed record ValueAnswer(string Host, double Raw, double Normalized, double Multiplier, double Weighted);

/// <summary>A host and the sum of its weighted values.</summary>
internal sealed record WeightAnswer(string Host, double Weight);
