using System.Text.Json.Nodes;
using Kilonova.Scheduling;

namespace Kilonova.Conformance;

/// <summary>Decisions of the scheduler: survivors of each filter exactly, weights to 1e-9, the order, and what a decision takes of its host.</summary>
public sealed class ScheduleVectors : VectorKind
{
    /// <inheritdoc/>
    public override string Name => "schedule";

    /// <inheritdoc/>
    public override JsonObject Answer(JsonObject vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        var scenario = vector["scenario"]!.AsObject();
        // Which IDs the instances were given is no answer, but a name that the case does not tell.
        var ids = vector["answer"]?["requests"] as JsonArray;
        var sequential = scenario["mode"]?.ToString() == "sequential";
        var world = new ScheduleWorld(scenario);
        var answers = new JsonArray();
        foreach (var (node, index) in scenario["requests"]!.AsArray().Select((r, i) => (r!.AsObject(), i)))
        {
            if (!sequential) world = new ScheduleWorld(scenario);
            answers.Add(Answer(scenario, node, world, sequential, ids?[index]?["instances"] as JsonArray));
        }

        return new JsonObject { ["id"] = scenario["id"]?.ToString(), ["requests"] = answers };
    }

    /// <inheritdoc/>
    public override void Compare(JsonObject vector, JsonObject ours, Findings findings)
    {
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentNullException.ThrowIfNull(ours);
        var theirs = vector["answer"]!.AsObject();
        if (theirs["requests"] is not JsonArray requests)
        {
            findings.Different($"theirs has no requests: {theirs.ToJsonString()}");
            return;
        }

        var own = ours["requests"]!.AsArray();
        if (requests.Count != own.Count) findings.Different($"{requests.Count} requests, we have {own.Count}");
        for (var i = 0; i < Math.Min(requests.Count, own.Count); i++)
        {
            if (vector["scenario"]!["requests"]![i]!["image"] is null && FailsInNumaFilter(requests[i]!)) findings.Explained("numa: a request without image can have a topology");
            else if (IsMatterOfOrder(vector, requests[i]!.AsObject(), own[i]!.AsObject(), i)) findings.Explained("schedule: extra specs have an order that the vectors do not tell");
            else ScheduleComparison.Request(requests[i]!.AsObject(), own[i]!.AsObject(), findings);
        }
    }

    private static bool FailsInNumaFilter(JsonNode answer) =>
        answer["instances"]!.AsArray().Any(i => i!["error"] is { } error && error["stage"]?.ToString() == "filter:NUMATopologyFilter" && error["class"]?.ToString() == "AttributeError");

    /// <summary>One of the two failed where the other rejected, and with the extra specs in another order we answer the same.</summary>
    private bool IsMatterOfOrder(JsonObject vector, JsonObject theirs, JsonObject ours, int request)
    {
        if (!Fails(theirs) && !Fails(ours)) return false;
        var first = new Findings();
        ScheduleComparison.Request(theirs, ours, first);
        return first.Differences.Count > 0 && Permutations.OfExtraSpecs(vector, request).Any(other =>
        {
            var findings = new Findings();
            ScheduleComparison.Request(theirs, Answer(other)["requests"]![request]!.AsObject(), findings);
            return findings.Differences.Count == 0;
        });

        static bool Fails(JsonObject answer) => answer["instances"]!.AsArray().Any(i =>
            i!["error"]?["stage"]?.ToString() is "filter:ComputeCapabilitiesFilter" or "filter:AggregateInstanceExtraSpecsFilter");
    }

