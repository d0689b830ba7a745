using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Operator.Tests.Live;

/// <summary>What the operator does when something does not go as it should.</summary>
public sealed class RobustnessTests(ControlPlane plane) : IClassFixture<ControlPlane>
{
    [Fact]
    public async Task Three_writes_bring_a_Server_to_Active_one_its_ledger_and_one_its_Instance()
    {
        await using var cluster = new LiveCluster(plane);
        var versions = new List<string>();
        cluster.Servers.OnChange(c => Note(c.New, "Server"));
        cluster.Instances.OnChange(c => Note(c.New, "Instance"));
        cluster.Providers.OnChange(c => Note(c.New, "ledger"));
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(1, slots: 1, prefix: "frugal");
        versions.Clear();
        await cluster.CreateAsync("web");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "it is Ready");
        await Eventually.Is(() => versions.Any(v => v.StartsWith("ledger", StringComparison.Ordinal)), "the ledger's watch has caught up");

        // The first version of each is its creation; of the Instance the second is the agent's word.
        var seen = string.Join('\n', versions);
        Assert.True(versions.Count(v => v.StartsWith("Server", StringComparison.Ordinal)) <= 1 + 3, seen);
        Assert.True(versions.Count(v => v.StartsWith("Instance", StringComparison.Ordinal)) <= 1 + 1, seen);
        Assert.True(versions.Count(v => v.StartsWith("ledger", StringComparison.Ordinal)) == 1, seen);
        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();

