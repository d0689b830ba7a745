using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;

namespace Kilonova.Integration.Cluster;

/// <summary>
/// Plays the operator towards one agent, one write at a time, also the wrong ones: so tests see what the agent does by itself. For clusters without operators.
/// </summary>
public sealed class OperatorByHand(TestCluster cluster, string host) : IDisposable
{
    private readonly KubernetesClient client = cluster.Connect();

    /// <summary>Namespace of the host.</summary>
    public string Namespace { get; } = ApiGroup.HostNamespace(host);

    private Resource<Instance> Instances => client.Resource(ResourceType.Of(CrdsJsonContext.Default.Instance));

    private Resource<ResourceProvider> Providers => client.Resource(ResourceType.Of(CrdsJsonContext.Default.ResourceProvider));

    /// <summary>Makes the host's namespace with the permissions of its agent.</summary>
    public Task AdmitAsync() => cluster.Kubectl.ApplyAsync($$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{Namespace}}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: agent, namespace: {{Namespace}}}
        rules:
        - {apiGroups: [compute.kilonova.dev], resources: [instances], verbs: [get, list, watch, update, patch]}
        - {apiGroups: [compute.kilonova.dev], resources: [instances/status], verbs: [update, patch]}
        - {apiGroups: [""], resources: [secrets], verbs: [get]}
        - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update, patch]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: agent, namespace: {{Namespace}}}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: agent}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "kilonova:host:{{host}}"}]
        """);

    /// <summary>An Instance as the operator would write it, with an ID of its own.</summary>
    public Instance New(string imageUrl, long epoch = 1) => Of(Guid.NewGuid().ToString("D"), imageUrl, epoch);

    /// <summary>An Instance of a given ID.</summary>
    public Instance Of(string id, string imageUrl, long epoch) => new()
    {
        ApiVersion = ApiGroup.ApiVersion,
        Kind = "Instance",
        Metadata = new ObjectMeta { Namespace = Namespace, Name = id, Finalizers = [ApiGroup.AgentFinalizer, ApiGroup.LedgerFinalizer] },
        Spec = new InstanceSpec
        {
            Server = new ServerReference { Namespace = "tests", Name = $"server-{id[..8]}", Uid = id },
            Epoch = epoch,
            ClaimID = Guid.NewGuid().ToString("N"),
            Hostname = $"guest-{id[..8]}",
            Flavor = new InstanceFlavor { Name = "tiny", Vcpus = 1, MemoryMiB = 96, RootGiB = 1 },
            Image = new InstanceImage { Name = "tests/guest", Url = imageUrl, Format = DiskFormat.Qcow2 },
            Interfaces = [new InstanceInterface { Network = "outgoing", Type = NetworkType.User, MacAddress = "52:54:00:12:34:56" }],
            RequestID = "req-by-hand",
        },
    };

    /// <summary>Writes the ledger's entry and then the Instance.</summary>
    public async Task<Instance> PlaceAsync(Instance instance)
    {
        await ClaimAsync(instance.Metadata.Name!, instance.Spec.Epoch, instance.Spec.ClaimID);
        return await CreateAsync(instance);
    }

    /// <summary>Writes an Instance.</summary>
    public Task<Instance> CreateAsync(Instance instance) => Instances.CreateAsync(instance);

    /// <summary>Adds an entry to the host's ledger.</summary>
    public Task ClaimAsync(string id, long epoch, string claim) => ChangeLedgerAsync(entries => entries.Add(new Allocation
    {
        Id = id,
        Epoch = epoch,
        ClaimID = claim,
        Holder = "Server/tests/by-hand",
        Resources = new Dictionary<string, long> { ["VCPU"] = 1 },
    }));

    /// <summary>Removes the entries of an ID.</summary>
    public Task ReleaseAsync(string id) => ChangeLedgerAsync(entries => entries.RemoveAll(entry => entry.Id == id));

    /// <summary>Reads an Instance; null when it is gone.</summary>
    public Task<Instance?> GetAsync(Instance instance) => Instances.GetAsync(NamespacedName.Of(instance));

    /// <summary>Changes an Instance's wanted power state.</summary>
    public Task PowerAsync(Instance instance, WantedPowerState state) =>
        PatchAsync(instance, new JsonObject { ["spec"] = new JsonObject { ["powerState"] = state.ToString() } });

    /// <summary>Patches an Instance.</summary>
    public Task PatchAsync(Instance instance, JsonObject patch) => Instances.PatchMergeAsync(NamespacedName.Of(instance), patch, Guard.None);

    /// <summary>Asks for an Instance's deletion.</summary>
    public Task DeleteAsync(Instance instance) => Instances.DeleteAsync(instance);

    /// <summary>Waits for the agent's confirmation that nothing is left, then releases entry and Instance as the operator does.</summary>
    public async Task FinishAsync(Instance instance, int seconds = 60)
    {
        await Eventually.Get(
            $"the agent confirms that {instance.Metadata.Name} is gone",
            () => GetAsync(instance),
            now => now?.Metadata.Finalizers?.Contains(ApiGroup.AgentFinalizer) != true,
            TimeSpan.FromSeconds(seconds),
            Describe);
        await ReleaseAsync(instance.Metadata.Name!);
        if (await GetAsync(instance) is { } last)
            await Instances.PatchMergeAsync(NamespacedName.Of(last), new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray() } }, Guard.Identity(last));
    }

    /// <summary>Takes an Instance away behind the agent's back, as a restored store does.</summary>
    public async Task VanishAsync(Instance instance)
    {
        await PatchAsync(instance, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray() } });
        await DeleteAsync(instance);
    }

    /// <summary>Waits until an Instance's status meets a condition.</summary>
    public async Task<Instance> UntilAsync(string what, Instance instance, Func<Instance, bool> condition, int seconds = 90) =>
        (await Eventually.Get(what, () => GetAsync(instance), now => now is not null && condition(now), TimeSpan.FromSeconds(seconds), Describe))!;

    /// <summary>Waits until the agent says that the guest runs.</summary>
    public Task<Instance> RunningAsync(Instance instance) => UntilAsync("the guest runs", instance, now => Ready(now) == "Running");

    /// <summary>Reason of an Instance's Ready condition.</summary>
    public static string? Ready(Instance? instance) => instance?.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.Reason;

    /// <summary>Writes user data into a Secret beside the Instances.</summary>
    public Task SecretAsync(string name, string userData) => client.Resource(CoreResources.Secrets).CreateAsync(new Secret
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Metadata = new ObjectMeta { Namespace = Namespace, Name = name },
        Data = new Dictionary<string, byte[]> { [ApiGroup.UserDataKey] = System.Text.Encoding.UTF8.GetBytes(userData) },
    });

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private static string Describe(Instance? instance) => instance is null ? "gone" : JsonSerializer.Serialize(instance, CrdsJsonContext.Default.Instance);

    private async Task ChangeLedgerAsync(Action<List<Allocation>> change)
    {
        while (true)
        {
            var provider = (await Providers.GetAsync(new NamespacedName(host)))!;
            var entries = new List<Allocation>(provider.Status?.Allocations ?? []);
            change(entries);
            try
            {
                await Providers.UpdateStatusAsync(provider with { Status = (provider.Status ?? new ResourceProviderStatus()) with { Allocations = entries } });
                return;
            }
            catch (KubernetesException error) when (error.IsGuardFailure)
            {
                // The agent wrote its facts meanwhile.
            }
        }
    }
}
