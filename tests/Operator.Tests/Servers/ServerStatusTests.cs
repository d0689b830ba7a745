using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Servers;
using Kilonova.Operator.Tests.Protocol;

namespace Kilonova.Operator.Tests.Servers;

/// <summary>Every state that a server goes through, and what its status then says: to people, to kubectl wait and to kstatus.</summary>
public sealed class ServerStatusTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly SchedulingReport Report = new() { Hosts = 3 };

    [Theory]
    [MemberData(nameof(States))]
    public void A_state_is_told_to_people_and_to_kstatus_alike(string name, ServerPhase phase, string? task, ConditionStatus ready, string reason, string kstatus)
    {
        var facts = All()[name];
        var status = ServerStatusBuilder.Build(facts);
        var condition = status.Conditions!.Single(c => c.Type == "Ready");
        Assert.Equal((phase, task, ready, reason), (status.Phase!.Value, status.TaskState, condition.Status, condition.Reason));
        Assert.NotEmpty(condition.Message);
        Assert.Equal(kstatus, Kstatus.Of(facts.Server with { Status = status }));
        Assert.Equal(facts.Server.Metadata.Generation, status.ObservedGeneration);
        Assert.All(status.Conditions!, c => Assert.Equal(facts.Server.Metadata.Generation, c.ObservedGeneration));
    }

    [Fact]
    public void Every_state_is_in_the_table() => Assert.Equal(All().Keys.Order(), States.Select(s => s.Data.Item1).Order());

    public static TheoryData<string, ServerPhase, string?, ConditionStatus, string, string> States => new()
    {
        { "flavor missing", ServerPhase.Build, "scheduling", ConditionStatus.False, "FlavorNotFound", Kstatus.InProgress },
        { "no host, tried again", ServerPhase.Build, "scheduling", ConditionStatus.False, "NoValidHost", Kstatus.InProgress },
        { "no host, given up", ServerPhase.Error, null, ConditionStatus.False, "NoValidHost", Kstatus.Failed },
        { "waits for the scheduler", ServerPhase.Build, "scheduling", ConditionStatus.False, "Scheduling", Kstatus.InProgress },
        { "blocked by a stray", ServerPhase.Build, null, ConditionStatus.False, "FoundOn", Kstatus.Failed },
        { "just bound", ServerPhase.Build, "spawning", ConditionStatus.False, "Building", Kstatus.InProgress },
        { "image is fetched", ServerPhase.Build, "spawning", ConditionStatus.False, "Building", Kstatus.InProgress },
        { "Secret missing at the agent", ServerPhase.Build, "spawning", ConditionStatus.False, "WaitingForSecret", Kstatus.InProgress },
        { "runs", ServerPhase.Active, null, ConditionStatus.True, "Running", Kstatus.Current },
        { "is wanted off", ServerPhase.Active, "powering-off", ConditionStatus.False, "PoweringOff", Kstatus.InProgress },
        { "is off as wanted", ServerPhase.Shutoff, null, ConditionStatus.True, "Stopped", Kstatus.Current },
        { "built without a start", ServerPhase.Shutoff, null, ConditionStatus.True, "Stopped", Kstatus.Current },
        { "is wanted on", ServerPhase.Shutoff, "powering-on", ConditionStatus.False, "PoweringOn", Kstatus.InProgress },
        { "powered itself off", ServerPhase.Shutoff, null, ConditionStatus.False, "StoppedByGuest", Kstatus.InProgress },
        { "metadata not there yet", ServerPhase.Active, null, ConditionStatus.False, "Updating", Kstatus.InProgress },
        { "host is down", ServerPhase.Active, null, ConditionStatus.Unknown, "HostUnreachable", Kstatus.InProgress },
        { "failed, another host is tried", ServerPhase.Build, "scheduling", ConditionStatus.False, "DefineFailed", Kstatus.InProgress },
        { "failed everywhere", ServerPhase.Error, null, ConditionStatus.False, "DefineFailed", Kstatus.Failed },
        { "failed, and no other host", ServerPhase.Build, "scheduling", ConditionStatus.False, "NoValidHost", Kstatus.InProgress },
        { "place lost", ServerPhase.Error, null, ConditionStatus.False, "PlaceLost", Kstatus.Failed },
        { "crashed", ServerPhase.Error, "powering-on", ConditionStatus.False, "PoweringOn", Kstatus.InProgress },
        { "deleted", ServerPhase.Deleting, "deleting", ConditionStatus.False, "Deleting", Kstatus.Terminating },
        { "deleted, host is down", ServerPhase.Deleting, "deleting", ConditionStatus.False, "Deleting", Kstatus.Terminating },
    };

    private static Dictionary<string, ServerFacts> All()
    {
        var fresh = Given.Server();
        var bound = Given.Server(1, "a");
        var ran = bound with { Status = bound.Status! with { LaunchedAt = Now, Phase = ServerPhase.Active } };
        var stopped = Wanting(ran, WantedPowerState.Stopped);
        var deleted = Given.Server(1, "a", deleted: true);
        var third = Given.Server(3, "a");
        third = third with { Status = third.Status! with { FailedHosts = [new() { Host = "b", Epoch = 1, Reason = "X", Message = "b said no." }, new() { Host = "c", Epoch = 2, Reason = "X", Message = "c said no." }] } };
        var noHost = new SchedulingOutcome.NoValidHost("0/3 hosts are available: 3 Insufficient MEMORY_MB.", Report);
        return new()
        {
            ["flavor missing"] = new(fresh, null, Now) { Outcome = new SchedulingOutcome.Unresolved("FlavorNotFound", "Flavor \"small\" does not exist.") },
            ["no host, tried again"] = new(fresh, null, Now) { Outcome = noHost },
            ["no host, given up"] = new(fresh with { Spec = fresh.Spec with { OnNoValidHost = OnNoValidHost.Fail } }, null, Now) { Outcome = noHost },
            ["waits for the scheduler"] = new(fresh, null, Now),
            ["blocked by a stray"] = new(fresh, null, Now) { Waiting = new Wait(WaitReason.FoundOnHost, "b") },
            ["just bound"] = new(bound, null, Now) { Outcome = new SchedulingOutcome.Placed(Report) },
            ["image is fetched"] = new(bound, Says(1, new() { Step = InstanceStep.Image, Progress = new() { Percent = 20, Message = "120 of 600 MiB" } }), Now),
            ["Secret missing at the agent"] = new(bound, Says(1, new() { Conditions = [new() { Type = "Ready", Status = ConditionStatus.False, Reason = "WaitingForSecret", Message = "no Secret yet" }] }), Now),
            ["runs"] = new(bound, Says(1, On()), Now),
            ["is wanted off"] = new(stopped, Says(1, On()), Now),
            ["is off as wanted"] = new(stopped, Says(1, Off()), Now),
            ["built without a start"] = new(Wanting(bound, WantedPowerState.Stopped), Says(1, new() { ObservedGeneration = 1, PowerState = PowerState.Shutdown }), Now),
            ["is wanted on"] = new(ran, Says(1, Off()), Now),
            ["powered itself off"] = new(ran, Says(1, Off() with { StoppedByGuest = true }), Now),
            ["metadata not there yet"] = new(ran with { Metadata = ran.Metadata with { Generation = 2 } }, Says(1, On()), Now),
            ["host is down"] = new(ran, Says(1, On()), Now) { HostReachable = false },
            ["failed, another host is tried"] = new(bound, Given.Instance("a", 1, failure: Given.Failure(1)), Now),
            ["failed everywhere"] = new(third, Given.Instance("a", 3, failure: Given.Failure(3)), Now),
            ["failed, and no other host"] = new(bound, Given.Instance("a", 1, failure: Given.Failure(1)), Now) { Outcome = noHost },
            ["place lost"] = new(ran, null, Now) { Waiting = new Wait(WaitReason.PlaceLost, "a") },
            ["crashed"] = new(ran, Says(1, On() with { PowerState = PowerState.Crashed }), Now),
            ["deleted"] = new(deleted, Says(1, On()), Now) { Waiting = new Wait(WaitReason.AgentConfirmation, "a") },
            ["deleted, host is down"] = new(deleted, Says(1, On()), Now) { Waiting = new Wait(WaitReason.AgentConfirmation, "a"), HostReachable = false },
        };
    }

    [Fact]
    public void The_status_of_a_status_is_the_same_status()
    {
        foreach (var (name, facts) in All())
        {
            var once = facts.Server with { Status = ServerStatusBuilder.Build(facts) };
            var later = facts with { Server = once, Now = Now.AddHours(1) };
            Assert.True(Kilonova.Kubernetes.Client.MergePatch.Between(ApiResources.Kinds.Servers, once, once with { Status = ServerStatusBuilder.Build(later) }) is null, name);
        }
    }

    [Fact]
    public void A_transition_time_changes_only_with_the_state()
    {
        var facts = All()["image is fetched"];
        var first = ServerStatusBuilder.Build(facts);
        var second = ServerStatusBuilder.Build(facts with
        {
            Server = facts.Server with { Status = first },
            Instance = Says(1, new() { Step = InstanceStep.Image, Progress = new() { Percent = 90, Message = "540 of 600 MiB" } }),
            Now = Now.AddMinutes(1),
        });
        Assert.Equal(Now, second.Conditions!.Single(c => c.Type == "Ready").LastTransitionTime);
        Assert.Contains("540 of 600", second.Conditions!.Single(c => c.Type == "Ready").Message, StringComparison.Ordinal);
        var third = ServerStatusBuilder.Build(facts with { Server = facts.Server with { Status = second }, Instance = Says(1, On()), Now = Now.AddMinutes(2) });
        Assert.Equal(Now.AddMinutes(2), third.Conditions!.Single(c => c.Type == "Ready").LastTransitionTime);
    }

    [Fact]
    public void An_Instance_of_an_earlier_placement_says_nothing()
    {
        var moved = Given.Server(2, "b");
        var status = ServerStatusBuilder.Build(new ServerFacts(moved, Says(1, On()), Now));
        Assert.Equal((ServerPhase.Build, (PowerState?)null), (status.Phase!.Value, status.PowerState));
    }

    [Fact]
    public void The_placement_fields_are_never_the_projections_to_change()
    {
        foreach (var (name, facts) in All())
        {
            var before = facts.Server.Status ?? new();
            var after = ServerStatusBuilder.Build(facts);
            Assert.True((before.PlacementEpoch, before.Host, before.HostEpoch, before.ClaimID) == (after.PlacementEpoch, after.Host, after.HostEpoch, after.ClaimID), name);
            Assert.Equal(before.FailedHosts, after.FailedHosts);
        }
    }

    [Fact]
    public void Conditions_are_in_canonical_order_and_those_that_do_not_hold_are_not_there()
    {
        Assert.Equal(["Ready", "Scheduled", "HostReachable"], ServerStatusBuilder.Build(All()["runs"]).Conditions!.Select(c => c.Type));
        Assert.Equal(["Ready", "Reconciling", "Scheduled", "HostReachable"], ServerStatusBuilder.Build(All()["just bound"]).Conditions!.Select(c => c.Type));
        Assert.Equal(["Ready", "Stalled", "Scheduled", "Blocked"], ServerStatusBuilder.Build(All()["blocked by a stray"]).Conditions!.Select(c => c.Type));
    }

    [Fact]
    public void What_no_host_could_take_is_in_cell0_with_its_report()
    {
        var status = ServerStatusBuilder.Build(All()["no host, tried again"]);
        Assert.Equal(("cell0", Report), (status.Cell, status.Scheduling));
        Assert.Equal("local", ServerStatusBuilder.Build(All()["just bound"]).Cell);
    }

    [Fact]
    public void All_reasons_are_named_after_the_last_attempt()
    {
        var message = ServerStatusBuilder.Build(All()["failed everywhere"]).Conditions!.Single(c => c.Type == "Stalled").Message;
        Assert.Contains("3 hosts", message, StringComparison.Ordinal);
        Assert.Contains("b said no.", message, StringComparison.Ordinal);
        Assert.Contains("c said no.", message, StringComparison.Ordinal);
        Assert.Contains("no such machine type.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Events_are_told_once_for_each_thing_that_happened()
    {
        var facts = All();
        var none = ServerStatusBuilder.Build(facts["waits for the scheduler"]);
        var bound = ServerStatusBuilder.Build(facts["just bound"]);
        var runs = ServerStatusBuilder.Build(facts["runs"]);
        Assert.Equal(["Scheduled"], Reasons(none, bound));
        Assert.Equal(["Started"], Reasons(bound, runs));
        Assert.Equal([], Reasons(runs, runs));
        Assert.Equal(["NoValidHost"], Reasons(none, ServerStatusBuilder.Build(facts["no host, tried again"])));
        Assert.Equal(["NoValidHost"], Reasons(none, ServerStatusBuilder.Build(facts["no host, given up"])));
        Assert.Equal(["HostUnreachable"], Reasons(runs, ServerStatusBuilder.Build(facts["host is down"])));
        Assert.Equal(["Stopped"], Reasons(runs, ServerStatusBuilder.Build(facts["is off as wanted"])));

        var elsewhere = bound with { Host = "b", HostEpoch = 2, FailedHosts = [new() { Host = "a", Epoch = 1, Reason = "X", Message = "x" }] };
        Assert.Equal(["BuildFailed", "Scheduled"], Reasons(bound, elsewhere));

        static IEnumerable<string> Reasons(ServerStatus before, ServerStatus after) => ServerEvents.Between(before, after).Select(e => e.Reason);
    }

    private static Server Wanting(Server server, WantedPowerState state) => server with { Spec = server.Spec with { PowerState = state } };

    private static Instance Says(long epoch, InstanceStatus status) => Given.Instance("a", epoch, status: status);

    private static InstanceStatus On() => new() { ObservedGeneration = 1, Epoch = 1, PowerState = PowerState.Running, StartedAt = Now };

    private static InstanceStatus Off() => On() with { PowerState = PowerState.Shutdown };
}
