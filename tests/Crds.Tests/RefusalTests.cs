using System.Text.Json.Nodes;
using Kilonova.Crds.Generator;

namespace Kilonova.Crds.Tests;

/// <summary>The API server refuses what is wrong, and its words name the field and the rule. <c>bad/*.yaml</c> holds the manifests with the words.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class RefusalTests(ApiServer api)
{
    private const string Expected = "# refused: ";

    public static TheoryData<string, string> BadManifests => Cases(file => file != "updates");

    public static TheoryData<string, string> BadUpdates => Cases(file => file == "updates");

    public static TheoryData<string> Refused => [.. WireDocuments.Kinds.SelectMany(Refusal.Of).Where(refusal => refusal.What != RefusalKind.Change).Select(Name)];

    public static TheoryData<string> GoodKinds => [.. GoodObjects.Kinds];

    [Fact]
    public void There_are_at_least_40_bad_manifests() => Assert.InRange(BadManifests.Count, 40, int.MaxValue);

    [Theory]
    [MemberData(nameof(BadManifests))]
    public async Task A_bad_manifest_is_refused(string name, string text)
    {
        api.Require();
        AssertRefused(name, text, await api.Create(Repository.Parse(text)));
    }

    [Theory]
    [MemberData(nameof(BadUpdates))]
    public async Task A_bad_update_is_refused(string name, string text)
    {
        api.Require();
        var update = Repository.Parse(text);
        var kind = update["kind"]!.GetValue<string>();
        await EnsureGood(kind);
        AssertRefused(name, text, await api.Patch(GoodObjects.Of(kind), update["patch"]!));
    }

    [Theory]
    [MemberData(nameof(GoodKinds))]
    public async Task A_good_manifest_is_accepted(string kind)
    {
        api.Require();
        var answer = await api.Create(GoodObjects.Of(kind, kind == "Instance" ? Guid.NewGuid().ToString() : "another"));
        Assert.True(answer.Accepted, string.Join('\n', answer.Refusals));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Whatever_is_not_implemented_is_refused_by_name(string name)
    {
        api.Require();
        var refusal = WireDocuments.Kinds.SelectMany(Refusal.Of).Single(refusal => refusal.What != RefusalKind.Change && Name(refusal) == name);
        if (refusal.What == RefusalKind.Kind)
        {
            // bad/kinds.yaml has one of each: a rule of the whole object is looked at only when all else is right.
            Assert.Contains(BadManifests, row => row.Data.Item2.Contains($"kind: {refusal.Type.Name}\n", StringComparison.Ordinal));
            return;
        }

        var status = refusal.Path.StartsWith("status", StringComparison.Ordinal);
        var document = GoodObjects.Of(refusal.Type.Name);
        if (status)
            await EnsureGood(refusal.Type.Name);
        var value = refusal.What == RefusalKind.Value ? JsonValue.Create(refusal.Detail) : SchemaSamples.Of(refusal.Property!);
        var patch = Patch(document, refusal.Path, value);
        var answer = status ? await api.Patch(document, patch, subresource: "/status") : await api.Create(Merge(document, patch));
        var expected = refusal.What == RefusalKind.Value
            ? $"this version does not implement {string.Join(", ", EnumValue.Of(SchemaSamples.Enum(refusal.Property!)).Where(v => v.NotImplemented).Select(v => v.Name))}"
            : $"this version does not implement {refusal.Property!.Name}";
        Assert.Contains(answer.Refusals, text => text.Contains(expected, StringComparison.Ordinal) && text.StartsWith(refusal.Path.Replace("[]", "[0]", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    private async Task EnsureGood(string kind)
    {
        var made = await api.Create(GoodObjects.Of(kind), dryRun: false);
        Assert.True(made.Code is 201 or 409, string.Join('\n', made.Refusals));
    }

    /// <summary>A merge patch that sets one field; a list in its way gets one item, that of the document with the field set.</summary>
    private static JsonObject Patch(JsonNode? document, string path, JsonNode value)
    {
        var (head, rest) = path.Split('.', 2) is [var first, var second] ? (first, second) : (path, "");
        var (name, list) = (head.TrimEnd('[', ']'), head.EndsWith("[]", StringComparison.Ordinal));
        if (rest.Length == 0)
            return new JsonObject { [name] = list ? new JsonArray(value) : value };
        var below = document?[name];
        return new JsonObject { [name] = list ? new JsonArray(Merge(below![0]!.DeepClone(), Patch(below[0], rest, value))) : Patch(below, rest, value) };
    }

    private static JsonNode Merge(JsonNode document, JsonObject patch)
    {
        foreach (var (name, value) in patch)
            document[name] = value is JsonObject inner && document[name] is JsonObject there ? Merge(there.DeepClone(), inner) : value?.DeepClone();
        return document;
    }

    private static void AssertRefused(string name, string text, Answer answer)
    {
        var expected = text.Split('\n').Where(line => line.StartsWith(Expected, StringComparison.Ordinal)).Select(line => line[Expected.Length..]).ToList();
        Assert.True(!answer.Accepted, $"{name} is accepted");
        Assert.Equal(expected, answer.Refusals);
    }

    private static string Name(Refusal refusal) => $"{refusal.Type.Name}.{refusal.Path}{(refusal.Detail.Length > 0 ? "=" : "")}{refusal.Detail}";

    private static TheoryData<string, string> Cases(Func<string, bool> which)
    {
        var cases = new TheoryData<string, string>();
        foreach (var path in Repository.Files("tests/Crds.Tests/bad", "*.yaml"))
        {
            var file = Path.GetFileNameWithoutExtension(path);
            if (!which(file))
                continue;
            foreach (var (index, (text, _)) in Repository.Documents(path).Index())
                cases.Add($"{file} {index}", text);
        }

        return cases;
    }
}
