using System.Text.Json.Nodes;

namespace Kilonova.Conformance;

/// <summary>
/// Extra specs have an order in Nova's memory that vectors do not tell, and it decides whether a filter rejects a host by one of them before it throws for another.
/// </summary>
internal static class Permutations
{
    private const int Most = 6;

    /// <summary>The scenario with the extra specs of a request in every order.</summary>
    public static IEnumerable<JsonObject> OfExtraSpecs(JsonObject vector, int request)
    {
        var specs = vector["scenario"]!["requests"]![request]!["flavor"]!["extra_specs"]?.AsObject();
        if (specs is null) yield break;
        // Only these are compared by filters that can throw; where the others stand does not matter.
        var compared = specs.Select(s => s.Key).Where(k => !k.Contains(':', StringComparison.Ordinal) || k.StartsWith("capabilities:", StringComparison.Ordinal) || k.StartsWith("aggregate_instance_extra_specs:", StringComparison.Ordinal)).ToList();
        if (compared.Count is < 2 or > Most) yield break;
        var others = specs.Select(s => s.Key).Except(compared).ToList();
        foreach (var order in Of([.. compared]).Select(o => o.Concat(others)))
        {
            var copy = vector.DeepClone().AsObject();
            var source = copy["scenario"]!["requests"]![request]!["flavor"]!["extra_specs"]!.AsObject();
            copy["scenario"]!["requests"]![request]!["flavor"]!["extra_specs"] = new JsonObject(order.Select(k => KeyValuePair.Create(k, source[k]?.DeepClone())));
            yield return copy;
        }
    }

    private static IEnumerable<string[]> Of(string[] items)
    {
        if (items.Length < 2)
        {
            yield return items;
            yield break;
        }

        foreach (var item in items)
            foreach (var rest in Of([.. items.Where(i => i != item)]))
                yield return [item, .. rest];
    }
}
