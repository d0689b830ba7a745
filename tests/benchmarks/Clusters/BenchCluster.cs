using System.Diagnostics;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Integration.Cluster;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Operator;

namespace Kilonova.Benchmarks.Clusters;

/// <summary>A cluster with a project, and the times at which things were seen to happen to its servers by watching them.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    public const string Project = "bench";
    public const string Image = "guest";
    private const string Flavor = "tiny";
    private const string Network = "outgoing";

    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> running = [];

    private BenchCluster(TestCluster parts)
    {
        Parts = parts;
        Client = new KubernetesClient(KubernetesConfig.Load(new() { Path = parts.Kubectl.Kubeconfig }), new() { Component = "benchmark", MaxInFlight = 32 });
        Api = new ApiResources(Client);
        Servers = new Informer<Server>(Api.Servers, WatchScope.InNamespace(Project));
        Instances = new Informer<Instance>(Api.Instances, WatchScope.AllNamespaces);
        Servers.OnChange(Follow);
        Instances.OnChange(Follow);
    }

    /// <summary>Its processes and hosts.</summary>
    public TestCluster Parts { get; }

    public KubernetesClient Client { get; }

    public ApiResources Api { get; }

    public Informer<Server> Servers { get; }

    public Informer<Instance> Instances { get; }

    /// <summary>What was seen, and when.</summary>
    public Sightings Seen { get; } = new();

    /// <summary>Starts a cluster of which each host takes many small servers.</summary>
    public static async Task<BenchCluster> StartAsync(ClusterShape shape)
    {
        var watch = Stopwatch.StartNew();
        var cluster = new BenchCluster(await TestCluster.StartAsync(shape with { Watched = false }));
        try
        {
            await cluster.PrepareAsync();
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }

        Console.WriteLine($"(a cluster of {shape.Hosts} hosts with QEMU and {shape.TestHosts} on libvirt's test driver is up after {watch.Elapsed.TotalSeconds:0} s)");
        return cluster;
    }

    /// <summary>A server that nobody has created yet.</summary>
    public static Server NewServer(string name, string image = Image) => new()
    {
        ApiVersion = ApiGroup.ApiVersion,
        Kind = nameof(Server),
        Metadata = new() { Name = name, Namespace = Project },
        Spec = new() { Flavor = Flavor, Image = new() { Name = image }, Networks = [new() { Network = Network }] },
    };

    /// <summary>Creates a server; the clock starts with the call.</summary>
    /// <returns>Its instance ID.</returns>
    public async Task<string> CreateAsync(Server server)
    {
        var asked = Stopwatch.GetTimestamp();
        var id = (await Api.Servers.CreateAsync(server)).Metadata.Uid!;
        Seen.Note(id, Milestone.Asked, asked);
        return id;
    }

    /// <summary>Creates many servers at once.</summary>
    public async Task<IReadOnlyList<string>> CreateAsync(string prefix, int count, string image = Image) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => CreateAsync(NewServer($"{prefix}-{i:0000}", image))));

    /// <summary>Deletes servers and waits until they are gone.</summary>
    public async Task DeleteAsync(IReadOnlyCollection<string> ids)
    {
        var wanted = ids.ToHashSet(StringComparer.Ordinal);
        await Task.WhenAll(Servers.List().Where(s => wanted.Contains(s.Metadata.Uid!)).Select(s => Api.Servers.DeleteAsync(s)));
        await WaitAsync(ids, Milestone.Gone);
    }

    /// <summary>Waits until something is so of all these servers.</summary>
    public Task WaitAsync(IEnumerable<string> ids, Milestone what, TimeSpan? limit = null) => Task.WhenAll(ids.Select(id => Seen.WaitAsync(id, what, limit)));

    /// <summary>Lets a host take new servers, or not.</summary>
    public Task EnableAsync(string host, bool enabled) =>
        ChangeAsync(host, spec => spec with { Disabled = !enabled, DisabledReason = enabled ? null : "benchmark" });

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running);
        Client.Dispose();
        await Parts.DisposeAsync();
        stop.Dispose();
    }

    private async Task PrepareAsync()
    {
        await Api.Namespaces.CreateAsync(new() { Metadata = new() { Name = Project } });
        await Api.Flavors.CreateAsync(new Flavor { ApiVersion = ApiGroup.ApiVersion, Kind = nameof(Flavor), Metadata = new() { Name = Flavor }, Spec = new() { Vcpus = 1, MemoryMiB = 96, RootGiB = 1 } });
        await Api.Networks.CreateAsync(new Network { ApiVersion = ApiGroup.ApiVersion, Kind = nameof(Network), Metadata = new() { Name = Network }, Spec = new() { Type = NetworkType.User } });
        await CreateImageAsync(Image);
        foreach (var host in Parts.Hosts)
            await ChangeAsync(host, spec => spec with { CpuAllocationRatio = 64, RamAllocationRatio = 16, DiskAllocationRatio = 16 });

        running.Add(Servers.RunAsync(stop.Token));
        running.Add(Instances.RunAsync(stop.Token));
        await Servers.WaitForSyncAsync(stop.Token);
        await Instances.WaitForSyncAsync(stop.Token);
    }

    /// <summary>Makes an Image of the test guest.</summary>
    public async Task CreateImageAsync(string name) => await Api.Images.CreateAsync(new Image
    {
        ApiVersion = ApiGroup.ApiVersion,
        Kind = nameof(Image),
        Metadata = new() { Name = name, Namespace = Project },
        Spec = new() { DiskFormat = DiskFormat.Qcow2, Source = new() { Url = $"file://{await TestCluster.GuestImageAsync()}" } },
    });

    /// <summary>Changes a Hypervisor's specification; its agent writes it too, so a conflict is read again.</summary>
    private async Task ChangeAsync(string host, Func<HypervisorSpec, HypervisorSpec> change)
    {
        for (var attempt = 0; ; attempt++)
        {
            var hypervisor = (await Api.Hypervisors.GetAsync(new NamespacedName(host)))!;
            try
            {
                await Api.Hypervisors.PatchChangesAsync(hypervisor, hypervisor with { Spec = change(hypervisor.Spec) });
                return;
            }
            catch (KubernetesException e) when (e.IsConflict && attempt < 5)
            {
                // Written meanwhile.
            }
        }
    }

    private void Follow(Change<Server> change)
    {
        var id = change.Latest.Metadata.Uid!;
        if (change.New is not { } server)
        {
            Seen.Note(id, Milestone.Gone);
            return;
        }

        if (server.Status?.Host is not null)
            Seen.Note(id, Milestone.Bound);
        if (server.Status is { Phase: ServerPhase.Active } status && status.Conditions?.Any(c => c is { Type: "Ready", Status: ConditionStatus.True }) == true)
            Seen.Note(id, Milestone.Active);
    }

    private void Follow(Change<Instance> change)
    {
        var id = change.Latest.Metadata.Name!;
        Seen.Note(id, Milestone.Ordered);
        if (change.New?.Status?.PowerState == PowerState.Running)
            Seen.Note(id, Milestone.Reported);
    }
}