        void Note(KubernetesObject? obj, string kind)
        {
            lock (versions)
                versions.Add($"{kind} {obj?.Metadata.Name} {obj?.Metadata.ResourceVersion}");
        }
    }

    [Fact]
    public async Task A_delete_at_any_moment_leaves_nothing_behind()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(3, slots: 10, prefix: "any");
        var random = new Random(20261120);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var server = await cluster.CreateAsync($"s{i:00}");
            await Task.Delay(random.Next(0, 400));
            await cluster.Api.Servers.DeleteAsync(server);
        }));
        await cluster.NothingLeftAsync();
        Assert.Empty(cluster.Overbooked);
    }

    [Fact]
    public async Task A_host_that_is_silent_gets_no_guests_and_those_on_it_are_unreachable_not_lost()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(1, slots: 4, prefix: "silent");
        await cluster.CreateAsync("web");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "it runs");

        // An agent that goes away for good has its Lease deleted; one that dies lets it run out, which takes a minute and is tested with a clock.
        var key = new NamespacedName(ApiGroup.HostNamespace("silent-0"), ApiGroup.AgentLeaseName);
        var lease = (await cluster.Api.Leases.GetAsync(key))!;
        await cluster.Api.Leases.DeleteAsync(lease);
        await Eventually.Is(() => LiveCluster.Condition(cluster.Seen("web"), "HostReachable")?.Status == ConditionStatus.False, "it is unreachable", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        Assert.Equal((ServerPhase.Active, ConditionStatus.Unknown), (cluster.Seen("web")!.Status!.Phase, LiveCluster.Condition(cluster.Seen("web"), "Ready")!.Status));
        await cluster.CreateAsync("other");
        await Eventually.Is(() => LiveCluster.Condition(cluster.Seen("other"), "Scheduled")?.Reason == "NoValidHost", "no host is in service");

        await cluster.Hosts.ForgetLeaseAsync("silent-0");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")) && LiveCluster.IsReady(cluster.Seen("other")), "the host is back", describe: () => LiveCluster.Describe(cluster.Seen("other")));
        await cluster.DeleteAsync("web");
        await cluster.DeleteAsync("other");
        await cluster.NothingLeftAsync();
    }

    [Fact]
    public async Task Zones_of_aggregates_are_kept_and_shown()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(2, slots: 4, prefix: "zoned");
        var aggregate = await cluster.Api.Aggregates.CreateAsync(new Aggregate { ApiVersion = ApiGroup.ApiVersion, Kind = "Aggregate", Metadata = new() { Name = "east" }, Spec = new() { Hosts = ["zoned-1"], AvailabilityZone = "east" } });
        await cluster.CreateAsync("web", s => s with { AvailabilityZone = "east" });
        await cluster.CreateAsync("nowhere", s => s with { AvailabilityZone = "west" });
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "it is Ready", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        Assert.Equal(("zoned-1", "east"), (cluster.Seen("web")!.Status!.Host, cluster.Seen("web")!.Status!.AvailabilityZone));
        await Eventually.Is(() => LiveCluster.Condition(cluster.Seen("nowhere"), "Scheduled")?.Reason == "NoValidHost", "there is no zone west");
        await Eventually.Is(async () => (await cluster.Api.Aggregates.GetAsync(new("east")))?.Status?.Hosts is ["zoned-1"], "the aggregate lists its member");

        aggregate = (await cluster.Api.Aggregates.GetAsync(new("east")))!;
        await cluster.Api.Aggregates.PatchChangesAsync(aggregate, aggregate with { Spec = aggregate.Spec with { AvailabilityZone = "west" } });
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("nowhere")), "the change of the zone woke it", describe: () => LiveCluster.Describe(cluster.Seen("nowhere")));
        await cluster.DeleteAsync("web");
        await cluster.DeleteAsync("nowhere");
        await cluster.NothingLeftAsync();
        await cluster.Api.Aggregates.DeleteAsync((await cluster.Api.Aggregates.GetAsync(new("east")))!);
    }

    [Fact]
    public async Task An_Instance_deleted_by_hand_under_a_running_guest_is_told_and_never_made_anew()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(1, slots: 4, prefix: "hand");
        await cluster.CreateAsync("web");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "it runs");
        await cluster.Api.Instances.DeleteAsync(Assert.Single(cluster.Instances.List()));
        await Eventually.Is(() => LiveCluster.Condition(cluster.Seen("web"), "Stalled")?.Reason == "PlaceLost", "it is told", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        Assert.Equal(ServerPhase.Error, cluster.Seen("web")!.Status!.Phase);
        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();
    }

    [Fact]
    public async Task An_agent_sees_its_own_namespace_and_no_other()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(2, slots: 1, prefix: "own");
        using var agent = new KubernetesClient(KubernetesConfig.Load(new KubernetesConfigOptions { Path = await plane.UserAsync("kilonova:host:own-0", "kilonova:hosts") }));
        var api = new ApiResources(agent);
        Assert.Empty((await api.Instances.ListAsync(WatchScope.InNamespace("kilonova-host-own-0"))).Items);
        var lease = (await api.Leases.GetAsync(new("kilonova-host-own-0", ApiGroup.AgentLeaseName)))!;
        await api.Leases.UpdateAsync(lease with { Spec = lease.Spec! with { RenewTime = DateTimeOffset.UtcNow } });
        await Forbidden(() => api.Instances.ListAsync(WatchScope.InNamespace("kilonova-host-own-1")));
        await Forbidden(() => api.Secrets.ListAsync(WatchScope.InNamespace("kilonova-host-own-0")));
        await Forbidden(() => api.Servers.ListAsync(WatchScope.InNamespace(cluster.Project)));
        await Forbidden(() => api.Providers.UpdateStatusAsync(cluster.Providers.Get(new("own-0"))!));

        static async Task Forbidden(Func<Task> call) => Assert.True((await Assert.ThrowsAsync<KubernetesException>(call)).IsForbidden);
    }

    [Fact]
    public async Task An_outage_of_the_API_server_loses_leadership_and_nothing_else()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(2, slots: 10, prefix: "outage");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => cluster.CreateAsync($"s{i}")));
        await Eventually.Is(() => cluster.Mine().Count(s => s.Status?.Host is not null) > 2, "placing has begun");
        await plane.PlaneAsync("kill-api");
        await Task.Delay(TimeSpan.FromSeconds(12), TestContext.Current.CancellationToken);
        await plane.PlaneAsync("restart-api");
        await Eventually.Is(() => cluster.Mine().Count == 10 && cluster.Mine().All(LiveCluster.IsReady), "all are Ready", describe: () => LiveCluster.Describe(cluster.Mine().FirstOrDefault(s => !LiveCluster.IsReady(s))));
        Assert.Empty(cluster.Overbooked);
        Assert.Equal(10, cluster.Hosts.Guests.Count);
        await Task.WhenAll(cluster.Mine().Select(s => cluster.DeleteAsync(s.Metadata.Name!)));
        await cluster.NothingLeftAsync();
    }
}
