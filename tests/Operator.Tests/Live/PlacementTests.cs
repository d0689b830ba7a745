using System.Diagnostics;
using Kilonova.Crds;
using Kilonova.Crds.Meta;

namespace Kilonova.Operator.Tests.Live;

/// <summary>The operator against a real API server, with hollow hosts.</summary>
public sealed class PlacementTests(ControlPlane plane) : IClassFixture<ControlPlane>
{
    [Fact]
    public async Task A_server_is_placed_becomes_Ready_and_goes_without_a_trace()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(2, slots: 4, prefix: "life");
        await cluster.CreateAsync("web");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "web is Ready", describe: () => LiveCluster.Describe(cluster.Seen("web")));

        var server = cluster.Seen("web")!;
        Assert.Equal(ServerPhase.Active, server.Status!.Phase);
        Assert.Equal(server.Metadata.Uid, server.Status.InstanceID);
        Assert.Equal(1, server.Status.HostEpoch);
        Assert.Equal(server.Metadata.Generation, server.Status.ObservedGeneration);
        Assert.Equal("nova", server.Status.AvailabilityZone);
        var instance = Assert.Single(cluster.Instances.List());
        Assert.Equal(server.Status.ClaimID, instance.Spec.ClaimID);

        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();
    }

    [Fact]
    public async Task Two_hundred_servers_on_150_places_fill_them_exactly_and_deleting_50_lets_the_others_in()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(10, slots: 15, prefix: "burst");
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => cluster.CreateAsync($"s{i:000}")));
        Say(watch, "200 created");
        await Eventually.Is(() => cluster.Mine().Count(s => s.Status?.Host is not null) == 150, "150 are bound");
        Say(watch, "150 bound");
        await Eventually.Is(
            () => cluster.Mine().Count(LiveCluster.IsReady) == 150 && cluster.Mine().Count(IsRejected) == 50,
            "150 are Ready and 50 have no valid host",
            describe: () => $"{cluster.Mine().Count(LiveCluster.IsReady)} Ready, {cluster.Mine().Count(IsRejected)} rejected of {cluster.Mine().Count}\n{LiveCluster.Describe(cluster.Mine().FirstOrDefault(s => !LiveCluster.IsReady(s) && !IsRejected(s)))}");
        Say(watch, "150 Ready, 50 rejected");
        var rejected = cluster.Mine().First(IsRejected);
        Assert.Equal("cell0", rejected.Status!.Cell);
        Assert.Contains("10 Insufficient", LiveCluster.Condition(rejected, "Scheduled")!.Message, StringComparison.Ordinal);
        Assert.Equal(10, rejected.Status.Scheduling!.Rejected!.Sum(r => r.Hosts));

        foreach (var server in cluster.Mine().Where(LiveCluster.IsReady).Take(50))
            await cluster.DeleteAsync(server.Metadata.Name!);
        await Eventually.Is(() => cluster.Mine().Count == 150 && cluster.Mine().All(LiveCluster.IsReady), "the others are in", describe: () => LiveCluster.Describe(cluster.Mine().FirstOrDefault(s => !LiveCluster.IsReady(s))));
        Say(watch, "50 deleted, 50 others Ready");
        Assert.Empty(cluster.Overbooked);

        await Task.WhenAll(cluster.Mine().Select(s => cluster.DeleteAsync(s.Metadata.Name!)));
        await cluster.NothingLeftAsync();
        Say(watch, "150 deleted");
    }

    [Fact]
    public async Task A_host_that_fails_to_build_is_left_for_another_and_remembered()
    {
        await using var cluster = new LiveCluster(plane);
        cluster.Hosts.Fails = (host, instance) => host == "alt-0" ? Failure(instance) : null;
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(1, slots: 8, prefix: "alt");
        await cluster.CreateAsync("web");
        await Eventually.Is(() => LiveCluster.Condition(cluster.Seen("web"), "Scheduled")?.Reason == "NoValidHost", "the only host failed", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        Assert.Contains("alt-0 failed", LiveCluster.Condition(cluster.Seen("web"), "Ready")!.Message, StringComparison.Ordinal);

        await cluster.Hosts.AddAsync(1, slots: 8, prefix: "alternate");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "web is Ready elsewhere", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        var status = cluster.Seen("web")!.Status!;
        Assert.Equal("alternate-0", status.Host);
        Assert.Equal(2, status.HostEpoch);
        Assert.Equal("alt-0", Assert.Single(status.FailedHosts!).Host);
        await Eventually.Is(() => cluster.Instances.Count == 1, "the failed Instance is gone");
        Assert.Empty(cluster.Providers.Get(new("alt-0"))!.Status!.Allocations!);
        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();
    }

    [Fact]
    public async Task After_three_failures_the_server_is_in_Error_with_all_reasons_and_can_be_deleted()
    {
        await using var cluster = new LiveCluster(plane);
        cluster.Hosts.Fails = (_, instance) => Failure(instance);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(4, slots: 8, prefix: "bad");
        await cluster.CreateAsync("web");
        await Eventually.Is(() => cluster.Seen("web")?.Status?.Phase == ServerPhase.Error, "Error", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        var status = cluster.Seen("web")!.Status!;
        Assert.Equal(2, status.FailedHosts!.Count);
        var stalled = LiveCluster.Condition(cluster.Seen("web"), "Stalled")!;
        Assert.Contains("failed on 3 hosts", stalled.Message, StringComparison.Ordinal);
        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();
    }

    [Fact]
    public async Task Power_states_follow_and_a_wanted_Stopped_is_Ready()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(1, slots: 2, prefix: "power");
        await cluster.CreateAsync("web");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "it runs");
        await SetPowerAsync(cluster, WantedPowerState.Stopped);
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")) && cluster.Seen("web")!.Status!.Phase == ServerPhase.Shutoff, "it is off, and Ready", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        Assert.Equal(2, cluster.Seen("web")!.Status!.ObservedGeneration);
        await SetPowerAsync(cluster, WantedPowerState.Running);
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")) && cluster.Seen("web")!.Status!.Phase == ServerPhase.Active, "it runs again", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();
    }

    [Fact]
    public async Task What_is_missing_is_named_and_the_server_goes_on_when_it_is_there()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(1, slots: 2, prefix: "missing");
        await cluster.CreateAsync("web", s => s with { KeyPairs = ["admin"], UserDataFrom = new() { Name = "words", Key = "text" } });
        await Reason("KeyPairNotFound");
        await cluster.Api.KeyPairs.CreateAsync(new KeyPair { ApiVersion = ApiGroup.ApiVersion, Kind = "KeyPair", Metadata = new() { Name = "admin", Namespace = cluster.Project }, Spec = new() { PublicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtdzEGbTcQFNUFqfzOyvj5sYmdqd5JFF6q3bR4TWU7T admin" } });
        await Reason("SecretNotFound");
        await cluster.Api.Secrets.CreateAsync(new() { Metadata = new() { Name = "words", Namespace = cluster.Project }, Data = new Dictionary<string, byte[]> { ["text"] = "#!/bin/sh"u8.ToArray() } });
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "web is Ready", describe: () => LiveCluster.Describe(cluster.Seen("web")));

        var instance = Assert.Single(cluster.Instances.List());
        Assert.Equal("admin", Assert.Single(instance.Spec.Keys!).Name);
        Assert.Equal(instance.Metadata.Name, instance.Spec.SecretName);
        var secret = await cluster.Api.Secrets.GetAsync(new(instance.Metadata.Namespace, instance.Spec.SecretName!));
        Assert.Equal("#!/bin/sh", secret!.Text(ApiGroup.UserDataKey));
        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();
        await Eventually.Is(async () => await cluster.Api.Secrets.GetAsync(new(instance.Metadata.Namespace, instance.Metadata.Name!)) is null, "the Secret went with its Instance");

        Task Reason(string reason) => Eventually.Is(() => LiveCluster.Condition(cluster.Seen("web"), "Ready")?.Reason == reason, reason, describe: () => LiveCluster.Describe(cluster.Seen("web")));
    }

    [Fact]
    public async Task A_stray_keeps_its_server_from_being_scheduled()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.CreateAsync("web");
        await Eventually.Is(() => cluster.Seen("web")?.Metadata.Finalizers?.Count > 0, "the server was seen");
        var id = cluster.Seen("web")!.Metadata.Uid!;
        await cluster.Hosts.AddAsync(0, 0);
        var host = await cluster.Api.Hypervisors.CreateAsync(new Hypervisor { ApiVersion = ApiGroup.ApiVersion, Kind = "Hypervisor", Metadata = new() { Name = "stray-a" }, Spec = new() });
        host = await cluster.Api.Hypervisors.PatchChangesAsync(host, host with { Status = new() { Strays = [new StrayDomain { InstanceID = id, Epoch = 7, Reason = "NoInstance" }] } }, "status");
        await Eventually.Is(() => LiveCluster.Condition(cluster.Seen("web"), "Blocked") is { Status: ConditionStatus.True, Reason: "FoundOn" } c && c.Message.Contains("stray-a", StringComparison.Ordinal), "it is Blocked", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        await cluster.Hosts.AddAsync(1, slots: 2, prefix: "stray-free");
        Assert.Null(cluster.Seen("web")!.Status!.Host);

        host = (await cluster.Api.Hypervisors.GetAsync(new("stray-a")))!;
        await cluster.Api.Hypervisors.PatchChangesAsync(host, host with { Status = new() }, "status");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("web")), "it goes on", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        Assert.Null(LiveCluster.Condition(cluster.Seen("web"), "Blocked"));
        await cluster.DeleteAsync("web");
        await cluster.NothingLeftAsync();
        await cluster.Api.Hypervisors.DeleteAsync((await cluster.Api.Hypervisors.GetAsync(new("stray-a")))!);
    }

    [Fact]
    public async Task With_two_operators_one_leads_and_the_other_goes_on_in_the_middle_of_a_burst()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync(operators: 2);
        await cluster.Hosts.AddAsync(5, slots: 20, prefix: "duo");
        var creating = Task.WhenAll(Enumerable.Range(0, 100).Select(i => cluster.CreateAsync($"s{i:000}")));
        await Eventually.Is(() => cluster.Mine().Count(s => s.Status?.Host is not null) > 20, "the burst is under way");
        Assert.Equal(0, await cluster.StopOperatorAsync(0));
        Assert.Equal(0, await cluster.StopOperatorAsync(1));
        cluster.StartOperator("op-2");
        await creating;
        await Eventually.Is(() => cluster.Mine().Count == 100 && cluster.Mine().All(LiveCluster.IsReady), "all are Ready", describe: () => LiveCluster.Describe(cluster.Mine().FirstOrDefault(s => !LiveCluster.IsReady(s))));
        Assert.Empty(cluster.Overbooked);
        Assert.Equal(100, cluster.Hosts.Guests.Keys.DistinctBy(g => g.Id).Count());
        Assert.Equal(100, cluster.Hosts.Guests.Count);
        await Task.WhenAll(cluster.Mine().Select(s => cluster.DeleteAsync(s.Metadata.Name!)));
        await cluster.NothingLeftAsync();
    }

    [Fact]
    public async Task A_server_that_fails_for_want_of_a_host_is_not_tried_again()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.CreateAsync("web", s => s with { OnNoValidHost = OnNoValidHost.Fail });
        await Eventually.Is(() => cluster.Seen("web")?.Status?.Phase == ServerPhase.Error, "Error", describe: () => LiveCluster.Describe(cluster.Seen("web")));
        await cluster.Hosts.AddAsync(1, slots: 2, prefix: "late");
        await cluster.CreateAsync("other");
        await Eventually.Is(() => LiveCluster.IsReady(cluster.Seen("other")), "there is room by now");
        Assert.Equal(ServerPhase.Error, cluster.Seen("web")!.Status!.Phase);
        await cluster.DeleteAsync("web");
        await cluster.DeleteAsync("other");
        await cluster.NothingLeftAsync();
    }

    private static void Say(Stopwatch watch, string what) => TestContext.Current.TestOutputHelper!.WriteLine($"{watch.Elapsed.TotalSeconds,6:0.00} s  {what}");

    private static bool IsRejected(Server server) => LiveCluster.Condition(server, "Scheduled") is { Status: ConditionStatus.False, Reason: "NoValidHost" };

    private static InstanceFailure Failure(Instance instance) =>
        new() { Epoch = instance.Spec.Epoch, Step = InstanceStep.Define, Reason = "DefineFailed", Message = "no such machine type.", Elsewhere = true };

    private static async Task SetPowerAsync(LiveCluster cluster, WantedPowerState state)
    {
        var server = (await cluster.Api.Servers.GetAsync(new(cluster.Project, "web")))!;
        await cluster.Api.Servers.PatchChangesAsync(server, server with { Spec = server.Spec with { PowerState = state } });
    }
}
