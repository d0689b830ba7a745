using System.Text.Json.Nodes;

namespace Kilonova.Conformance;

/// <summary>Compares answers to a scheduling scenario.</summary>
internal static class ScheduleComparison
{
    private const double Tolerance = 1e-9;
    private static readonly string[] Figures = ["free_disk_mb", "free_ram_mb", "num_instances", "num_io_ops", "vcpus_used"];

    /// <summary>Compares the answers to one request.</summary>
    public static void Request(JsonObject theirs, JsonObject ours, Findings findings)
    {
        var name = theirs["id"]?.ToString() ?? "";
        var (query, ownQuery) = (theirs["placement_query"], ours["placement_query"]);
        var sameQuery = query is JsonObject ? ownQuery is JsonObject : ownQuery is JsonValue && Unordered(query!.ToString()) == Unordered(ownQuery.ToString());
        if (!sameQuery) findings.Different($"{name} placement_query: {query}, we {ownQuery}");
        var (instances, own) = (theirs["instances"]!.AsArray(), ours["instances"]!.AsArray());
        if (instances.Count != own.Count) findings.Different($"{name}: {instances.Count} instances, we have {own.Count}");
        for (var i = 0; i < Math.Min(instances.Count, own.Count); i++) Instance($"{name}[{i}]", instances[i]!.AsObject(), own[i]!.AsObject(), findings);
    }

    private static void Instance(string name, JsonObject theirs, JsonObject ours, Findings findings)
    {
        // The classes of errors and their words are Python's; where it fails is what counts.
        var (stage, ownStage) = (theirs["error"]?["stage"]?.ToString(), ours["error"]?["stage"]?.ToString());
        if (stage != ownStage) findings.Different($"{name} error: {theirs["error"]?.ToJsonString() ?? "none"}, we {ours["error"]?.ToJsonString() ?? "none"}");
        Same($"{name} initial", theirs["initial"], ours["initial"], findings);
        Same($"{name} filters", theirs["filters"], ours["filters"], findings);
        if (stage is not null || ownStage is not null) return;
        Same($"{name} order", theirs["order"], ours["order"], findings);
        Same($"{name} selected", theirs["selected"], ours["selected"], findings);
        Close($"{name} total", theirs["total"] as JsonObject, ours["total"] as JsonObject, findings);
        Weighers(name, theirs["weighers"] as JsonArray ?? [], ours["weighers"] as JsonArray ?? [], findings);
        if (theirs["after"] is not JsonObject after) return;
        if (ours["failed_on_pages"] is not null) findings.Explained(NumaVectors.NoPages);
        if (Counts(after["pinned_cpus"]) is var pinned && !JsonNode.DeepEquals(pinned, ours["after"]?["pinned_cpus"] ?? new JsonObject()))
            findings.Different($"{name} after pinned_cpus: {after["pinned_cpus"]?.ToJsonString()}, we as many as {ours["after"]?["pinned_cpus"]?.ToJsonString()}");
        if (after["pci_free"] is JsonArray free && Sum(free) != Sum(ours["after"]!["pci_free"]!.AsArray()))
            findings.Different($"{name} after pci_free: {free.ToJsonString()}, we {ours["after"]!["pci_free"]!.ToJsonString()}");
        foreach (var figure in Figures)
            if (after[figure]?.ToJsonString() != ours["after"]?[figure]?.ToJsonString()) findings.Different($"{name} after {figure}: {after[figure]}, we {ours["after"]?[figure]}");
    }

    private static void Weighers(string name, JsonArray theirs, JsonArray ours, Findings findings)
    {
        if (theirs.Count != ours.Count)
        {
            findings.Different($"{name} weighers: {Names(theirs)}, we {Names(ours)}");
            return;
        }

        foreach (var weigher in theirs)
        {
            var own = ours.FirstOrDefault(w => w!["weigher"]!.ToString() == weigher!["weigher"]!.ToString());
            foreach (var part in new[] { "raw", "normalized", "multiplier" })
                Close($"{name} {weigher!["weigher"]} {part}", weigher[part] as JsonObject, own?[part] as JsonObject, findings);
        }
    }

    /// <summary>How many CPUs are pinned in each cell; which ones is compared by the NUMA vectors.</summary>
    private static JsonObject Counts(JsonNode? pinned) => new((pinned as JsonObject ?? []).Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value!.AsArray().Count)));

    private static int Sum(JsonArray numbers) => numbers.Sum(n => n!.GetValue<int>());

    private static string Names(JsonArray weighers) => string.Join(' ', weighers.Select(w => w!["weigher"]));

    private static void Same(string what, JsonNode? theirs, JsonNode? ours, Findings findings)
    {
        if (!JsonNode.DeepEquals(theirs, ours)) findings.Different($"{what}: {theirs?.ToJsonString() ?? "none"}, we {ours?.ToJsonString() ?? "none"}");
    }

    private static void Close(string what, JsonObject? theirs, JsonObject? ours, Findings findings)
    {
        if ((theirs?.Count ?? 0) != (ours?.Count ?? 0))
        {
            findings.Different($"{what}: {theirs?.ToJsonString() ?? "none"}, we {ours?.ToJsonString() ?? "none"}");
            return;
        }

        foreach (var (host, value) in theirs ?? [])
        {
            var expected = value!.GetValue<double>();
            if (ours?[host]?.GetValue<double>() is { } actual && Math.Abs(expected - actual) <= Tolerance * Math.Max(1, Math.Abs(expected))) continue;
            findings.Different($"{what} {host}: {value}, we {ours?[host]}");
        }
    }

    /// <summary>A query with its parts, and the lists in them, in order: their order means nothing.</summary>
    private static string Unordered(string query) => string.Join('&', query.Split('&').Select(p => p.Split('=', 2))
        .Select(p => $"{p[0]}={string.Join(',', Uri.UnescapeDataString(p[1]).Split(',').Order(StringComparer.Ordinal))}").Order(StringComparer.Ordinal));
}
