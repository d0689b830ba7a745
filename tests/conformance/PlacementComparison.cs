using System.Text.Json.Nodes;

namespace Kilonova.Conformance;

/// <summary>Compares answers of placement.</summary>
internal static class PlacementComparison
{
    private const string AddedUpAgain = "placement: what several groups ask of one provider is added up once";
    private const string SharedTwice = "placement: what is wholly shared serves every tree";

    public static void Compare(JsonObject theirs, JsonObject ours, Findings findings)
    {
        Same("setup_errors", Text(theirs["setup_errors"]!.AsArray().Select(e => $"{e![0]} {e[1]}")), Text(ours["setup_errors"]!.AsArray().Select(e => $"{e![0]} {e[1]}")), findings);
        foreach (var (query, own) in theirs["queries"]!.AsArray().Zip(ours["queries"]!.AsArray())) Query(query!.AsObject(), own!.AsObject(), findings);
        foreach (var ((operation, own), index) in theirs["operations"]!.AsArray().Zip(ours["operations"]!.AsArray()).Select((p, i) => (p, i)))
        {
            Same($"operation {index} status", operation!["status"]!.ToString(), own!["status"]!.ToString(), findings);
            Same($"operation {index} code", operation["error"]?["code"]?.ToString(), own["error"]?["code"]?.ToString(), findings);
            if (operation["body"] is JsonObject body) Same($"operation {index} body", Sorted(body), own["body"] is JsonObject ownBody ? Sorted(ownBody) : null, findings);
        }
    }

    private static void Query(JsonObject theirs, JsonObject ours, Findings findings)
    {
        var text = theirs["query"]!.ToString();
        var (status, own) = (theirs["status"]!.ToString(), ours["status"]!.ToString());
        if (status != own)
        {
            // Names are looked up while candidates are looked for; with none for another reason they are never looked up.
            var empty = status == "200" && theirs["count"]!.GetValue<int>() == 0;
            if (empty && ours["late"]?.GetValue<bool>() == true) findings.Explained("placement: an unknown name is refused, whatever else is asked");
            else findings.Different($"{text}: status {status}, we {own} {ours["error"]?.ToJsonString()}");
            return;
        }

        if (status != "200") return;
        var expected = theirs["candidates"]!.AsArray().Select(c => Sorted(c!.AsObject())).ToHashSet();
        var found = ours["candidates"]!.AsArray().ToDictionary(c => Sorted(c!.AsObject()), c => c!.AsObject());
        var missing = expected.Where(c => !found.ContainsKey(c)).ToList();
        var limited = theirs["count"]!.GetValue<int>() is var count && ours["count"]!.GetValue<int>() == count && found.Count > count;
        var more = limited ? [] : found.Where(f => !expected.Contains(f.Key)).Select(f => f.Value).ToList();
        var askedTwice = text.Contains("group_policy=none", StringComparison.Ordinal) ? [] : ClassesAskedTwice(text);
        var shapes = askedTwice.Count == 0 ? [] : ours["candidates"]!.AsArray().Select(c => Shape(c!, askedTwice)).ToHashSet();
        foreach (var candidate in missing)
        {
            if (askedTwice.Count > 0 && shapes.Contains(Shape(theirs["candidates"]!.AsArray().First(c => Sorted(c) == candidate)!, askedTwice))) findings.Explained(AddedUpAgain);
            else findings.Different($"{text}: we lack {candidate}");
        }

        foreach (var candidate in more)
        {
            if (IsWhollyShared(candidate, ours)) findings.Explained(SharedTwice);
            else if (askedTwice.Count > 0 && Fits(candidate, ours)) findings.Explained(AddedUpAgain);
            else findings.Different($"{text}: we have also {Sorted(candidate)}");
        }

        if (limited) return;
        // With candidates of more trees than theirs there are more summaries than theirs.
        if (more.Count == 0) Same($"{text}: summaries", Sorted(theirs["summaries"]!.AsObject()), Sorted(ours["summaries"]!.AsObject()), findings);
    }

    /// <summary>Placement copies the amounts that it adds up only under the policy <c>none</c>: under others those of classes asked for more than once grow from candidate to candidate.</summary>
    private static HashSet<string> ClassesAskedTwice(string query) =>
        [.. query.Split('&').Where(p => p.StartsWith("resources", StringComparison.Ordinal)).SelectMany(p => Uri.UnescapeDataString(p[(p.IndexOf('=', StringComparison.Ordinal) + 1)..]).Split(',').Select(r => r.Split(':')[0]).Distinct())
            .CountBy(c => c).Where(c => c.Value > 1).Select(c => c.Key)];

    /// <summary>A candidate without the amounts of some classes.</summary>
    private static string Shape(JsonNode candidate, HashSet<string> without)
    {
        var copy = candidate.DeepClone();
        foreach (var (_, amounts) in copy["allocations"]!.AsObject())
            foreach (var resourceClass in without.Where(c => amounts!.AsObject().ContainsKey(c))) amounts![resourceClass] = 0;
        return Sorted(copy);
    }

    /// <summary>Whether a candidate fits, by the summaries, which were compared.</summary>
    private static bool Fits(JsonObject candidate, JsonObject ours) => candidate["allocations"]!.AsObject().All(p => p.Value!.AsObject().All(a =>
        ours["summaries"]![p.Key]!["resources"]![a.Key] is { } resource && resource["used"]!.GetValue<long>() + a.Value!.GetValue<long>() <= resource["capacity"]!.GetValue<long>()));

    /// <summary>Whether the unsuffixed group is served only by providers that share, and others by another tree.</summary>
    private static bool IsWhollyShared(JsonObject candidate, JsonObject ours)
    {
        var mappings = candidate["mappings"]!.AsObject();
        return mappings.Count > 1 && mappings.ContainsKey("")
            && mappings[""]!.AsArray().All(p => ours["summaries"]![p!.ToString()]!["traits"]!.AsArray().Any(t => t!.ToString() == "MISC_SHARES_VIA_AGGREGATE"));
    }

    /// <summary>JSON with the members of objects, and lists of names, in order.</summary>
    private static string Sorted(JsonNode? node) => node switch
    {
        JsonObject map => "{" + string.Join(",", map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}:{Sorted(p.Value)}")) + "}",
        JsonArray list => "[" + string.Join(",", list.Select(Sorted).Order(StringComparer.Ordinal)) + "]",
        JsonValue value when value.GetValueKind() == System.Text.Json.JsonValueKind.Number => double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture).ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        null => "null",
        _ => node.ToString(),
    };

    private static string Text(IEnumerable<string> lines) => string.Join(", ", lines.Order(StringComparer.Ordinal));

    private static void Same(string what, string? theirs, string? ours, Findings findings)
    {
        if (theirs != ours) findings.Different($"{what}: {theirs ?? "none"}, we {ours ?? "none"}");
    }
}
