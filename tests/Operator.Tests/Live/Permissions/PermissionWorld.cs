using System.Text.Json.Nodes;
using Kilonova.Crds;

namespace Kilonova.Operator.Tests.Live.Permissions;

/// <summary>Two hosts, two projects, and people with a role in one or the other; an API server, and nobody who works.</summary>
public sealed class PermissionWorld : IAsyncLifetime
{
    internal const string Ours = "kilonova-host-node-0";
    internal const string Theirs = "kilonova-host-node-1";
    internal const string InstanceID = "0b2a1c5e-7d0f-4a57-8f55-0d6c1f6a2e11";
    private const string Compute = ApiGroup.ApiVersion;
    private const string Rbac = "rbac.authorization.k8s.io/v1";
    private readonly ControlPlane _plane = new();
    private readonly Lazy<Task<Caller>> _ready;
    private LiveCluster? _cluster;
    private Caller? _caller;

    public PermissionWorld() => _ready = new Lazy<Task<Caller>>(PrepareAsync);

    internal static Person Agent { get; } = new("agent node-0", "kilonova:host:node-0", "kilonova:hosts");

    /// <summary>Whom to send requests by; skips the test where there is no API server.</summary>
    internal Task<Caller> ReadyAsync() => _ready.Value;

    public ValueTask InitializeAsync() => _plane.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        _caller?.Dispose();
        await _plane.DisposeAsync();
    }

    private async Task<Caller> PrepareAsync()
    {
        _cluster = new LiveCluster(_plane);
        var caller = _caller = new Caller(_plane.Kubeconfig);
        await _cluster.StartAsync();
        await _cluster.Hosts.AddAsync(2, slots: 1, prefix: "node");
        foreach (var project in new[] { "red", "blue" })
            await EnsureAsync(caller, "/api/v1/namespaces", Json($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{project}}}"} }"""));
        await BindAsync(caller, "red", "view", "vera");
        await BindAsync(caller, "red", "edit", "edda");
        await BindAsync(caller, "red", "admin", "adam");
        await BindAsync(caller, "blue", "admin", "bela");
        await BindAsync(caller, null, "kilonova-cloud-admin", "cleo");
        await BindAsync(caller, null, "kilonova-catalog", "people", "Group");
        // The operator has granted what there is to grant; it would clean up Instances that belong to no Server.
        await Eventually.Is(async () => (await caller.SendAsync(Agent, HttpMethod.Get, $"/apis/coordination.k8s.io/v1/namespaces/{Ours}/leases/{ApiGroup.AgentLeaseName}")).Code == 200, "the operator has granted its own to node-0");
        await Eventually.Is(async () => (await caller.SendAsync(Agent with { User = "kilonova:host:node-1" }, HttpMethod.Get, $"/apis/coordination.k8s.io/v1/namespaces/{Theirs}/leases/{ApiGroup.AgentLeaseName}")).Code == 200, "and to node-1");
        await _cluster.StopOperatorAsync(0);
        _cluster.Hosts.Answers = _ => false;
        foreach (var place in new[] { Ours, Theirs })
        {
            await EnsureAsync(caller, $"/apis/{Compute}/namespaces/{place}/instances", Json($$$"""
                {"apiVersion":"{{{Compute}}}","kind":"Instance","metadata":{"name":"{{{InstanceID}}}","namespace":"{{{place}}}","finalizers":["compute.kilonova.dev/agent","compute.kilonova.dev/ledger"]},
                 "spec":{"server":{"namespace":"red","name":"web","uid":"{{{InstanceID}}}"},"serverGeneration":1,"epoch":1,"claimID":"c","hostname":"web",
                 "flavor":{"name":"tiny","vcpus":1,"memoryMiB":64,"rootGiB":1},"image":{"name":"red/guest","url":"file:///srv/guest.qcow2","format":"qcow2"} } }
                """));
        }

        // Roles are in force when their last part is, and policies a moment after they are written.
        await Eventually.Is(
            async () => (await caller.SendAsync(Agent, HttpMethod.Get, $"/apis/{Compute}/hypervisors/node-0")).Code == 200
                && (await caller.SendAsync(Agent, HttpMethod.Post, $"/apis/{Compute}/hypervisors?dryRun=All", Hypervisor("canary"))).Code == 403
                && (await caller.SendAsync(new("cloud admin", "cleo"), HttpMethod.Get, $"/apis/{Compute}/hypervisors")).Code == 200,
            "permissions are in force");
        return caller;
    }

    internal static JsonNode Hypervisor(string name, string spec = "", string metadata = "") =>
        Json($$$"""{"apiVersion":"{{{Compute}}}","kind":"Hypervisor","metadata":{"name":"{{{name}}}"{{{metadata}}} },"spec":{ {{{spec}}} } }""");

    private static JsonNode Json(string text) => JsonNode.Parse(text)!;

    internal static async Task BindAsync(Caller caller, string? project, string role, string user, string subject = "User")
    {
        var kind = project is null ? "ClusterRoleBinding" : "RoleBinding";
        var path = project is null ? $"/apis/{Rbac}/clusterrolebindings" : $"/apis/{Rbac}/namespaces/{project}/rolebindings";
        await EnsureAsync(caller, path, Json($$$"""
            {"apiVersion":"{{{Rbac}}}","kind":"{{{kind}}}","metadata":{"name":"{{{role}}}-{{{user.Replace(':', '-')}}}" },
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{role}}}"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"{{{subject}}}","name":"{{{user}}}"}]}
            """));
    }

    private static async Task EnsureAsync(Caller caller, string path, JsonNode body)
    {
        var answer = await caller.SendAsync(Person.Administrator, HttpMethod.Post, path, body);
        Assert.True(answer.Code is 201 or 409, $"{path}: {answer.Message}");
    }
}