    private static JsonObject Answer(JsonObject scenario, JsonObject node, ScheduleWorld world, bool sequential, JsonArray? ids)
    {
        List<string> names = [.. (ids ?? []).Select(i => i?["instance_uuid"]?.ToString()).OfType<string>()];
        var request = new ScheduleRequest(node, world, names);
        var instances = new JsonArray();
        var candidates = world.Order;
        for (var index = 0; index < request.Instances; index++)
        {
            var initial = request.Initial(candidates);
            var scheduler = new Scheduler(ScheduleConfiguration.Of(scenario, index == 0));
            var trace = new DecisionTrace();
            var decision = scheduler.Decide(world.Snapshot(candidates), request.For(initial, index), trace);
            var id = index < names.Count ? names[index] : null;
            var instance = new JsonObject { ["index"] = index, ["instance_uuid"] = id, ["initial"] = request.AsksFilters(initial) ? Names(initial) : null };
            instances.Add(instance);
            instance["filters"] = Filters(scenario, request, trace, initial, index == 0);
            if (decision.Failure is { } failure)
            {
                instance["error"] = new JsonObject
                {
                    ["stage"] = failure.Filter.EndsWith("Weigher", StringComparison.Ordinal) ? "weigher" : $"filter:{failure.Filter}",
                    ["class"] = failure.Exception.GetType().Name,
                    ["message"] = failure.Exception.Message,
                };
                break;
            }

            instance["weighers"] = Weighers(trace);
            instance["total"] = new JsonObject(trace.Order.Select(o => KeyValuePair.Create(o.Name, (JsonNode?)o.Weight)));
            instance["order"] = Names(trace.Order.Select(o => o.Name));
            instance["selected"] = decision.Host;
            if (decision.Host is not { } host) break;
            if (request.Consumes || sequential)
            {
                // Nova's NUMA filter throws for a request without image, and so nothing is taken.
                if (request.Image is null && NumaFilterAsked(scenario) && !request.SkipsFilters) break;
                var numa = world.Consume(host, request.Flavor, request.Numa, NumaFilterAsked(scenario), request.HasGroup ? id : null, index);
                request.Numa = numa.Next;
                if (numa.FailedOnPages) instance["failed_on_pages"] = true;
                instance["after"] = world.After(host);
                request.Placed(host);
            }

            // The next instance meets the survivors only, in the order in which they were ranked.
            candidates = [.. trace.Order.Select(o => o.Name)];
        }

        return new JsonObject { ["id"] = node["id"]?.ToString(), ["placement_query"] = request.PlacementQuery(), ["instances"] = instances };
    }

    private static bool NumaFilterAsked(JsonObject scenario) => ScheduleConfiguration.Filters(scenario).Contains("NUMATopologyFilter");

    private static JsonArray Filters(JsonObject scenario, ScheduleRequest request, DecisionTrace trace, List<string> initial, bool first)
    {
        var filters = new JsonArray();
        if (!request.AsksFilters(initial)) return filters;
        var left = (IReadOnlyList<string>)initial;
        foreach (var filter in ScheduleConfiguration.Filters(scenario))
        {
            if (left.Count == 0 && filters.Count > 0) break;
            var skipped = !first && ScheduleConfiguration.IsAskedOnce(filter);
            // A filter that the request does not concern is not asked, and rejects nobody.
            var step = trace.Steps.FirstOrDefault(s => s.Step == filter);
            if (step is null && trace.Failed == filter) break;
            left = step?.Survivors ?? left;
            var entry = new JsonObject { ["filter"] = filter, ["hosts"] = Names(left) };
            if (skipped) entry["skipped"] = true;
            filters.Add(entry);
        }

        return filters;
    }

    private static JsonArray Weighers(DecisionTrace trace) => [.. trace.Weighers.Select(w => new JsonObject
    {
        ["weigher"] = w.Weigher,
        ["raw"] = new JsonObject(w.Values.Select(v => KeyValuePair.Create(v.Host, (JsonNode?)v.Raw))),
        ["normalized"] = new JsonObject(w.Values.Select(v => KeyValuePair.Create(v.Host, (JsonNode?)v.Normalized))),
        ["multiplier"] = new JsonObject(w.Values.Select(v => KeyValuePair.Create(v.Host, (JsonNode?)v.Multiplier))),
    })];

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(n => JsonValue.Create(n))];
}
