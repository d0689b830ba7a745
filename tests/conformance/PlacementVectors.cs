using System.Text.Json.Nodes;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Conformance;

/// <summary>Answers of placement: allocation candidates with their mappings and summaries, and what its ledger takes and refuses.</summary>
public sealed class PlacementVectors : VectorKind
{
    /// <inheritdoc/>
    public override string Name => "placement";

    /// <inheritdoc/>
    public override JsonObject Answer(JsonObject vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        var source = vector["case"]!.AsObject();
        var world = new PlacementWorld(source);
        var refused = new JsonArray();
        foreach (var allocation in source["allocations"] as JsonArray ?? [])
        {
            var consumer = allocation!["consumer"]!.ToString();
            var outcome = world.Do("PUT", $"/allocations/{consumer}", new JsonObject { ["allocations"] = allocation["allocations"]!.DeepClone(), ["consumer_generation"] = null });
            if (outcome.Status >= 400) refused.Add(new JsonArray(consumer, outcome.Status));
        }

        var classes = Names(source["custom_resource_classes"]);
        var traits = Names(source["custom_traits"]);
        traits.UnionWith(world.Traits);
        var forest = world.Forest();
        var queries = new JsonArray([.. (source["queries"] as JsonArray ?? []).Select(q => Candidates(forest, q!.ToString(), classes, traits))]);
        var operations = new JsonArray([.. (source["operations"] as JsonArray ?? []).Select(o => Operation(world, o!.AsObject()))]);
        return new JsonObject { ["id"] = source["id"]?.ToString(), ["setup_errors"] = refused, ["queries"] = queries, ["operations"] = operations };
    }

    /// <inheritdoc/>
    public override void Compare(JsonObject vector, JsonObject ours, Findings findings)
    {
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentNullException.ThrowIfNull(ours);
        PlacementComparison.Compare(vector["answer"]!.AsObject(), ours, findings);
    }

    private static JsonObject Operation(PlacementWorld world, JsonObject operation)
    {
        var outcome = world.Do(operation["method"]!.ToString(), operation["path"]!.ToString(), operation["body"] as JsonObject);
        return new JsonObject { ["status"] = outcome.Status, ["error"] = outcome.Code is null ? null : new JsonObject { ["code"] = outcome.Code }, ["body"] = outcome.Body };
    }

    private static JsonObject Candidates(ProviderForest forest, string text, HashSet<string> classes, HashSet<string> traits)
    {
        var query = PlacementQuery.Parse(text, classes, traits);
        if (query.Query is null) return new JsonObject { ["query"] = text, ["status"] = 400, ["error"] = new JsonObject { ["detail"] = query.Refusal }, ["late"] = query.RefusedLate };
        var found = AllocationCandidates.Find(forest, query.Query).ToList();
        return new JsonObject
        {
            ["query"] = text,
            ["status"] = 200,
            ["count"] = Math.Min(found.Count, query.Limit ?? int.MaxValue),
            // All of them, even where fewer are wanted: which ones then come is not defined.
            ["candidates"] = new JsonArray([.. found.Select(Candidate)]),
            ["summaries"] = Summaries(forest, found),
        };
    }

    private static JsonObject Candidate(AllocationCandidate candidate) => new()
    {
        ["allocations"] = new JsonObject(candidate.Amounts.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)new JsonObject(a.Value.Select(v => KeyValuePair.Create(v.Key, (JsonNode?)v.Value)))))),
        ["mappings"] = new JsonObject(candidate.Mappings.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)new JsonArray([.. m.Value.Select(p => JsonValue.Create(p))])))),
    };

    /// <summary>Every provider of every tree that serves a candidate.</summary>
    private static JsonObject Summaries(ProviderForest forest, List<AllocationCandidate> found)
    {
        var summaries = new JsonObject();
        foreach (var provider in found.SelectMany(c => c.Amounts.Keys).Select(forest.RootOf).Distinct().SelectMany(forest.Tree).OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            summaries[provider.Name] = new JsonObject
            {
                ["parent"] = provider.Parent,
                ["root"] = forest.RootOf(provider.Name),
                ["traits"] = new JsonArray([.. provider.Traits.Order(StringComparer.Ordinal).Select(t => JsonValue.Create(t))]),
                ["resources"] = new JsonObject(provider.Inventories.OrderBy(i => i.ResourceClass, StringComparer.Ordinal).Select(i => KeyValuePair.Create(i.ResourceClass, (JsonNode?)new JsonObject
                {
                    ["capacity"] = i.Capacity,
                    ["used"] = provider.Used.GetValueOrDefault(i.ResourceClass),
                }))),
            };
        }

        return summaries;
    }

    private static HashSet<string> Names(JsonNode? list) => [.. (list as JsonArray ?? []).Select(n => n!.ToString())];
}
