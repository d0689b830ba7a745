using Kilonova.Crds;

namespace Kilonova.Scheduling.Hosts;

/// <summary>An aggregate as filters see it.</summary>
/// <param name="Name">Name of the Aggregate.</param>
/// <param name="Metadata">Its metadata.</param>
public sealed record AggregateFacts(string Name, IReadOnlyDictionary<string, string> Metadata)
{
    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>Gathers the facts of an aggregate.</summary>
    /// <param name="aggregate">The aggregate.</param>
    /// <returns>The facts.</returns>
    public static AggregateFacts Of(Aggregate aggregate)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        return new AggregateFacts(aggregate.Metadata.Name ?? "", aggregate.Spec.Metadata ?? Nothing);
    }

    /// <summary>Whether name and metadata are the same, whichever objects hold them.</summary>
    /// <param name="other">Another.</param>
    /// <returns>True when they are.</returns>
    public bool SaysTheSame(AggregateFacts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Name != other.Name) return false;
        if (ReferenceEquals(Metadata, other.Metadata)) return true;
        if (Metadata.Count != other.Metadata.Count) return false;
        foreach (var (key, value) in Metadata)
            if (!other.Metadata.TryGetValue(key, out var otherValue) || value != otherValue) return false;
        return true;
    }
}
