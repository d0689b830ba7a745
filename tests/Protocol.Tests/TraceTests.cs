using Kilonova.Crds;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Protocol.Tests.Simulation;

namespace Kilonova.Protocol.Tests;

/// <summary>
/// The shortest traces known of what goes wrong without a rule (docs/protocol.md names them), step by step on the product's own code. Each is played twice: with the
/// rule nothing is broken and everything comes to rest; without it the violation is there.
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

    private static void Holds(Action<Stage> trace, Rules off = Rules.None)
    {
        using var stage = new Stage(off);
        trace(stage);
    }

    private static void Breaks(Action<Stage> trace, Rules off, string violation)
    {
        using var stage = new Stage(off);
        Assert.Contains(violation, Assert.Throws<ProtocolViolation>(() => trace(stage)).Broken, StringComparison.Ordinal);
    }

    private static void RunOn(Stage stage, string host)
    {
        stage.World.RunToEnd(stage.Place("leader", host));
        stage.Converge();
        Assert.True(stage.Host(host).Runs(Stage.ID));
    }

    private static void MoveOff(Stage stage, string source, string destination)
    {
        stage.PowerOff(source);
        stage.World.RunToEnd(stage.Evacuate("mover", destination));
        stage.RunAgent(stage.StartAgent(destination));
    }

    private static void Reboot(Stage stage, string host)
    {
        stage.StopAgent(host);
        stage.Host(host).PowerOff(stage.Model.Invariants);
        stage.Host(host).PowerOn();
        stage.RunAgent(stage.StartAgent(host));
    }

    /// <summary>libvirt's own job outlives agents and aborts: the guest is at the destination now, and its definition at the source too.</summary>
    private static void LandJob(Stage stage, string source, string destination)
    {
        var domain = stage.Host(source).Domains[Stage.ID];
        stage.Host(source).Domains[Stage.ID] = domain with { State = PowerState.Shutdown };
        stage.Model.Invariants.SeeOff(source, Stage.ID);
        var arrived = stage.Host(destination).Domains[Stage.ID] = domain with { Epoch = 2, ClaimID = stage.Instance(destination)!.Spec.ClaimID };
        stage.Model.Tell(stage.Model.Invariants.SeeRunning(destination, Stage.ID, arrived.Epoch));
    }

    private static void RunsOnlyOn(Stage stage, string host)
    {
        var running = new[] { "a", "b", "c" }.Where(h => stage.Host(h).Runs(Stage.ID));
        if (!running.SequenceEqual([host]))
            stage.World.Fail($"it is wanted on {host}, and runs on {string.Join(" and ", running)}");
        Assert.Equal(host, stage.Server.Status!.Host);
        Assert.Single(stage.Store.Instances);
    }

    private static void NothingLeft(Stage stage)
    {
        Assert.Empty(stage.Store.Servers);
        Assert.Empty(Invariants.Orphans([], stage.Store.Ledgers.Values, stage.Store.Instances.Values, new[] { "a", "b", "c" }.SelectMany(h => stage.Host(h).Ids.Select(id => (h, id)))));
    }
}
