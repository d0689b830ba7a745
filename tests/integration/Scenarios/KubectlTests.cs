using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>One cluster for what users do with kubectl.</summary>
public sealed class KubectlCluster() : ClusterFixture(new ClusterShape(Hosts: 1))
{
    private Fleet? fleet;

    public Fleet Fleet => Made(fleet);

    protected override async Task PrepareAsync()
    {
        fleet = new Fleet(Cluster);
        await fleet.PrepareAsync();
    }
}

/// <summary>What kubectl and GitOps tools rely on.</summary>
public sealed class KubectlTests(KubectlCluster shared) : IClassFixture<KubectlCluster>
{
    private readonly Kubectl kubectl = shared.Cluster.Kubectl;
    private readonly Fleet fleet = shared.Fleet;

    [Fact]
    public async Task Applying_twice_changes_nothing_and_diff_is_empty()
    {
        await fleet.ApplyAsync("twice");
        await kubectl.RunAsync("-n", fleet.Project, "wait", "--for=condition=Ready", "server/twice", "--timeout=120s");
        var before = await fleet.GetAsync("twice");

        Assert.Contains("unchanged", await fleet.ApplyAsync("twice"), StringComparison.Ordinal);
        var diff = await kubectl.DiffAsync(fleet.Manifest("twice"));
        Assert.Equal((0, ""), (diff.ExitCode, diff.Output));
        Assert.Equal((string?)before!["metadata"]!["resourceVersion"], (string?)(await fleet.GetAsync("twice"))!["metadata"]!["resourceVersion"]);

        var changed = await kubectl.DiffAsync(fleet.Manifest("twice", "  powerState: Stopped"));
        Assert.Equal(1, changed.ExitCode);
        await fleet.DeleteAsync("twice");
    }

    [Fact]
    public async Task Nothing_of_ours_writes_a_users_spec_labels_or_annotations()
    {
        await fleet.ApplyAsync("mine");
        var server = await fleet.ReadyAsync("mine");
        Assert.Equal(1, (long)server["metadata"]!["generation"]!);
        var managers = (await kubectl.GetWithManagersAsync("server", "mine", fleet.Project))!["metadata"]!["managedFields"]!.AsArray();
        foreach (var ours in managers.Where(m => ((string)m!["manager"]!).StartsWith("kilonova", StringComparison.Ordinal)))
        {
            var fields = ours!["fieldsV1"]!;
            Assert.Null(fields["f:spec"]);
            Assert.Null(fields["f:metadata"]?["f:labels"]);
            Assert.Null(fields["f:metadata"]?["f:annotations"]);
        }

        await fleet.DeleteAsync("mine");
    }

    [Fact]
    public async Task Two_managers_apply_their_own_fields_and_conflict_on_anothers()
    {
        var name = "shared";
        await kubectl.ApplyAsync(fleet.Manifest(name), "--server-side", "--field-manager=platform");
        string Power(string state) => $"""
            apiVersion: compute.kilonova.dev/v1alpha1
            kind: Server
            metadata: {"{"}name: {name}, namespace: {fleet.Project}{"}"}
            spec: {"{"}flavor: tiny, powerState: {state}{"}"}
            """;
        await kubectl.ApplyAsync(Power("Stopped"), "--server-side", "--field-manager=night-shift");
        await fleet.ReadyAsync(name, "Shutoff");

        var conflict = await kubectl.TryApplyAsync(fleet.Manifest(name, "  powerState: Running"), "--server-side", "--field-manager=platform");
        Assert.NotEqual(0, conflict.ExitCode);
        Assert.Contains(".spec.powerState", conflict.Error, StringComparison.Ordinal);
        await kubectl.ApplyAsync(Power("Running"), "--server-side", "--field-manager=night-shift");
        await fleet.ReadyAsync(name);
        await fleet.DeleteAsync(name);
    }

    [Theory]
    [InlineData("server.spec.blockDevices")]
    [InlineData("server.spec.powerState")]
    [InlineData("server.status.conditions")]
    [InlineData("hypervisor.spec.cpuAllocationRatio")]
    [InlineData("resourceprovider.status.allocations")]
    public async Task Explain_teaches(string field)
    {
        var text = await kubectl.RunAsync("explain", field);
        var description = text[(text.IndexOf("DESCRIPTION:", StringComparison.Ordinal) + "DESCRIPTION:".Length)..];
        Assert.True(description.Trim().Length > 30, text);
        Assert.DoesNotContain("<empty>", description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_answers_the_first_question_and_describe_the_second()
    {
        await fleet.ApplyAsync("shown");
        await fleet.ReadyAsync("shown");
        var rows = (await kubectl.RunAsync("-n", fleet.Project, "get", "servers")).Split('\n');
        Assert.Contains("PHASE", rows[0], StringComparison.Ordinal);
        Assert.Contains("HOST", rows[0], StringComparison.Ordinal);
        Assert.Contains("Active", rows[1], StringComparison.Ordinal);
        Assert.Contains("node-a", rows[1], StringComparison.Ordinal);
        var description = await Eventually.Get(
            "the Events are there", () => kubectl.RunAsync("-n", fleet.Project, "describe", "server", "shown"), d => d.Contains("Scheduled", StringComparison.Ordinal));
        Assert.Contains("Events:", description, StringComparison.Ordinal);
        await fleet.DeleteAsync("shown");

        await fleet.ApplyAsync("homeless", "  availabilityZone: nowhere");
        var waiting = await Eventually.Get("it says why", () => fleet.GetAsync("homeless"), s => Fleet.Condition(s, "Scheduled") is not null);
        Assert.Equal("NoValidHost", (string?)Fleet.Condition(waiting, "Scheduled")!["reason"]);
        Assert.Contains("0/1 hosts", (string?)Fleet.Condition(waiting, "Scheduled")!["message"], StringComparison.Ordinal);
        await fleet.DeleteAsync("homeless");
    }

    [Fact]
    public async Task Every_state_on_the_way_is_one_that_kstatus_reads_right()
    {
        using var client = shared.Cluster.Connect();
        await using var states = ServerStates.Watch(client, fleet.Project, "way");
        await fleet.ApplyAsync("way");
        await fleet.ReadyAsync("way");
        await fleet.PowerAsync("way", "Stopped");
        await fleet.ReadyAsync("way", "Shutoff");
        await fleet.PowerAsync("way", "Running");
        await fleet.ReadyAsync("way");
        await fleet.DeleteAsync("way");

        var seen = await states.UntilGoneAsync();
        Assert.All(seen, state => Assert.True(Kstatus.Of(state) != Kstatus.Result.Failed, state.ToJsonString()));
        Assert.Equal(
            [Kstatus.Result.InProgress, Kstatus.Result.Current, Kstatus.Result.InProgress, Kstatus.Result.Current, Kstatus.Result.InProgress, Kstatus.Result.Current, Kstatus.Result.Terminating],
            Kstatus.Runs(seen));
        Assert.All(seen, Kstatus.AssertConsistent);
    }
}
