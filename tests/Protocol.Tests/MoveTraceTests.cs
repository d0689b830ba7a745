using Kilonova.Crds;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Protocol.Tests.Simulation;
using static Kilonova.Protocol.Tests.Simulation.Play;

namespace Kilonova.Protocol.Tests;

/// <summary>As <see cref="TraceTests"/>, for guests that leave their host, hosts that go and come, and restored stores.</summary>
public sealed class MoveTraceTests
{
    [Fact]
    public void V3_an_evacuation_whose_source_has_no_Instance_leaves_none_to_be_created_late()
    {
        Holds(Trace);
        Breaks(Trace, Rules.Note, "id runs on b under 2, and on a under 1");

        static void Trace(Stage stage)
        {
            var late = stage.Place("late", "a");
            stage.World.RunUntil(late, "create Instance");
            stage.RunAgent(stage.StartAgent("a"));
            stage.PowerOff("a");
            stage.World.RunToEnd(stage.Evacuate("mover", "b"));
            stage.RunAgent(stage.StartAgent("b"));
            stage.Host("a").PowerOn();
            stage.World.RunToEnd(late);
            stage.RunAgent(stage.StartAgent("a"));
            stage.Converge();
            RunsOnlyOn(stage, "b");
        }
    }

    [Fact]
    public void V4_a_host_that_comes_back_between_Fence_and_bind_starts_nothing()
    {
        Holds(Trace);
        Breaks(Trace, Rules.Note, "id runs on a under 1, and its Server is bound there no more");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");
            stage.PowerOff("a");
            var mover = stage.Evacuate("mover", "b");
            stage.World.RunUntil(mover, "bind");
            stage.Host("a").PowerOn();
            stage.RunAgent(stage.StartAgent("a"));
            stage.World.RunToEnd(mover);
            stage.Converge();
            RunsOnlyOn(stage, "b");
        }
    }

    [Fact]
    public void V5_what_was_read_before_the_Lease_was_renewed_justifies_no_start()
    {
        Holds(Trace);
        Breaks(Trace, Rules.LeaseFirst, "id runs on b under 2, and on a under 1");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");
            stage.PowerOff("a");
            stage.Host("a").PowerOn();
            stage.World.Hold("renew Lease");
            stage.World.Hold("look at the answer");
            var agent = stage.StartAgent("a");

            // Once through, so that disks and definition are there; then the Instance is read, and its answer is on its way.
            stage.World.RunPast(agent, "read Instance");
            stage.World.RunPast(agent, "look at the answer");
            stage.World.RunPast(agent, "read Instance");
            var mover = stage.Evacuate("mover", "b");
            stage.World.RunToEnd(mover);
            stage.World.RunPast(agent, "renew Lease");
            stage.World.Release("renew Lease");
            stage.RunAgent(stage.StartAgent("b"));
            stage.World.Release("look at the answer");
            stage.RunAgent(stage.StartAgent("b"));
            stage.RunAgent(agent);
            stage.Converge();
            RunsOnlyOn(stage, "b");
        }
    }

    [Fact]
    public void V8_a_migration_that_is_given_up_leaves_its_note_until_the_agents_agree()
    {
        Holds(Trace);
        Breaks(Trace, Rules.AbortAgreed, "id runs on b under 2, and on a under 1");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");
            stage.World.RunToEnd(stage.Move("mover", mover => mover.BeginMigrationAsync(stage.Server, "b")));
            stage.World.RunToEnd(stage.Move("mover", mover => mover.AbortMigrationAsync("a", Stage.ID)));
            LandJob(stage, "a", "b");
            Reboot(stage, "a");
            stage.Converge();
            Assert.False(stage.Host("a").Runs(Stage.ID));

            // The destination has it after all: it is bound there, and the operator's and agents' part of that is the product's.
            stage.World.RunToEnd(stage.Move("mover", mover => mover.FinishMigrationAsync(stage.Server, "b")));
            stage.Converge();
            RunsOnlyOn(stage, "b");
            Assert.Equal(InstancePresence.Present, stage.Instance("b")!.Spec.Wanted);
        }
    }

    [Fact]
    public void V9_a_note_that_was_left_when_its_number_was_used_up_is_cleared_by_another()
    {
        Holds(Trace);
        Breaks(Trace, Rules.VoidNote, "wanted on a, and runs on ");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");
            stage.PowerOff("a");
            stage.World.RunPast(stage.Evacuate("mover", "b"), "write note");
            Reboot(stage, "a");
            stage.World.RunPast(stage.Move("first", mover => mover.ClearNoteAsync("a", Stage.ID, "s")), "raise");
            stage.World.RunToEnd(stage.Move("second", mover => mover.ClearNoteAsync("a", Stage.ID, "s")));
            stage.Converge();
            RunsOnlyOn(stage, "a");
        }
    }

    [Fact]
    public void V10_the_note_of_a_migration_is_not_void_because_its_number_is()
    {
        Holds(Trace);
        Breaks(Trace, Rules.AbortAgreed, "id runs on b under 2, and on a under 1");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");
            stage.World.RunToEnd(stage.Move("mover", mover => mover.BeginMigrationAsync(stage.Server, "b")));
            stage.Store.Write(stage.Server with { Status = Binding.Raised(stage.Server, 2) }, true);
            stage.DeleteServer();
            stage.World.RunToEnd(stage.Move("mover", mover => mover.ClearNoteAsync("a", Stage.ID, "s")));
            stage.World.RunToEnd(stage.Move("mover", mover => mover.AbortMigrationAsync("a", Stage.ID)));
            LandJob(stage, "a", "b");
            Reboot(stage, "a");
            stage.Converge();
            NothingLeft(stage);
        }
    }

    [Fact]
    public void V11_the_claim_of_a_migration_is_not_taken_up_for_anything_else()
    {
        Holds(Trace);
        Breaks(Trace, Rules.HolderKind, "was bound to b, whose door is closed");

        static void Trace(Stage stage)
        {
            stage.Model.Refusing.Add("a");
            stage.World.RunToEnd(stage.Place("leader", "a"));
            stage.RunAgent(stage.StartAgent("a"));
            stage.World.RunToEnd(stage.Move("mover", mover => mover.ClaimAsync(Stage.ID, "b", 2, "Migration/p/m")));
            stage.Host("b").Tombstones[Stage.ID] = 2;
            stage.Converge();
            if (stage.Server.Status!.FailedHosts!.Any(f => f.Host == "b"))
                stage.World.Fail("the Server was bound to b, whose door is closed");
            RunsOnlyOn(stage, "c");
        }
    }

    [Fact]
    public void V12_after_a_restore_nothing_starts_before_every_host_has_said_what_it_runs_nor_what_another_runs()
    {
        Holds(Trace);
        Breaks(Trace, Rules.RestoreHold, "id runs on b under 2, and on a under 1");

        static void Trace(Stage stage)
        {
            RunOn(stage, "a");
            var (copy, version) = (stage.Store.Snapshot(), stage.Store.Version);
            MoveOff(stage, "a", "b");
            stage.StopAgent("b");
            stage.Model.Fences.Clear();
            stage.Restore(copy, version);

            // The host that the copy knows comes back at once; the one that has the guest by now, whose agent was away, only later.
            stage.Host("a").PowerOn();
            stage.RunAgent(stage.StartAgent("a"));
            stage.World.RunToEnd(stage.Reconcile("leader"));
            Assert.False(stage.Store.EndHold());
            stage.Converge();
            Assert.False(stage.Store.Held);
            Assert.Equal(MoveReason.Restore, stage.Instance("a")!.Spec.Note!.Reason);
            Assert.True(stage.Host("b").Runs(Stage.ID));
            Assert.False(stage.Host("a").Runs(Stage.ID));

            // It is an admin who decides.
            stage.Reap("b");
            stage.Converge();
            RunsOnlyOn(stage, "a");
        }
    }

    [Fact]
    public void A_stray_stays_told_while_its_agent_starts_anew()
    {
        using var stage = new Stage();
        var (copy, version) = (stage.Store.Snapshot(), stage.Store.Version);
        RunOn(stage, "a");
        stage.Restore(copy, version);
        stage.Converge();
        Assert.Single(stage.Store.Strays["a"]);

        // A new process has looked at nothing yet. Nobody may take that for there being nothing.
        stage.World.RunPast(stage.StartAgent("a"), "report strays");
        var leader = stage.Reconcile("leader");
        stage.World.RunToEnd(leader);
        if (leader.Rest!.Step is PlaceServer)
            stage.World.RunToEnd(stage.Place("leader", "b"));
        stage.RunAgent(stage.StartAgent("b"));
        Assert.Equal(new Wait(WaitReason.FoundOnHost, "a"), leader.Rest.Step);
        Assert.False(stage.Host("b").Runs(Stage.ID));
    }

    [Fact]
    public void What_is_left_on_a_host_that_never_returns_is_released_on_the_admins_word_and_starts_nothing_when_it_does_return()
    {
        using var stage = new Stage();
        RunOn(stage, "a");
        stage.PowerOff("a");
        stage.DeleteServer();
        stage.Converge();
        Assert.NotNull(stage.Instance("a")!.Metadata.DeletionTimestamp);
        Assert.Single(stage.Store.Servers);

        stage.Store.GiveUp("a");
        stage.Converge();
        Assert.Empty(stage.Store.Servers);
        Assert.Empty(stage.Store.Instances);
        Assert.Empty(stage.Store.Ledgers["a"].Status!.Allocations!);

        stage.Host("a").PowerOn();
        stage.Converge();
        Assert.Equal(1, stage.Started);
        Assert.Equal(Stage.ID, Assert.Single(stage.Store.Strays["a"]).InstanceID);
    }
}
