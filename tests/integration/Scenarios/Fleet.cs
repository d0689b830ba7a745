using System.Text.Json.Nodes;
using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>What most scenarios need: a project with an image, a network and small flavors, and short ways to say what a server is.</summary>
public sealed class Fleet(TestCluster cluster, string project = "tests")
{
    private readonly Kubectl kubectl = cluster.Kubectl;

    /// <summary>Namespace of the servers.</summary>
    public string Project => project;

    /// <summary>Creates the project.</summary>
    public async Task PrepareAsync() => await kubectl.ApplyAsync($$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{project}}}
        ---
        apiVersion: compute.kilonova.dev/v1alpha1
        kind: Flavor
        metadata: {name: tiny}
        spec: {vcpus: 1, memoryMiB: 96, rootGiB: 1}
        ---
        apiVersion: compute.kilonova.dev/v1alpha1
        kind: Network
        metadata: {name: outgoing}
        spec: {type: User}
        ---
        apiVersion: compute.kilonova.dev/v1alpha1
        kind: Image
        metadata: {name: guest, namespace: {{project}}}
        spec:
          diskFormat: qcow2
          source: {url: "file://{{await TestCluster.GuestImageAsync()}}" }
        """, "--server-side");

    /// <summary>Manifest of a server.</summary>
    public string Manifest(string name, string more = "") => $$"""
        apiVersion: compute.kilonova.dev/v1alpha1
        kind: Server
        metadata: {name: {{name}}, namespace: {{project}}}
        spec:
          flavor: tiny
          image: {name: guest}
          networks: [{network: outgoing}]
        {{more}}
        """;

    /// <summary>Applies a server.</summary>
    public Task<string> ApplyAsync(string name, string more = "") => kubectl.ApplyAsync(Manifest(name, more));

    /// <summary>A server, or nothing.</summary>
    public Task<JsonNode?> GetAsync(string name) => kubectl.GetAsync("server", name, project);

    /// <summary>Changes the wanted power state.</summary>
    public Task<string> PowerAsync(string name, string state) =>
        kubectl.RunAsync("-n", project, "patch", "server", name, "--type", "merge", "-p", $$$"""{"spec":{"powerState":"{{{state}}}"}}""");

    /// <summary>Waits until a server is Ready in a phase.</summary>
    public async Task<JsonNode> ReadyAsync(string name, string phase = "Active", int seconds = 120) =>
        (await Eventually.Get($"server {name} is {phase} and Ready", () => GetAsync(name), s => Phase(s) == phase && IsReady(s), TimeSpan.FromSeconds(seconds)))!;

    /// <summary>Deletes a server and waits until it is gone.</summary>
    public Task<string> DeleteAsync(string name) => kubectl.RunAsync("-n", project, "delete", "server", name, "--timeout=120s");

    /// <summary>Asserts that a host and its ledger hold nothing of ours.</summary>
    public async Task AssertNothingLeftAsync(string host)
    {
        var where = cluster.Host(host);
        Assert.Empty(await where.DomainsAsync());
        Assert.Empty(await where.QemuPidsAsync());
        Assert.Empty(Directory.Exists(Path.Combine(where.State, "instances")) ? Directory.GetFileSystemEntries(Path.Combine(where.State, "instances")) : []);
        Assert.DoesNotContain("tap", (await where.ExecAsync("ip", "-o", "link")).Ensured, StringComparison.Ordinal);
        Assert.DoesNotContain("vnet", (await where.ExecAsync("ip", "-o", "link")).Ensured, StringComparison.Ordinal);
        Assert.Empty(Allocations(await kubectl.GetAsync("resourceprovider", host)));
        Assert.Empty(await kubectl.ListAsync("instances", $"kilonova-host-{host}"));
        // They go with their Instances by Kubernetes' garbage collector, a little later.
        await Eventually.True("its Secrets are gone", async () => (await kubectl.ListAsync("secrets", $"kilonova-host-{host}")).Count == 0);
    }

    /// <summary>Phase of a server.</summary>
    public static string? Phase(JsonNode? server) => (string?)server?["status"]?["phase"];

    /// <summary>Host of a server.</summary>
    public static string? Host(JsonNode? server) => (string?)server?["status"]?["host"];

    /// <summary>Instance ID of a server.</summary>
    public static string Id(JsonNode server) => (string)server["status"]!["instanceID"]!;

    /// <summary>A condition of an object, or nothing.</summary>
    public static JsonNode? Condition(JsonNode? subject, string type) =>
        subject?["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == type);

    /// <summary>Whether an object is Ready for its present generation.</summary>
    public static bool IsReady(JsonNode? subject) =>
        (string?)Condition(subject, "Ready")?["status"] == "True"
        && (long?)subject!["status"]!["observedGeneration"] == (long?)subject["metadata"]!["generation"];

    /// <summary>Entries of a ledger.</summary>
    public static IEnumerable<JsonNode> Allocations(JsonNode? provider) => provider?["status"]?["allocations"]?.AsArray().Select(a => a!) ?? [];
}
