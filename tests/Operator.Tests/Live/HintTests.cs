using Kilonova.Crds;

namespace Kilonova.Operator.Tests.Live;

/// <summary>Wishes of servers to the scheduler, on a real API server.</summary>
public sealed class HintTests(ControlPlane plane) : IClassFixture<ControlPlane>
{
    [Fact]
    public async Task Servers_wait_for_those_that_they_name_and_go_where_they_are_or_are_not()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(3, slots: 4, prefix: "hint");
        await cluster.CreateAsync("near", s => s with { SchedulerHints = new() { SameHost = ["first"] } });
        await cluster.CreateAsync("far", s => s with { SchedulerHints = new() { DifferentHost = ["first"] } });
        await Eventually.Is(
            () => Reason("near") == "ServerNotFound" && Reason("far") == "ServerNotFound", "both wait", describe: () => LiveCluster.Describe(cluster.Seen("near")) + LiveCluster.Describe(cluster.Seen("far")));

        await cluster.CreateAsync("first");
        await Eventually.Is(() => cluster.Mine().Count(LiveCluster.IsReady) == 3, "all are Ready", describe: () => string.Join('\n', cluster.Mine().Select(LiveCluster.Describe)));
        Assert.Equal(cluster.Seen("first")!.Status!.Host, cluster.Seen("near")!.Status!.Host);
        Assert.NotEqual(cluster.Seen("first")!.Status!.Host, cluster.Seen("far")!.Status!.Host);
        await Task.WhenAll(cluster.Mine().Select(s => cluster.DeleteAsync(s.Metadata.Name!)));
        await cluster.NothingLeftAsync();

        string? Reason(string name) => LiveCluster.Condition(cluster.Seen(name), "Scheduled")?.Reason;
    }

    [Fact]
    public async Task Metadata_of_an_aggregate_lets_a_waiting_server_in()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(1, slots: 4, prefix: "kept");
        var aggregate = await cluster.Api.Aggregates.CreateAsync(new Aggregate
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = "Aggregate",
            Metadata = new() { Name = $"kept-{cluster.Project}" },
            Spec = new() { Hosts = ["kept-0"], Metadata = new Dictionary<string, string> { ["filter_tenant_id"] = "somebody-else" } },
        });
        await cluster.CreateAsync("web");
        await Eventually.Is(() => LiveCluster.Condition(cluster.Seen("web"), "Scheduled")?.Reason == "NoValidHost", "the host is kept for another project", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        Assert.Equal("AggregateMultiTenancyIsolation", Assert.Single(cluster.Seen("web")!.Status!.Scheduling!.Rejected!).Filter);

        aggregate = (await cluster.Api.Aggregates.GetAsync(new(aggregate.Metadata.Name!)))!;
        await cluster.Api.Aggregates.PatchChangesAsync(aggregate, aggregate with { Spec = aggregate.Spec with { Metadata = new Dictionary<string, string> { ["filter_tenant_id"] = cluster.Project } } });
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "web is let in", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();
        await cluster.Api.Aggregates.DeleteAsync((await cluster.Api.Aggregates.GetAsync(new(aggregate.Metadata.Name!)))!);
    }
}
