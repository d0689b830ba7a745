namespace Kilonova.Cli.Answers;

/// <summary>What came of a simulation.</summary>
internal sealed record SimulationAnswer
{
    /// <summary>Version of this form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Number of hosts.</summary>
    public required int Hosts { get; init; }

    public required int Placed { get; init; }

    public required int NotPlaced { get; init; }

    /// <summary>Pending servers, in the order in which they were decided.</summary>
    public required IReadOnlyList<ServerAnswer> Servers { get; init; }

    /// <summary>What was found and does not add up, for people.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    public required IReadOnlyList<IgnoredObject> Ignored { get; init; }
}

/// <summary>An object of a kind that no decision rests on.</summary>
internal sealed record IgnoredObject
{
    public required string File { get; init; }

    public required int Line { get; init; }

    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public string? Name { get; init; }
}

/// <summary>What <c>why</c> answers.</summary>
internal sealed record WhyAnswer
{
    /// <summary>Version of this form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Number of hosts.</summary>
    public required int Hosts { get; init; }

    public required ServerAnswer Server { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    public required IReadOnlyList<IgnoredObject> Ignored { get; init; }
}

/// <summary>How many more servers of a flavor fit.</summary>
internal sealed record CapacityAnswer
{
    /// <summary>Version of this form.</summary>
    public int Version { get; init; } = 1;

    public required string Flavor { get; init; }

    /// <summary>Image, as <c>namespace/name</c>.</summary>
    public string? Image { get; init; }

    /// <summary>How many more fit on all hosts together.</summary>
    public required int Fits { get; init; }

    /// <summary>Why none fits anywhere, where the flavor itself is at fault.</summary>
    public string? Message { get; init; }

    /// <summary>Every host; those with most room first.</summary>
    public required IReadOnlyList<HostCapacity> Hosts { get; init; }

    /// <summary>What stops one more, by how many hosts it stops.</summary>
    public required IReadOnlyList<StopCount> RunsOutFirst { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    public required IReadOnlyList<IgnoredObject> Ignored { get; init; }
}

/// <summary>How many more fit on a host, and what stops the next one.</summary>
internal sealed record HostCapacity(string Host, int Fits, string Step, string Message);

/// <summary>A step, and how many hosts it stops.</summary>
internal sealed record StopCount(string Step, int Hosts);
