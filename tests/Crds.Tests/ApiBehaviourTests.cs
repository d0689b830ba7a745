using System.Text.Json.Nodes;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Tests;

/// <summary>What users see of our kinds through the API server.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class ApiBehaviourTests(ApiServer api)
{
    public static TheoryData<string> KindsWithGeneration => [.. GoodObjects.Kinds
        .Where(kind => WireDocuments.Kinds.Single(type => type.Name == kind).GetProperty("Status")?.PropertyType.GetProperty("ObservedGeneration")?.IsDefined(typeof(NotImplementedAttribute), false) == false)];

    [Theory]
    [MemberData(nameof(KindsWithGeneration))]
    public async Task Observed_generation_is_minus_one_from_the_first_moment(string kind)
    {
        api.Require();
        var document = GoodObjects.Of(kind, Fresh(kind));
        var created = await api.Create(document, dryRun: false);
        Assert.True(created.Accepted, string.Join('\n', created.Refusals));
        Assert.Equal(-1, created.Body["status"]?["observedGeneration"]?.GetValue<int>());
        Assert.Equal(-1, (await api.Get(document)).Body["status"]?["observedGeneration"]?.GetValue<int>());
    }

    [Fact]
    public async Task Defaults_are_filled_in_at_creation()
    {
        api.Require();
        var document = GoodObjects.Of("Server", Fresh("Server"));
        foreach (var field in (string[])["powerState", "onGuestShutdown", "onNoValidHost"])
            document["spec"]!.AsObject().Remove(field);
        var spec = (await api.Create(document)).Body["spec"]!;
        Assert.Equal(["Running", "Stop", "Retry"], [$"{spec["powerState"]}", $"{spec["onGuestShutdown"]}", $"{spec["onNoValidHost"]}"]);
    }

    [Theory]
    [InlineData("Server", "userData", "\"other\"")]
    [InlineData("Server", "hostname", "\"other\"")]
    [InlineData("Image", "checksum", "\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"")]
    public async Task An_immutable_field_cannot_be_changed_by_removing_it_first(string kind, string field, string value)
    {
        api.Require();
        var document = GoodObjects.Of(kind, Fresh(kind));
        Assert.True((await api.Create(document, dryRun: false)).Accepted);
        Assert.False((await api.Patch(document, Spec(field, null), dryRun: false)).Accepted);
        Assert.False((await api.Patch(document, Spec(field, JsonNode.Parse(value)), dryRun: false)).Accepted);
        Assert.True(JsonNode.DeepEquals(document["spec"]![field], (await api.Get(document)).Body["spec"]![field]));
    }

    [Fact]
    public async Task An_immutable_field_that_is_absent_cannot_be_set_later()
    {
        api.Require();
        var document = GoodObjects.Of("Server", Fresh("Server"));
        document["spec"]!.AsObject().Remove("userData");
        Assert.True((await api.Create(document, dryRun: false)).Accepted);
        Assert.Equal(["spec.userData: this version does not implement changing userData (rebuild)"], Words((await api.Patch(document, Spec("userData", "late"))).Refusals));
    }

    [Fact]
    public async Task What_may_change_can_be_changed()
    {
        api.Require();
        var document = GoodObjects.Of("Server", Fresh("Server"));
        Assert.True((await api.Create(document, dryRun: false)).Accepted);
        var changed = await api.Patch(document, Spec("powerState", "Stopped"));
        Assert.True(changed.Accepted, string.Join('\n', changed.Refusals));
        Assert.Equal("2", $"{changed.Body["metadata"]!["generation"]}");
    }

    [Fact]
    public async Task Servers_can_be_selected_by_the_fields_that_the_definition_names()
    {
        api.Require();
        var document = GoodObjects.Of("Server", Fresh("Server"));
        document["spec"]!["flavor"] = "odd-one";
        Assert.True((await api.Create(document, dryRun: false)).Accepted);
        Assert.True((await api.Patch(document, new JsonObject { ["status"] = new JsonObject { ["host"] = "node-z" } }, dryRun: false, "/status")).Accepted);
        foreach (var selector in (string[])["spec.flavor=odd-one", "status.host=node-z"])
        {
            var item = Assert.Single((await api.List(document, selector)).Body["items"]!.AsArray());
            Assert.Equal($"{document["metadata"]!["name"]}", $"{item!["metadata"]!["name"]}");
        }
    }

    [Theory]
    [InlineData("a", 49_149, true)]
    [InlineData("a", 49_150, false)]
    [InlineData("\u00e9", 24_574, true)]
    [InlineData("\u00e9", 24_575, false)]
    public async Task User_data_may_have_65535_bytes_in_Base64(string letter, int count, bool accepted)
    {
        api.Require();
        var document = GoodObjects.Of("Server", Fresh("Server"));
        document["spec"]!["userData"] = string.Concat(Enumerable.Repeat(letter, count));
        var answer = await api.Create(document);
        Assert.Equal(accepted, answer.Accepted);
        Assert.All(answer.Refusals, text => Assert.StartsWith("spec.userData: ", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_largest_objects_stay_within_the_budget_of_the_rules()
    {
        api.Require();
        var server = GoodObjects.Of("Server", Fresh("Server"));
        server["spec"]!["userData"] = new string('a', 49_149);
        server["spec"]!["metadata"] = new JsonObject(Many(128, i => KeyValuePair.Create<string, JsonNode?>($"{i}".PadLeft(255, 'k'), new string('v', 255))));
        server["spec"]!["networks"] = new JsonArray([.. Many<JsonNode>(16, i => new JsonObject { ["network"] = $"{i}".PadLeft(253, 'n'), ["macAddress"] = $"52:54:00:00:00:{i:x2}" })]);
        server["spec"]!["keyPairs"] = new JsonArray([.. Many<JsonNode>(16, i => $"{i}".PadLeft(253, 'k'))]);
        var aggregate = GoodObjects.Of("Aggregate", Fresh("Aggregate"));
        aggregate["spec"]!["hosts"] = new JsonArray([.. Many<JsonNode>(5_000, i => $"{i}".PadLeft(63, 'h'))]);
        aggregate["spec"]!["metadata"] = new JsonObject(Many(128, i => KeyValuePair.Create<string, JsonNode?>($"{i}".PadLeft(255, 'k'), new string('v', 255))));
        foreach (var document in (JsonNode[])[server, aggregate])
        {
            var created = await api.Create(document, dryRun: false);
            Assert.True(created.Accepted, string.Join('\n', created.Refusals));
            var touched = await api.Patch(document, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = "b" } } });
            Assert.True(touched.Accepted, string.Join('\n', touched.Refusals));
        }
    }

    [Fact]
    public async Task A_ledger_of_a_thousand_guests_is_accepted()
    {
        api.Require();
        var provider = GoodObjects.Of("ResourceProvider", Fresh("ResourceProvider"));
        Assert.True((await api.Create(provider, dryRun: false)).Accepted);
        var allocations = Many<JsonNode>(1_000, i => new JsonObject
        {
            ["id"] = $"{Guid.NewGuid()}",
            ["epoch"] = 1,
            ["claimID"] = $"{Guid.NewGuid():N}"[..12],
            ["holder"] = $"Server/project-{i}/server-{i}",
            ["resources"] = new JsonObject { ["VCPU"] = 1, ["MEMORY_MB"] = 2048, ["DISK_GB"] = 20 },
        });
        var written = await api.Patch(provider, new JsonObject { ["status"] = new JsonObject { ["allocations"] = new JsonArray([.. allocations]) } }, dryRun: false, "/status");
        Assert.True(written.Accepted, string.Join('\n', written.Refusals));
        Assert.Equal(1_000, written.Body["status"]!["allocations"]!.AsArray().Count);
    }

    [Fact]
    public async Task Unknown_fields_are_refused_and_not_dropped_in_silence()
    {
        api.Require();
        var document = GoodObjects.Of("Server", Fresh("Server"));
        document["spec"]!["powerstate"] = "Stopped";
        var answer = await api.Create(document);
        Assert.Contains("unknown field \"spec.powerstate\"", Assert.Single(answer.Refusals), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("server.spec.blockDevices", "Not implemented in this version, refused", "block device mapping", "bootIndex")]
    [InlineData("server.spec.powerState", "Stopped", "its disks and its place on the host stay")]
    [InlineData("hypervisor.spec.cpuAllocationRatio", "4.0 when absent")]
    [InlineData("srv.status.observedGeneration", "-1 before the operator has seen")]
    [InlineData("flavor.spec.rootGiB", "the image's own size")]
    public async Task Explain_teaches(string field, params string[] words)
    {
        api.Require();
        var (code, output) = await api.Kubectl("explain", field);
        Assert.True(code == 0, output);
        var text = string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.All(words, word => Assert.Contains(word, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_shows_the_columns_of_every_kind()
    {
        api.Require();
        var document = GoodObjects.Of("Server", Fresh("Server"));
        Assert.True((await api.Create(document, dryRun: false)).Accepted);
        var (code, output) = await api.Kubectl("get", "srv", "-n", "demo", "-o", "wide");
        Assert.True(code == 0, output);
        Assert.Equal(
            ["NAME", "PHASE", "TASK", "READY", "REASON", "HOST", "ADDRESS", "FLAVOR", "AGE", "POWER", "ZONE", "IMAGE", "INSTANCE", "MESSAGE"],
            output.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var (_, resources) = await api.Kubectl("api-resources", "--categories=kilonova", "-o", "name");
        Assert.Equal(WireDocuments.Kinds.Count, resources.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task The_examples_are_accepted_and_applying_them_twice_changes_nothing()
    {
        api.Require();
        string[] apply = ["apply", "--server-side", "-f", Path.Combine(Repository.Root, "examples")];
        string[] read = ["get", "servers,images,keypairs", "-n", "demo", "-o", "json"];
        var (code, output) = await api.Kubectl(apply);
        Assert.True(code == 0, output);
        var first = Repository.Parse((await api.Kubectl(read)).Output)["items"]!.AsArray();
        Assert.Equal(0, (await api.Kubectl(apply)).Code);
        var second = Repository.Parse((await api.Kubectl(read)).Output)["items"]!.AsArray();
        // The default of the status is stored with the first write after creation, which gives the object a new version but no new content.
        Assert.Equal(Content(first), Content(second));
        Assert.Equal(0, (await api.Kubectl(apply)).Code);
        Assert.Equal(second.ToJsonString(), Repository.Parse((await api.Kubectl(read)).Output)["items"]!.AsArray().ToJsonString());
        var (difference, text) = await api.Kubectl("diff", "--server-side", "-f", Path.Combine(Repository.Root, "examples"));
        Assert.True(difference == 0, text);
    }


    private static IEnumerable<string> Content(JsonArray items)
    {
        foreach (var item in items)
        {
            var copy = item!.DeepClone();
            copy["metadata"]!.AsObject().Remove("resourceVersion");
            yield return copy.ToJsonString();
        }
    }

    private static IEnumerable<T> Many<T>(int count, Func<int, T> make) => Enumerable.Range(0, count).Select(make);

    private static JsonObject Spec(string field, JsonNode? value) => new() { ["spec"] = new JsonObject { [field] = value } };

    private static string Fresh(string kind) => kind == "Instance" ? Guid.NewGuid().ToString() : $"t-{Guid.NewGuid():N}"[..20];

    private static IEnumerable<string> Words(IEnumerable<string> refusals) => refusals.Select(text => text.Replace("Forbidden: ", "", StringComparison.Ordinal));
}
