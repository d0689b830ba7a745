using System.Text.Json;

namespace Kilonova.Cli.Tests;

/// <summary>Exit codes, messages, and what the answers must add up to.</summary>
public class CommandTests
{
    private const string Plain = "-f plain/1-hosts.yaml -f plain/2-servers.yaml";

    [Theory]
    [InlineData("simulate", "Option '--filename' is required.")]
    [InlineData("simulate -f nowhere.yaml", "nowhere.yaml: cannot be read: ")]
    [InlineData("simulate -f plain/1-hosts.yaml -o xml", "xml")]
    [InlineData("simulate -f plain/1-hosts.yaml --config plain/1-hosts.yaml", "plain/1-hosts.yaml: ")]
    [InlineData("why nobody -n demo " + Plain, "server \"nobody\" does not exist in namespace \"demo\"")]
    [InlineData("capacity --flavor none " + Plain, "flavor \"none\" does not exist")]
    [InlineData("capacity --flavor small --image none " + Plain, "image \"none\" does not exist in namespace \"default\"")]
    public void A_mistake_of_the_caller_is_told_and_ends_with_2(string line, string message)
    {
        var run = Run.Of(line);
        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cluster_that_cannot_be_found_ends_with_3()
    {
        var run = Run.Of("why web --kubeconfig no-such-file");
        Assert.Equal((3, ""), (run.Code, run.Out));
        Assert.Contains("no-such-file", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Manifests_are_read_from_the_standard_input_too()
    {
        var text = File.ReadAllText(Path.Combine(Run.Cases, "list", "cluster.json"));
        Assert.Equal(Run.Of("simulate -f list/cluster.json -o json").Out, Run.Of("simulate -f - -o json", text).Out);
    }

    [Theory]
    [InlineData("simulate -f plain/1-hosts.yaml plain/2-servers.yaml -o json")]
    [InlineData("simulate -f groups/groups.yaml -o json")]
    [InlineData("simulate -f numa/numa.yaml -o json")]
    public void Survivors_and_rejections_add_up_to_the_hosts(string line)
    {
        using var json = JsonDocument.Parse(Run.Of(line).Out);
        var decided = 0;
        foreach (var server in json.RootElement.GetProperty("servers").EnumerateArray())
        {
            if (!server.TryGetProperty("steps", out var steps) || steps.GetArrayLength() == 0) continue;
            decided++;
            var left = steps.EnumerateArray().Last().GetProperty("survivors").GetArrayLength();
            Assert.Equal(json.RootElement.GetProperty("hosts").GetInt32(), left + server.GetProperty("rejected").GetArrayLength());
            Assert.Equal(left, server.GetProperty("order").GetArrayLength());
        }

        Assert.NotEqual(0, decided);
    }

    [Fact]
    public void Weighted_values_add_up_to_the_order()
    {
        using var json = JsonDocument.Parse(Run.Of("why young -n demo -o json " + Plain).Out);
        var server = json.RootElement.GetProperty("server");
        Assert.Equal(2, server.GetProperty("order").GetArrayLength());
        foreach (var place in server.GetProperty("order").EnumerateArray())
        {
            var sum = server.GetProperty("weighers").EnumerateArray()
                .SelectMany(w => w.GetProperty("values").EnumerateArray())
                .Where(v => v.GetProperty("host").GetString() == place.GetProperty("host").GetString())
                .Sum(v => v.GetProperty("weighted").GetDouble());
            Assert.Equal(place.GetProperty("weight").GetDouble(), sum, 1e-9);
        }
    }

    [Fact]
    public void What_is_built_on_a_host_burdens_it_but_not_for_the_server_itself()
    {
        const string building = """
            apiVersion: compute.kilonova.dev/v1alpha1
            kind: Server
            metadata: {name: building, namespace: demo}
            spec: {flavor: small}
            status: {host: node-c, phase: Build}
            """;
        Assert.Equal(1, Burden("young"));
        Assert.Equal(0, Burden("building"));

        static double Burden(string server)
        {
            using var json = JsonDocument.Parse(Run.Of($"why {server} -n demo -o json -f plain/1-hosts.yaml plain/2-servers.yaml -", building).Out);
            return json.RootElement.GetProperty("server").GetProperty("weighers").EnumerateArray().Single(w => w.GetProperty("weigher").GetString() == "IoOpsWeigher")
                .GetProperty("values").EnumerateArray().Single(v => v.GetProperty("host").GetString() == "node-c").GetProperty("raw").GetDouble();
        }
    }

    [Fact]
    public void As_many_as_capacity_says_are_placed_and_no_more()
    {
        using var capacity = JsonDocument.Parse(Run.Of("capacity --flavor small --image demo/debian -o json " + Plain).Out);
        var fits = capacity.RootElement.GetProperty("fits").GetInt32();
        var servers = string.Join("---\n", Enumerable.Range(0, fits + 1).Select(i => $$"""
            apiVersion: compute.kilonova.dev/v1alpha1
            kind: Server
            metadata: {name: more-{{i}}, namespace: other, creationTimestamp: "2020-01-01T00:00:00Z"}
            spec: {flavor: small}

            """));
        using var simulated = JsonDocument.Parse(Run.Of("simulate -f plain/1-hosts.yaml plain/2-servers.yaml - -o json", servers).Out);
        var placed = simulated.RootElement.GetProperty("servers").EnumerateArray()
            .Where(s => s.GetProperty("namespace").GetString() == "other").Select(s => s.GetProperty("placed").GetBoolean());
        Assert.Equal([.. Enumerable.Repeat(true, fits), false], placed);
    }
}
