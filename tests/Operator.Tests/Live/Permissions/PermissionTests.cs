using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Kilonova.Crds;

namespace Kilonova.Operator.Tests.Live.Permissions;

/// <summary>
/// Who may do what. Every cell of the matrix is a real request in that user's name: what is allowed and what is refused, by RBAC or by an admission policy. What
/// is intended is <c>matrix.txt</c>, which is reviewed as code. <c>KILONOVA_GOLDEN=write</c> writes it anew.
/// </summary>
public sealed class PermissionTests(PermissionWorld world) : IClassFixture<PermissionWorld>
{
    private const string Compute = ApiGroup.ApiVersion;
    private const string Rbac = "rbac.authorization.k8s.io/v1";
    private const string Ours = PermissionWorld.Ours;
    private const string Theirs = PermissionWorld.Theirs;
    private const string InstanceID = PermissionWorld.InstanceID;

    private static readonly Person Agent = PermissionWorld.Agent;

    private static readonly Person[] People =
    [
        new("operator", "kilonova:operator", "kilonova:operators"),
        Agent,
        new("agent's pod", "system:serviceaccount:kilonova-system:kilonova-agent", "system:serviceaccounts"),
        new("viewer red", "vera", "people"),
        new("editor red", "edda", "people"),
        new("admin red", "adam", "people"),
        new("admin blue", "bela", "people"),
        new("cloud admin", "cleo"),
    ];

    [Fact]
    public async Task Everybody_may_do_what_the_matrix_says_and_nothing_else()
    {
        var caller = await world.ReadyAsync();

        var rows = Rows().ToArray();
        var cells = new string[rows.Length, People.Length];
        await Parallel.ForAsync(0, rows.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) =>
        {
            var row = rows[i];
            var found = await caller.SendAsync(Person.Administrator, HttpMethod.Get, row.Path);
            var existing = found.Code == 200 ? found.Json : null;
            for (var p = 0; p < People.Length; p++)
                cells[i, p] = await CellAsync(caller, row, People[p], existing);
        });

