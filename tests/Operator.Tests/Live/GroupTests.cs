using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Operator.Tests.Live;

/// <summary>Server groups on a real API server, with servers created all at once.</summary>
public sealed class GroupTests(ControlPlane plane) : IClassFixture<ControlPlane>
{
    [Fact]
    public async Task Of_sixty_servers_that_must_be_apart_two_go_to_each_host_and_the_others_wait()
    {
        await using var cluster = new LiveCluster(plane);
        var violations = new ConcurrentBag<string>();
        cluster.Providers.OnChange(change => Check(cluster, change.New, most: 2, violations));
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(8, slots: 20, prefix: "apart");
        await CreateGroupAsync(cluster, ServerGroupPolicy.AntiAffinity, 2);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => cluster.CreateAsync($"s{i:00}", InGroup)));
        await Eventually.Is(
            () => cluster.Mine().Count(LiveCluster.IsReady) == 16 && cluster.Mine().Count(IsRejected) == 44,
            "16 are Ready and 44 wait",
            describe: () => $"{cluster.Mine().Count(LiveCluster.IsReady)} Ready, {cluster.Mine().Count(IsRejected)} wait\n{LiveCluster.Describe(cluster.Mine().FirstOrDefault(s => !LiveCluster.IsReady(s) && !IsRejected(s)))}");
        Assert.All(Placed(cluster), host => Assert.Equal(2, host.Count()));
        Assert.Contains("ServerGroupAntiAffinityFilter", cluster.Mine().First(IsRejected).Status!.Scheduling!.Rejected!.Select(r => r.Filter));

        // Who leaves lets another in.
        var left = cluster.Mine().Where(LiveCluster.IsReady).Take(6).ToList();
        await Task.WhenAll(left.Select(s => cluster.DeleteAsync(s.Metadata.Name!)));
        await Eventually.Is(
            () => cluster.Mine().Count == 54 && cluster.Mine().Count(LiveCluster.IsReady) == 16, "six others are in", describe: () => $"{cluster.Mine().Count(LiveCluster.IsReady)} Ready of {cluster.Mine().Count}");
        Assert.All(Placed(cluster), host => Assert.Equal(2, host.Count()));

        var group = (await cluster.Api.Groups.GetAsync(new NamespacedName(cluster.Project, "web")))!;
        Assert.Equal(
            cluster.Mine().Where(s => s.Status?.Host is not null).Select(s => (s.Metadata.Name, s.Status!.Host, s.Status.ClaimID)).Order(),
            group.Status!.Members!.Select(m => (m.Server, m.Host, m.ClaimID)).Order()!);
        await Task.WhenAll(cluster.Mine().Select(s => cluster.DeleteAsync(s.Metadata.Name!)));
        await cluster.NothingLeftAsync();
        await Eventually.Is(async () => (await cluster.Api.Groups.GetAsync(new NamespacedName(cluster.Project, "web")))!.Status!.Members is null or { Count: 0 }, "no seat is left");
        Assert.Empty(violations);
        Assert.Empty(cluster.Overbooked);
    }

    [Fact]
    public async Task Servers_that_must_be_together_are_and_what_does_not_fit_there_waits()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(4, slots: 5, prefix: "together");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => cluster.CreateAsync($"s{i}", InGroup)));
        await Eventually.Is(() => cluster.Mine().Count(s => LiveCluster.Condition(s, "Scheduled")?.Reason == "ServerGroupNotFound") == 8, "all wait for their group");
        await CreateGroupAsync(cluster, ServerGroupPolicy.Affinity, null);
        await Eventually.Is(
            () => cluster.Mine().Count(LiveCluster.IsReady) == 5 && cluster.Mine().Count(IsRejected) == 3, "five are Ready and three wait",
            describe: () => string.Join('\n', cluster.Mine().Select(LiveCluster.Describe)));
        Assert.Single(Placed(cluster));
        await Task.WhenAll(cluster.Mine().Select(s => cluster.DeleteAsync(s.Metadata.Name!)));
        await cluster.NothingLeftAsync();
    }

    [Fact]
    public async Task A_group_that_is_made_anew_learns_of_the_members_that_are_there()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(2, slots: 5, prefix: "anew");
        await CreateGroupAsync(cluster, ServerGroupPolicy.AntiAffinity, null);
        await cluster.CreateAsync("one", InGroup);
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("one")), "one is Ready");
        await cluster.Api.Groups.DeleteAsync((await cluster.Api.Groups.GetAsync(new NamespacedName(cluster.Project, "web")))!);
        await CreateGroupAsync(cluster, ServerGroupPolicy.AntiAffinity, null);
        await Eventually.Is(
            async () => (await cluster.Api.Groups.GetAsync(new NamespacedName(cluster.Project, "web")))!.Status?.Members is [{ Server: "one" }], "the new group knows it");
        await cluster.DeleteAsync("one");
        await cluster.NothingLeftAsync();
    }

    private static ServerSpec InGroup(ServerSpec spec) => spec with { SchedulerHints = new() { Group = "web" } };

    private static bool IsRejected(Server server) => LiveCluster.Condition(server, "Scheduled")?.Reason == "NoValidHost";

    private static List<IGrouping<string, Server>> Placed(LiveCluster cluster) => [.. cluster.Mine().Where(s => s.Status?.Host is not null).GroupBy(s => s.Status!.Host!)];

    private static async Task CreateGroupAsync(LiveCluster cluster, ServerGroupPolicy policy, int? most) => await cluster.Api.Groups.CreateAsync(new ServerGroup
    {
        ApiVersion = ApiGroup.ApiVersion,
        Kind = "ServerGroup",
        Metadata = new() { Name = "web", Namespace = cluster.Project },
        Spec = new() { Policy = policy, MaxServerPerHost = most },
    });

    /// <summary>All servers of this test are of one group: no ledger ever holds more of them than may be.</summary>
    private static void Check(LiveCluster cluster, ResourceProvider? ledger, int most, ConcurrentBag<string> violations)
    {
        var mine = ledger?.Status?.Allocations?.Count(a => a.Holder.StartsWith($"Server/{cluster.Project}/", StringComparison.Ordinal)) ?? 0;
        if (mine > most)
            violations.Add($"{ledger!.Metadata.Name} holds {mine} members at {ledger.Metadata.ResourceVersion}");
    }
}
