using System.Text.Json.Serialization;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Meta;

/// <summary>State of a condition.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConditionStatus>))]
public enum ConditionStatus
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>Holds.</summary>
    True,

    /// <summary>Does not hold.</summary>
    False,
}

/// <summary>One aspect of an object's state (<c>meta/v1</c> Condition).</summary>
public sealed record Condition : WireObject
{
    /// <summary>Name of the aspect.</summary>
    [Text(316, MinLength = 1)]
    public required string Type { get; init; }

    /// <summary>Whether it holds.</summary>
    public required ConditionStatus Status { get; init; }

    /// <summary>Generation of the object on which this was judged.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>When <see cref="Status"/> last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }

    /// <summary>One word, CamelCase: why.</summary>
    [Text(1024)]
    public required string Reason { get; init; }

    /// <summary>What happened, to what, why, and what to do.</summary>
    [Text(32768)]
    public required string Message { get; init; }
}
