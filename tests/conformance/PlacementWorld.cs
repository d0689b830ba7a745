using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Conformance;

/// <summary>What an operation came to, in the words of placement's own API.</summary>
internal sealed record PlacementOutcome(int Status, string? Code = null, JsonNode? Body = null)
{
    public const string Conflict = "placement.undefined_code";
    public const string Concurrent = "placement.concurrent_update";
}

/// <summary>
/// The providers of a case. Each has a ledger, which only <see cref="Ledger"/> changes. Generations, and what may be deleted, are matters of placement's own API: they
/// are kept here, so that what the ledger decides can be compared wherever it is asked.
/// </summary>
internal sealed class PlacementWorld
{
    private readonly Dictionary<string, Entry> providers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> consumers = new(StringComparer.Ordinal);

    public PlacementWorld(JsonObject source)
    {
        foreach (var node in source["providers"]!.AsArray())
        {
            var provider = node!.AsObject();
            var traits = Texts(provider["traits"]);
            var aggregates = Texts(provider["aggregates"]);
            // It was made, then given its inventories, traits and aggregates, each a change.
            providers[provider["uuid"]!.ToString()] = new Entry
            {
                Parent = provider["parent"]?.ToString(),
                Traits = traits,
                Aggregates = aggregates,
                Inventory = InventoryOf(provider["inventories"]!.AsObject()),
                Generation = (provider["inventories"]!.AsObject().Count > 0 ? 1 : 0) + (traits.IsEmpty ? 0 : 1) + (aggregates.IsEmpty ? 0 : 1),
            };
        }
    }

    /// <summary>The providers as they are now.</summary>
    public ProviderForest Forest() => new(providers.Select(p => new Provider
    {
        Name = p.Key,
        Parent = p.Value.Parent,
        Inventories = p.Value.Inventory.Inventories,
        Used = p.Value.Inventory.Inventories.ToImmutableDictionary(i => i.ResourceClass, i => Ledger.Used(p.Value.Allocations, i.ResourceClass)),
        Traits = p.Value.Traits,
        Aggregates = p.Value.Aggregates,
    }));

    /// <summary>Traits that are there.</summary>
    public IEnumerable<string> Traits => providers.Values.SelectMany(p => p.Traits);

