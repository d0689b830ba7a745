using System.Text.Json;

namespace Kilonova.Scheduling;

/// <summary>One option of the scheduler: how it is read, checked and explained.</summary>
public sealed record SchedulerOption
{
    /// <summary>Name in a file of options.</summary>
    public required string Name { get; init; }

    /// <summary>Nova's name, with its group; null for an option of ours.</summary>
    public string? NovaName { get; init; }

    /// <summary>What it does.</summary>
    public required string Description { get; init; }

    /// <summary>What a value must be.</summary>
    public required string Rule { get; init; }

    /// <summary>Reads a value into a configuration; null when it is of another type.</summary>
    public required Func<SchedulerConfiguration, JsonElement, SchedulerConfiguration?> Read { get; init; }

    /// <summary>The value as it is written in a file.</summary>
    public required Func<SchedulerConfiguration, string> Write { get; init; }

    /// <summary>Whether the rule is kept.</summary>
    public required Func<SchedulerConfiguration, bool> Keeps { get; init; }

    /// <summary>Default, as it is written in a file.</summary>
    public string Default => Write(new SchedulerConfiguration());
}
