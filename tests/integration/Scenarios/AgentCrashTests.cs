using Kilonova.Crds;
using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>The agent dies, or the user changes their mind, at every named step of building and removing a guest.</summary>
public sealed class AgentCrashTests(LonelyHost shared) : IClassFixture<LonelyHost>
{
    private readonly OperatorByHand hand = shared.Operator;

    public static TheoryData<string> BuildPoints => new(
        "ReadInstance", "Prepare", "Network", "Image", "Disks", "ConfigDrive", "Define", "Prepare.done", "ReadLedger", "WriteRecord", "WriteRecord.done", "StartDomain", "StartDomain.done");

    public static TheoryData<string> RemovalPoints => new(
        "RemoveDomain", "RemoveDomain.done", "RemoveFiles", "RemoveFiles.done", "WriteTombstone", "WriteTombstone.done", "RemoveRecord", "DropFinalizer", "DropFinalizer.done");

    public static TheoryData<string> HoldPoints => new("Network", "Image", "Disks", "ConfigDrive", "Define", "ReadLedger", "WriteRecord", "StartDomain");

    [Theory]
    [MemberData(nameof(BuildPoints))]
    public async Task A_build_that_dies_at_a_step_is_finished_by_the_next_agent(string point)
    {
        await FaultAsync(point, "kill");
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await DeadAsync(point);
        await shared.RestartAgentAsync();
        await hand.RunningAsync(order);
        Assert.NotNull(await shared.PidAsync(order));
        await hand.DeleteAsync(order);
        await hand.FinishAsync(order);
        await shared.AssertNothingLeftAsync(order);
    }

    [Theory]
    [MemberData(nameof(RemovalPoints))]
    public async Task A_removal_that_dies_at_a_step_is_finished_by_the_next_agent(string point)
    {
        await FaultAsync(point, "kill");
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await hand.RunningAsync(order);
        await hand.DeleteAsync(order);
        await DeadAsync(point);
        await shared.RestartAgentAsync();
        await hand.FinishAsync(order);
        await shared.AssertNothingLeftAsync(order);
    }

    [Theory]
    [MemberData(nameof(HoldPoints))]
    public async Task A_delete_during_a_step_of_the_build_calls_it_off_and_leaves_nothing(string point)
    {
        await FaultAsync(point, "hold");
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await Eventually.True($"the build is held at {point}", () => Task.FromResult(File.Exists(Mark(point))));
        await hand.DeleteAsync(order);
        await hand.FinishAsync(order, seconds: 20);
        await shared.AssertNothingLeftAsync(order);
    }

    private string Mark(string point) => Path.Combine(shared.Host.State, $"fault-{point}");

    private async Task FaultAsync(string point, string what)
    {
        File.Delete(Mark(point));
        await shared.RestartAgentAsync($"--fault-point {point}={what}");
    }

    private Task DeadAsync(string point) => Eventually.True($"the agent died at {point}", () => Task.FromResult(File.Exists(Mark(point)) && !AgentLives()), TimeSpan.FromSeconds(60));

    private bool AgentLives()
    {
        var pid = File.ReadAllText(Path.Combine(shared.Cluster.Directory, "pids", $"agent-{LonelyHost.Name}")).Split(' ')[0];
        var stat = $"/proc/{pid}/stat";
        return File.Exists(stat) && !File.ReadAllText(stat).Contains(") Z ", StringComparison.Ordinal);
    }
}
