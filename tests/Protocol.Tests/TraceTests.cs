using Kilonova.Crds;
using Kilonova.Operator.Protocol;
using Kilonova.Protocol.Tests.Simulation;
using static Kilonova.Protocol.Tests.Simulation.Play;

namespace Kilonova.Protocol.Tests;

/// <summary>
/// The shortest traces known of what goes wrong without a rule (docs/protocol.md names them), step by step on the product's own code. Each is played twice: with the
/// rule nothing is broken and everything comes to rest; without it the violation is there. Those of moves and restores are in <see cref="MoveTraceTests"/>.
/// </summary>
public sealed class TraceTests
{
    [Fact]
    public void V1_an_Instance_created_after_the_delete_finds_no_entry_and_its_guest_never_outlives_the_Server()
    {
        Holds(Trace);
        Breaks(Trace, Rules.Confirmation, "id runs on a under 1, without its entry");

        static void Trace(Stage stage)
        {
            var late = stage.Place("late", "a");
            stage.World.RunUntil(late, "create Instance");
            stage.DeleteServer();
            var deleter = stage.Reconcile("deleter");
            stage.World.RunUntil(deleter, "create Instance id on a e1 Absent");
            stage.World.RunToEnd(late);
            var agent = stage.StartAgent("a");
            stage.World.RunUntil(agent, "virDomainCreate");
            stage.World.RunToEnd(deleter);
            stage.World.RunToEnd(stage.Reconcile("deleter again"));
            stage.RunAgent(agent);
            stage.Converge();
            NothingLeft(stage);
        }
    }

    [Fact]
    public void V1_an_Instance_created_after_everything_is_gone_starts_nothing_and_goes()
    {
        using var stage = new Stage();
        var late = stage.Place("late", "a");
        stage.World.RunUntil(late, "create Instance");
        stage.DeleteServer();
        stage.Converge();
        Assert.Empty(stage.Store.Servers);
        stage.World.RunToEnd(late);
        Assert.Single(stage.Store.Instances);
        stage.Converge();
        Assert.Equal(0, stage.Started);
        NothingLeft(stage);
    }

    [Fact]
    public void V2_a_late_Instance_of_one_leader_does_not_start_on_the_late_claim_of_another()
    {
        // Tombstones close this door too; without them the claim's ID has to.
        Holds(Trace, Rules.Tombstones);
        Breaks(Trace, Rules.ClaimID | Rules.Tombstones, "id runs on a under 1, and its Server is gone");

        static void Trace(Stage stage)
        {
            var second = stage.Place("second", "a");
            stage.World.RunUntil(second, "write ledger");
            var first = stage.Place("first", "a");
            stage.World.RunUntil(first, "create Instance");
            stage.DeleteServer();
            stage.Converge();

            // The second one's ledger is out of date; it reads it again, claims under the same number, and its bind fails.
            stage.World.RunToEnd(second);
            stage.World.RunToEnd(first);
            stage.RunAgent(stage.StartAgent("a"));
            stage.Converge();
            NothingLeft(stage);
        }
    }

    [Fact]
    public void V6_cleaning_up_an_abandoned_claim_leaves_the_running_guest_alone()
    {
        Holds(Trace);
        Breaks(Trace, Rules.RaiseApart, "id runs on a under 1, and its Server is bound there no more");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");
            stage.World.RunToEnd(stage.Move("mover", mover => mover.ClaimAsync(Stage.ID, "b", 2, "Server/p/s")));
            stage.Converge();
            RunsOnlyOn(stage, "a");
            Assert.Equal(2, stage.Server.Status!.PlacementEpoch);
            Assert.Empty(stage.Store.Ledgers["b"].Status!.Allocations!);
        }
    }

    [Fact]
    public void V7_a_guard_does_not_pass_for_a_reason_that_is_gone()
    {
        Holds(Trace);
        Breaks(Trace, Rules.ReadAfterGuard, "id runs on a under 1, and its entry is gone");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");

            // What a cache shows whose ledgers are newer than its Servers and Instances: an entry of nobody. The ledger's version is the right one.
            var lagging = new MemoryStore().With(stage.Store, ledgers: true);
            stage.World.RunToEnd(stage.Reconcile("misled", lagging));
            stage.Converge();
            RunsOnlyOn(stage, "a");
        }
    }

    [Fact]
    public void V13_a_late_delete_hits_the_Instance_that_it_meant_or_none()
    {
        Holds(Trace);
        Breaks(Trace, Rules.DeleteByUid, "id was destroyed on a under 3, where its Server is bound, and nobody deleted it");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");
            MoveOff(stage, "a", "b");
            var late = stage.Reconcile("late");
            stage.World.RunUntil(late, "delete Instance id on a");
            stage.Host("a").PowerOn();
            stage.Converge();
            Assert.Null(stage.Instance("a"));
            MoveOff(stage, "b", "a");
            stage.Converge();
            Assert.True(stage.Host("a").Runs(Stage.ID));
            stage.World.RunToEnd(late);
            stage.Host("b").PowerOn();
            stage.Converge();
            RunsOnlyOn(stage, "a");
        }
    }

    [Fact]
    public void A_host_that_gave_up_never_starts_that_placement_even_if_its_Instance_is_made_anew()
    {
        Holds(Trace);
        Breaks(Trace, Rules.Tombstones, "it was started after all");

        static void Trace(Stage stage)
        {
            stage.Model.Refusing.Add("a");
            stage.World.RunToEnd(stage.Place("leader", "a"));
            var agent = stage.StartAgent("a");
            stage.World.RunUntil(agent, "write status (, failure 1)");
            stage.StopAgent("a");
            stage.Model.Refusing.Clear();

            // Told or not: the promise is on its disk. The Instance vanishes and is made anew, without the word of failure.
            stage.Store.Vanish(("a", Stage.ID));
            stage.World.RunToEnd(stage.Reconcile("maker"));
            Assert.Null(stage.Instance("a")!.Status);
            stage.RunAgent(stage.StartAgent("a"));
            if (stage.Started > 0)
                stage.World.Fail("it was started after all");
        }
    }

    [Fact]
    public void A_place_is_not_left_for_a_cache_that_lags_behind()
    {
        using var stage = new Stage();
        RunOn(stage, "a");

        // What a cache shows whose Servers are newer than its Instances and ledgers: bound, and nothing there.
        var lagging = new MemoryStore().With(stage.Store, servers: true);
        foreach (var (name, ledger) in stage.Store.Ledgers)
            lagging.Ledgers[name] = ledger with { Status = null };
        var misled = stage.Reconcile("misled", lagging);
        stage.World.RunToEnd(misled);
        Assert.Equal(("a", 1), (stage.Server.Status!.Host, stage.Server.Status!.PlacementEpoch!.Value));
        Assert.IsType<Settled>(misled.Rest!.Step);
    }
}