        var matrix = Print(rows, cells);
        TestContext.Current.TestOutputHelper!.WriteLine(matrix);
        var golden = Path.Combine(Path.GetDirectoryName(ThisFile())!, "matrix.txt");
        if (Environment.GetEnvironmentVariable("KILONOVA_GOLDEN") == "write")
            await File.WriteAllTextAsync(golden, matrix, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllTextAsync(golden, TestContext.Current.CancellationToken), matrix);
    }

    [Fact]
    public async Task An_agent_writes_its_own_part_of_its_own_objects()
    {
        var caller = await world.ReadyAsync();
        const string Hypervisors = $"/apis/{Compute}/hypervisors";
        const string Providers = $"/apis/{Compute}/resourceproviders";
        var instances = $"/apis/{Compute}/namespaces/{Ours}/instances";

        // Allowed: its status, its facts, its finalizer.
        await AllowedAsync(Patch($"{Hypervisors}/node-0/status", """{"status":{"agentVersion":"9"}}"""));
        await AllowedAsync(Patch($"{Providers}/node-0", """{"spec":{"traits":["HW_CPU_X86_AVX2"]}}"""));
        await AllowedAsync(Patch($"{instances}/{InstanceID}/status", """{"status":{"observedGeneration":1}}"""));
        await AllowedAsync(Patch($"{instances}/{InstanceID}", """{"metadata":{"finalizers":["compute.kilonova.dev/ledger"]}}"""));

        // Refused: hosts that are not its own, in each way that there is to make them.
        await RefusedAsync(Create(Hypervisors, PermissionWorld.Hypervisor("node-1")), "its own name");
        await RefusedAsync(Create(Hypervisors, PermissionWorld.Hypervisor("new")), "its own name");
        await RefusedAsync(caller.SendAsync(Agent, HttpMethod.Patch, $"{Hypervisors}/new?fieldManager=x&dryRun=All", PermissionWorld.Hypervisor("new"), "application/apply-patch+yaml"), "cannot patch");
        await RefusedAsync(Create(Providers, JsonNode.Parse($$$"""{"apiVersion":"{{{Compute}}}","kind":"ResourceProvider","metadata":{"name":"node-1"},"spec":{"hostID":"x"}}""")!), "its own name");

        // Refused: the parts that are an admin's or the operator's.
        await caller.SendAsync(Person.Administrator, HttpMethod.Delete, $"{Hypervisors}/node-0");
        foreach (var (spec, metadata) in new[] { ("\"disabled\":false", ""), ("\"cpuAllocationRatio\":64", ""), ("\"virtType\":\"qemu\"", ""), ("", ",\"labels\":{\"rack\":\"1\"}"), ("", ",\"finalizers\":[\"a.b/c\"]") })
            await RefusedAsync(Create(Hypervisors, PermissionWorld.Hypervisor("node-0", spec, metadata)), metadata.Length == 0 ? "admin's" : "labels, finalizers and owners");
        var again = await caller.SendAsync(Agent, HttpMethod.Post, Hypervisors, PermissionWorld.Hypervisor("node-0"));
        Assert.True(again.Code == 201, again.Message);
        await RefusedAsync(Patch($"{Hypervisors}/node-0", """{"spec":{"disabled":true}}"""), "cannot patch");
        await RefusedAsync(Patch($"{Providers}/node-0/status", """{"status":{"allocations":[]}}"""), "cannot patch");
        await RefusedAsync(Patch($"{Providers}/node-0", """{"metadata":{"labels":{"rack":"1"}}}"""), "labels, finalizers and owners");
        await RefusedAsync(Patch($"{Providers}/node-0", """{"metadata":{"finalizers":["a.b/c"]}}"""), "labels, finalizers and owners");
        await RefusedAsync(Patch($"{Providers}/node-0", """{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"x","uid":"y"}]}}"""), "labels, finalizers and owners");
        await RefusedAsync(Patch($"{instances}/{InstanceID}", """{"spec":{"powerState":"Stopped"}}"""), "the operator's order");
        await RefusedAsync(Patch($"{instances}/{InstanceID}", """{"metadata":{"finalizers":["compute.kilonova.dev/agent"]}}"""), "its own finalizer");
        await RefusedAsync(Patch($"{instances}/{InstanceID}", """{"metadata":{"finalizers":[]}}"""), "its own finalizer");
        await RefusedAsync(Patch($"{instances}/{InstanceID}", """{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"x","uid":"y"}]}}"""), "labels, annotations and owners");

        Task<Answer> Patch(string path, string body) => caller.SendAsync(Agent, HttpMethod.Patch, path + "?dryRun=All", JsonNode.Parse(body), "application/merge-patch+json");
        Task<Answer> Create(string path, JsonNode body) => caller.SendAsync(Agent, HttpMethod.Post, path + "?dryRun=All", body);
    }

    [Fact]
    public async Task An_agent_that_was_given_every_right_by_mistake_is_still_bound_to_its_own_name()
    {
        var caller = await world.ReadyAsync();
        var stray = new Person("stray", "kilonova:host:stray", "kilonova:hosts");
        await PermissionWorld.BindAsync(caller, null, "cluster-admin", stray.User);
        const string Group = $"/apis/{Compute}";
        await Eventually.Is(async () => (await caller.SendAsync(stray, HttpMethod.Get, $"{Group}/hypervisors/node-0")).Code == 200, "the mistake works");

        foreach (var path in new[] { $"{Group}/hypervisors/node-0", $"{Group}/resourceproviders/node-0", $"{Group}/namespaces/{Ours}/instances/{InstanceID}" })
        {
            await RefusedAsync(caller.SendAsync(stray, HttpMethod.Delete, path + "?dryRun=All"), "ValidatingAdmissionPolicy");
            await RefusedAsync(caller.SendAsync(stray, HttpMethod.Patch, path + "?dryRun=All", new JsonObject(), "application/merge-patch+json"), "ValidatingAdmissionPolicy");
            await RefusedAsync(caller.SendAsync(stray, HttpMethod.Patch, path + "/status?dryRun=All", new JsonObject(), "application/merge-patch+json"), "ValidatingAdmissionPolicy");
        }

        // Fences are refused to everybody while they do nothing; here that rule is taken away, so that the policy is what refuses.
        var rule = new JsonArray(new JsonObject { ["op"] = "remove", ["path"] = "/spec/versions/0/schema/openAPIV3Schema/x-kubernetes-validations" });
        var crd = await caller.SendAsync(Person.Administrator, HttpMethod.Patch, $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/fences.{ApiGroup.Name}", rule, "application/json-patch+json");
        Assert.True(crd.Code == 200, crd.Message);
        await Eventually.Is(async () => (await caller.SendAsync(Person.Administrator, HttpMethod.Post, $"{Group}/fences", Fence("node-0"))).Code is 201 or 409, "a Fence can be made");
        foreach (var name in new[] { "node-1", "stray" })
            await RefusedAsync(caller.SendAsync(stray, HttpMethod.Post, $"{Group}/fences?dryRun=All", Fence(name)), "never said by an agent");
        await RefusedAsync(caller.SendAsync(stray, HttpMethod.Patch, $"{Group}/fences/node-0/status?dryRun=All", JsonNode.Parse("""{"status":{"off":true}}"""), "application/merge-patch+json"), "never said by an agent");
        await RefusedAsync(caller.SendAsync(stray, HttpMethod.Delete, $"{Group}/fences/node-0?dryRun=All"), "never said by an agent");
        await caller.SendAsync(Person.Administrator, HttpMethod.Delete, $"{Group}/fences/node-0");
        await caller.SendAsync(Person.Administrator, HttpMethod.Delete, $"/apis/{Rbac}/clusterrolebindings/cluster-admin-kilonova-host-stray");
    }

    private static JsonNode Fence(string name) =>
        JsonNode.Parse($$$"""{"apiVersion":"{{{Compute}}}","kind":"Fence","metadata":{"name":"{{{name}}}" },"spec":{"hostID":"h","bootID":"b","method":"Manual"} }""")!;

    private static IEnumerable<MatrixRow> Rows()
    {
        foreach (var place in new[] { Ours, Theirs })
        {
            yield return new(Compute, "Instance", "instances", place, InstanceID);
            yield return new(Compute, "Instance", "instances", place, InstanceID, "status");
            yield return new("v1", "Secret", "secrets", place);
            yield return new("coordination.k8s.io/v1", "Lease", "leases", place, ApiGroup.AgentLeaseName);
            yield return new("coordination.k8s.io/v1", "Lease", "leases", place, "another");
            yield return new("events.k8s.io/v1", "Event", "events", place);
            yield return new(Rbac, "Role", "roles", place);
            yield return new(Rbac, "RoleBinding", "rolebindings", place);
        }

        foreach (var host in new[] { "node-0", "node-1" })
        {
            foreach (var (kind, plural) in new[] { ("Hypervisor", "hypervisors"), ("ResourceProvider", "resourceproviders"), ("Fence", "fences") })
            {
                yield return new(Compute, kind, plural, null, host);
                yield return new(Compute, kind, plural, null, host, "status");
            }
        }

        foreach (var (kind, plural) in new[] { ("Flavor", "flavors"), ("Network", "networks"), ("Aggregate", "aggregates"), ("Cell", "cells"), ("AddressClaim", "addressclaims") })
            yield return new(Compute, kind, plural);
        yield return new(Compute, "Cell", "cells", null, "local");
        foreach (var (kind, plural, status) in new[]
        {
            ("Server", "servers", true), ("Image", "images", true), ("KeyPair", "keypairs", false), ("ServerGroup", "servergroups", true),
            ("ServerAction", "serveractions", true), ("Migration", "migrations", true), ("ComputeQuota", "computequotas", true), ("Instance", "instances", true),
        })
        {
            yield return new(Compute, kind, plural, "red");
            if (status)
                yield return new(Compute, kind, plural, "red", null, "status");
        }

        yield return new("v1", "Secret", "secrets", "red");
        yield return new("v1", "Secret", "secrets", "kilonova-system");
        yield return new("coordination.k8s.io/v1", "Lease", "leases", "kilonova-system", "kilonova-operator");
        yield return new("v1", "ServiceAccount", "serviceaccounts", "kilonova-system");
        yield return new("v1", "Namespace", "namespaces");
        yield return new("v1", "Node", "nodes");
        yield return new(Rbac, "ClusterRole", "clusterroles");
        yield return new(Rbac, "ClusterRoleBinding", "clusterrolebindings");
        yield return new("certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests");
        yield return new("certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests", null, null, "approval");
        yield return new("certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests", null, null, "status");
        yield return new("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies");
        yield return new("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions");
    }

    private static async Task<string> CellAsync(Caller caller, MatrixRow row, Person person, JsonNode? existing)
    {
        var allowed = new StringBuilder();
        foreach (var verb in row.Verbs)
        {
            var answer = await row.TryAsync(caller, person, verb, existing);
            Assert.True(answer.Code is not (401 or >= 500), $"{person.Label} {verb} {row.Label}: {answer.Code} {answer.Text}");
            if (answer.Code != 403)
                allowed.Append((char)verb);
        }

        return allowed.Length == 0 ? "-" : allowed.ToString();
    }

    private static string Print(MatrixRow[] rows, string[,] cells)
    {
        const int Wide = 55;
        const int Cell = 13;
        var text = new StringBuilder("# g get, l list, w watch, c create, u update, p patch, d delete, x delete collection; - nothing. docs/permissions.md says why.\n");
        text.Append("".PadRight(Wide)).AppendJoin("", People.Select(p => p.Label.PadRight(Cell)));
        TrimLine();
        for (var i = 0; i < rows.Length; i++)
        {
            text.Append(rows[i].Label.PadRight(Wide));
            for (var p = 0; p < People.Length; p++)
                text.Append(cells[i, p].PadRight(Cell));
            TrimLine();
        }

        return text.ToString();

        void TrimLine()
        {
            while (text[^1] == ' ')
                text.Length--;
            text.Append('\n');
        }
    }

    private static async Task AllowedAsync(Task<Answer> request)
    {
        var answer = await request;
        Assert.True(answer.Code is 200 or 201, answer.Message);
    }

    private static async Task RefusedAsync(Task<Answer> request, string because)
    {
        var answer = await request;
        Assert.True(answer.Code == 403 && answer.Message.Contains(because, StringComparison.Ordinal), $"wanted 403 with \"{because}\": {answer.Code} {answer.Message}");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
