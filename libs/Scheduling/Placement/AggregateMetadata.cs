using System.Globalization;
using Kilonova.Crds;
using Kilonova.Crds.Meta;

namespace Kilonova.Scheduling.Placement;

/// <summary>Reads membership and numbers of aggregates by Nova's rules.</summary>
public static class AggregateMetadata
{
    /// <summary>Suffix of the keys that override a weigher's multiplier for the members of an aggregate.</summary>
    public const string MultiplierSuffix = "_weight_multiplier";

    /// <summary>Whether a host is a member: named in <c>hosts</c>, or bearing every label of a non-empty <c>hostSelector</c>.</summary>
    /// <param name="aggregate">The aggregate.</param>
    /// <param name="hypervisor">Metadata of the Hypervisor.</param>
    /// <returns>True for a member.</returns>
    public static bool Includes(Aggregate aggregate, ObjectMeta hypervisor)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        ArgumentNullException.ThrowIfNull(hypervisor);
        if (hypervisor.Name is { } name && aggregate.Spec.Hosts?.Contains(name) == true) return true;
        if (aggregate.Spec.HostSelector is not { Count: > 0 } selector) return false;
        foreach (var (key, value) in selector)
            if (hypervisor.Labels is null || !hypervisor.Labels.TryGetValue(key, out var label) || label != value) return false;
        return true;
    }

    /// <summary>Aggregates that a host is a member of.</summary>
    /// <param name="aggregates">All aggregates.</param>
    /// <param name="hypervisor">Metadata of the Hypervisor.</param>
    /// <returns>Its aggregates, in the same order.</returns>
    public static List<Aggregate> Of(IEnumerable<Aggregate> aggregates, ObjectMeta hypervisor)
    {
        ArgumentNullException.ThrowIfNull(aggregates);
        return [.. aggregates.Where(a => Includes(a, hypervisor))];
    }

    /// <summary>
    /// The number that a host's aggregates give to a key: the smallest one. One value that is no finite number spoils the key, and the caller's default
    /// counts (Nova: <c>validate_num_values</c>).
    /// </summary>
    /// <param name="aggregates">Aggregates of the host.</param>
    /// <param name="key">Metadata key.</param>
    /// <returns>The smallest value, or null when no aggregate has the key or one value is bad.</returns>
    public static double? Minimum(IReadOnlyList<Aggregate> aggregates, string key)
    {
        ArgumentNullException.ThrowIfNull(aggregates);
        double? smallest = null;
        foreach (var aggregate in aggregates)
        {
            if (aggregate.Spec.Metadata is not { } metadata || !metadata.TryGetValue(key, out var text)) continue;
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value)) return null;
            if (smallest is null || value < smallest) smallest = value;
        }

        return smallest;
    }

    /// <summary>Every <c>…_weight_multiplier</c> that a host's aggregates give.</summary>
    /// <param name="aggregates">Aggregates of the host.</param>
    /// <returns>Multipliers by key; null when there are none.</returns>
    public static IReadOnlyDictionary<string, double>? MultipliersOf(IReadOnlyList<Aggregate> aggregates) => Multipliers(aggregates);

    internal static Dictionary<string, double>? Multipliers(IReadOnlyList<Aggregate> aggregates)
    {
        Dictionary<string, double>? multipliers = null;
        foreach (var aggregate in aggregates)
        {
            if (aggregate.Spec.Metadata is not { } metadata) continue;
            foreach (var key in metadata.Keys)
            {
                if (!key.EndsWith(MultiplierSuffix, StringComparison.Ordinal) || multipliers?.ContainsKey(key) == true) continue;
                if (Minimum(aggregates, key) is { } value) (multipliers ??= [])[key] = value;
            }
        }

        return multipliers;
    }

    /// <summary>Availability zones that a host's aggregates give, each once, in canonical order.</summary>
    internal static string[] Zones(IReadOnlyList<Aggregate> aggregates)
    {
        List<string>? zones = null;
        foreach (var aggregate in aggregates)
            if (aggregate.Spec.AvailabilityZone is { Length: > 0 } zone && zones?.Contains(zone) != true) (zones ??= []).Add(zone);
        if (zones is null) return [];
        zones.Sort(StringComparer.Ordinal);
        return [.. zones];
    }
}
