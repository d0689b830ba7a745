using Kilonova.Crds;
using Kilonova.Protocol.Tests.Simulation;

namespace Kilonova.Protocol.Tests;

/// <summary>
/// The agent dies after each of its operations and begins anew with what is on stable storage. However it dies, it ends where it should, and never starts what it
/// must not.
/// </summary>
public sealed class AgentDeathTests
{
    /// <summary>More than any of these takes.</summary>
    public static TheoryData<int> Deaths => new(Enumerable.Range(0, 26));

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_build_ends_with_one_running_guest(int death)
    {
        using var stage = Ordered();
        Die(stage, death);
        stage.Converge();
        Assert.True(stage.Host("a").Runs(Stage.ID));
        Assert.Equal(1, stage.Started);
        Assert.False(stage.Host("a").Records[Stage.ID].StoppedByGuest);
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_stop_and_a_start_end_as_wanted(int death)
    {
        using var stage = Ordered();
        stage.Converge();
        Want(stage, WantedPowerState.Stopped);
        Die(stage, death);
        stage.Converge();
        Assert.False(stage.Host("a").Runs(Stage.ID));
        Want(stage, WantedPowerState.Running);
        Die(stage, death);
        stage.Converge();
        Assert.True(stage.Host("a").Runs(Stage.ID));
        Assert.Equal(2, stage.Started);
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_removal_leaves_nothing_and_is_confirmed_last(int death)
    {
        using var stage = Ordered();
        stage.Converge();
        stage.DeleteServer();
        stage.World.RunToEnd(stage.Reconcile("leader"));
        Die(stage, death);
        if (stage.Instance("a")?.Metadata.Finalizers?.Contains(ApiGroup.AgentFinalizer) != true)
            Gone(stage);
        stage.Converge();
        Gone(stage);
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_deletion_in_the_middle_of_a_build_leaves_nothing(int death)
    {
        using var stage = Ordered();
        Die(stage, death);
        var late = stage.Store.Instances[("a", Stage.ID)];
        stage.DeleteServer();
        stage.Converge();
        Gone(stage);

        // A late create of the same placement finds the door closed.
        var started = stage.Started;
        stage.Store.Create("a", late with { Status = null });
        stage.RunAgent(stage.StartAgent("a"));
        Assert.Equal(started, stage.Started);
    }

    [Fact]
    public void A_guest_that_powers_itself_off_while_the_agent_is_away_stays_off()
    {
        using var stage = Ordered();
        stage.Converge();
        stage.StopAgent("a");
        stage.Host("a").Domains[Stage.ID] = stage.Host("a").Domains[Stage.ID] with { State = PowerState.Shutdown };
        stage.Converge();
        Assert.True(stage.Instance("a")!.Status!.StoppedByGuest);
        Assert.Equal(1, stage.Started);
    }

    private static Stage Ordered()
    {
        var stage = new Stage();
        stage.World.RunToEnd(stage.Place("leader", "a"));
        return stage;
    }

    private static void Want(Stage stage, WantedPowerState power)
    {
        var instance = stage.Instance("a")!;
        stage.Store.Write("a", instance with { Spec = instance.Spec with { PowerState = power } }, false);
    }

    /// <summary>An agent that dies after some operations. The next one is another process of the same boot.</summary>
    private static void Die(Stage stage, int death)
    {
        var agent = stage.StartAgent("a");
        for (var i = 0; i < death && stage.World.StepOf(agent); i++)
        {
        }

        stage.StopAgent("a");
    }

    private static void Gone(Stage stage)
    {
        var host = stage.Host("a");
        Assert.Empty(host.Ids);
        Assert.Equal(1, host.Tombstones[Stage.ID]);
    }
}
