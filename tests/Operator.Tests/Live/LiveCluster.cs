using System.Net;
using System.Net.Sockets;
using Kilonova.Crds;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator.Tests.Live;

/// <summary>Operators in this process, hollow hosts, and what a test sees of both through the API server.</summary>
public sealed class LiveCluster : IAsyncDisposable
{
    private readonly ControlPlane _plane;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly ILoggerFactory _logs;
    private readonly List<(CancellationTokenSource Stop, Task<int> Run)> _operators = [];

    public LiveCluster(ControlPlane plane, LogLevel level = LogLevel.Warning)
    {
        _plane = plane;
        Client = plane.Client();
        Api = new ApiResources(Client);
        Hosts = new HollowHosts(Client);
        Servers = new(Api.Servers, WatchScope.AllNamespaces);
        Instances = new(Api.Instances, WatchScope.AllNamespaces);
        Providers = new(Api.Providers, WatchScope.Cluster);
        Providers.OnChange(change => Check(change.New));
        _logs = LoggerFactory.Create(l => l.SetMinimumLevel(level).AddSimpleConsole(c => c.SingleLine = true));
    }

    public KubernetesClient Client { get; }

    public ApiResources Api { get; }

    public HollowHosts Hosts { get; }

    public Informer<Server> Servers { get; }

    public Informer<Instance> Instances { get; }

    public Informer<ResourceProvider> Providers { get; }

    /// <summary>Ledgers that were seen above what the host has: must stay empty.</summary>
    public List<string> Overbooked { get; } = [];

    public string Project { get; } = $"p{Guid.NewGuid():N}"[..12];

    public async Task StartAsync(int operators = 1)
    {
        for (var i = 0; i < operators; i++)
            StartOperator($"op-{i}");
        Hosts.Start();
        _running.Add(Servers.RunAsync(_stop.Token));
        _running.Add(Instances.RunAsync(_stop.Token));
        _running.Add(Providers.RunAsync(_stop.Token));
        await Api.Namespaces.CreateAsync(new() { Metadata = new() { Name = Project } });
        await Api.Flavors.CreateAsync(new Flavor { ApiVersion = ApiGroup.ApiVersion, Kind = "Flavor", Metadata = new() { Name = Flavor }, Spec = new() { Vcpus = 1, MemoryMiB = 64, RootGiB = 1 } });
        await Api.Images.CreateAsync(new Image
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = "Image",
            Metadata = new() { Name = "guest", Namespace = Project },
            Spec = new() { DiskFormat = DiskFormat.Qcow2, Source = new() { Url = "file:///srv/guest.qcow2" } },
        });
    }

    public string Flavor => $"small-{Project}";

    /// <summary>Starts an operator.</summary>
    /// <returns>Its number.</returns>
    public int StartOperator(string identity)
    {
        var stop = new CancellationTokenSource();
        var settings = new OperatorSettings { Kubeconfig = _plane.OperatorKubeconfig, Identity = identity, Listen = $"127.0.0.1:{FreePort()}", Resync = TimeSpan.FromSeconds(10) };
        _operators.Add((stop, Task.Run(() => OperatorProcess.RunAsync(settings, _logs, stop.Token))));
        return _operators.Count - 1;
    }

    /// <summary>Stops an operator, orderly.</summary>
    public async Task<int> StopOperatorAsync(int number)
    {
        await _operators[number].Stop.CancelAsync();
        return await _operators[number].Run;
    }

    public Server NewServer(string name, Func<ServerSpec, ServerSpec>? change = null)
    {
        var spec = new ServerSpec { Flavor = Flavor, Image = new() { Name = "guest" } };
        return new Server { ApiVersion = ApiGroup.ApiVersion, Kind = "Server", Metadata = new() { Name = name, Namespace = Project }, Spec = change is null ? spec : change(spec) };
    }

    public Task<Server> CreateAsync(string name, Func<ServerSpec, ServerSpec>? change = null) => Api.Servers.CreateAsync(NewServer(name, change));

    public Server? Seen(string name) => Servers.Get(new NamespacedName(Project, name));

    public IReadOnlyList<Server> Mine() => [.. Servers.List().Where(s => s.Metadata.Namespace == Project)];

    public async Task DeleteAsync(string name) => await Api.Servers.DeleteAsync((await Api.Servers.GetAsync(new NamespacedName(Project, name)))!);

    /// <summary>Waits until nothing of a test's servers is left: no Server, no Instance, no entry, no guest.</summary>
    public Task NothingLeftAsync() => Eventually.Is(
        () => Mine().Count == 0 && Instances.Count == 0 && Providers.List().All(p => (p.Status?.Allocations?.Count ?? 0) == 0) && Hosts.Guests.IsEmpty,
        "nothing is left",
        describe: () => string.Join('\n', Mine().Select(Describe)) + string.Join('\n', Instances.List()) + string.Join('\n', Providers.List().Select(p => $"{p.Metadata.Name}: {p.Status?.Allocations?.Count}")));

    public static Kilonova.Crds.Meta.Condition? Condition(Server? server, string type) => server?.Status?.Conditions?.FirstOrDefault(c => c.Type == type);

    public static bool IsReady(Server? server) => Condition(server, "Ready")?.Status == Kilonova.Crds.Meta.ConditionStatus.True;

    public static string Describe(Server? server) => server is null ? "(no server)" : System.Text.Json.JsonSerializer.Serialize(server, CrdsJsonContext.Default.Server);

    public async ValueTask DisposeAsync()
    {
        foreach (var (stop, run) in _operators)
        {
            await stop.CancelAsync();
            await run;
            stop.Dispose();
        }

        await Hosts.DisposeAsync();
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        Client.Dispose();
        _logs.Dispose();
        _stop.Dispose();
    }

    private void Check(ResourceProvider? provider)
    {
        foreach (var inventory in provider?.Spec.Inventories ?? [])
        {
            var used = provider!.Status?.Allocations?.Sum(a => a.Resources.GetValueOrDefault(inventory.ResourceClass)) ?? 0;
            if (used > inventory.Total)
                Overbooked.Add($"{provider.Metadata.Name} {inventory.ResourceClass} {used}/{inventory.Total} at {provider.Metadata.ResourceVersion}");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