    /// <summary>Does what a request to placement does.</summary>
    public PlacementOutcome Do(string method, string path, JsonObject? body)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return (method, parts) switch
        {
            ("PUT", ["allocations", var consumer]) => PutAllocations(consumer, body!),
            ("DELETE", ["allocations", var consumer]) => DeleteAllocations(consumer),
            ("PUT", ["resource_providers", var name, "inventories"]) => PutInventories(name, body!),
            ("GET", ["resource_providers", var name, "usages"]) => Usages(name),
            ("DELETE", ["resource_providers", var name]) => DeleteProvider(name),
            _ => throw new NotSupportedException($"{method} {path}"),
        };
    }

    private PlacementOutcome PutAllocations(string consumer, JsonObject body)
    {
        var wanted = body["allocations"]!.AsObject();
        int? known = consumers.TryGetValue(consumer, out var generation) ? generation : null;
        if (body.ContainsKey("consumer_generation") && body["consumer_generation"]?.GetValue<int>() != known) return new(409, PlacementOutcome.Concurrent);
        if (wanted.Any(w => !providers.ContainsKey(w.Key))) return new(400, PlacementOutcome.Conflict);
        if (!Replace(consumer, wanted)) return new(409, PlacementOutcome.Conflict);
        if (wanted.Count == 0) consumers.Remove(consumer);
        else consumers[consumer] = (known ?? 0) + 1;
        return new(204);
    }

    /// <summary>All of a consumer's allocations are replaced at once, or none.</summary>
    private bool Replace(string consumer, JsonObject wanted)
    {
        var before = providers.ToDictionary(p => p.Key, p => p.Value.Allocations);
        Release(consumer);
        foreach (var (name, node) in wanted)
        {
            var amounts = (node as JsonObject)?["resources"] as JsonObject ?? node!.AsObject();
            var request = new SchedulingRequest
            {
                InstanceID = consumer,
                Resources = SchedulingRequest.Canonical(amounts.Select(a => new ResourceAmount(a.Key, a.Value!.GetValue<long>()))),
            };
            var provider = providers[name];
            if (Ledger.Claim(provider.AsObject(name), provider.Inventory, request, new ClaimIdentity(consumer, 1, "c", "Server/a/b")) is ClaimResult.Claimed claimed)
            {
                provider.Allocations = claimed.Allocations;
                continue;
            }

            foreach (var (other, allocations) in before) providers[other].Allocations = allocations;
            return false;
        }

        foreach (var name in wanted.Select(w => w.Key)) providers[name].Generation++;
        return true;
    }

    private PlacementOutcome DeleteAllocations(string consumer)
    {
        var held = Release(consumer);
        consumers.Remove(consumer);
        return held ? new(204) : new(404, PlacementOutcome.Conflict);
    }

    private bool Release(string consumer)
    {
        var held = false;
        foreach (var (name, provider) in providers)
        {
            if (Ledger.Release(provider.AsObject(name), consumer, 1) is not { } rest) continue;
            provider.Allocations = rest;
            held = true;
        }

        return held;
    }

    private PlacementOutcome PutInventories(string name, JsonObject body)
    {
        if (!providers.TryGetValue(name, out var provider)) return new(404, PlacementOutcome.Conflict);
        if (body["resource_provider_generation"]!.GetValue<int>() != provider.Generation) return new(409, PlacementOutcome.Concurrent);
        var inventory = InventoryOf(body["inventories"]!.AsObject());
        if (inventory.Inventories.Any(i => i.Reserved > i.Total)) return new(400, PlacementOutcome.Conflict);
        var lost = provider.Inventory.Inventories.Where(i => !inventory.TryGet(i.ResourceClass, out _));
        if (lost.Any(i => Ledger.Used(provider.Allocations, i.ResourceClass) > 0)) return new(409, "placement.inventory.inuse");
        provider.Inventory = inventory;
        provider.Generation++;
        return new(200, null, new JsonObject
        {
            ["inventories"] = new JsonObject(inventory.Inventories.OrderBy(i => i.ResourceClass, StringComparer.Ordinal).Select(i => KeyValuePair.Create(i.ResourceClass, (JsonNode?)new JsonObject
            {
                ["allocation_ratio"] = i.AllocationRatio,
                ["max_unit"] = i.MaxUnit,
                ["min_unit"] = i.MinUnit,
                ["reserved"] = i.Reserved,
                ["step_size"] = i.StepSize,
                ["total"] = i.Total,
            }))),
            ["resource_provider_generation"] = provider.Generation,
        });
    }

    private PlacementOutcome Usages(string name)
    {
        if (!providers.TryGetValue(name, out var provider)) return new(404, PlacementOutcome.Conflict);
        return new(200, null, new JsonObject
        {
            ["resource_provider_generation"] = provider.Generation,
            ["usages"] = new JsonObject(provider.Inventory.Inventories.OrderBy(i => i.ResourceClass, StringComparer.Ordinal)
                .Select(i => KeyValuePair.Create(i.ResourceClass, (JsonNode?)Ledger.Used(provider.Allocations, i.ResourceClass)))),
        });
    }

    private PlacementOutcome DeleteProvider(string name)
    {
        if (!providers.TryGetValue(name, out var provider)) return new(404, PlacementOutcome.Conflict);
        if (providers.Values.Any(p => p.Parent == name)) return new(409, "placement.resource_provider.cannot_delete_parent");
        if (provider.Allocations.Count > 0) return new(409, "placement.resource_provider.inuse");
        providers.Remove(name);
        return new(204);
    }

    private static EffectiveInventory InventoryOf(JsonObject inventories) => new(inventories.Select(i => new Inventory(
        i.Key, Whole(i.Value, "total", 0), Whole(i.Value, "reserved", 0), Whole(i.Value, "min_unit", 1), Whole(i.Value, "max_unit", int.MaxValue), Whole(i.Value, "step_size", 1),
        i.Value!["allocation_ratio"]?.GetValue<double>() ?? 1.0)));

    private static long Whole(JsonNode? inventory, string key, long otherwise) => inventory![key]?.GetValue<long>() ?? otherwise;

    private static ImmutableArray<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(t => t!.ToString())];

    private sealed class Entry
    {
        public string? Parent { get; init; }

        public ImmutableArray<string> Traits { get; init; }

        public ImmutableArray<string> Aggregates { get; init; }

        public required EffectiveInventory Inventory { get; set; }

        public IReadOnlyList<Allocation> Allocations { get; set; } = [];

        public int Generation { get; set; }

        public ResourceProvider AsObject(string name) => new()
        {
            Metadata = new ObjectMeta { Name = name },
            Spec = new ResourceProviderSpec { HostID = name },
            Status = new ResourceProviderStatus { Allocations = Allocations },
        };
    }
}
