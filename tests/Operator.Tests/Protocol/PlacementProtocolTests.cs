using Kilonova.Crds;
using Kilonova.Operator.Protocol;
using static Kilonova.Operator.Tests.Protocol.Given;

namespace Kilonova.Operator.Tests.Protocol;

/// <summary>The protocol as a table: what was read, and the step that follows.</summary>
public sealed class PlacementProtocolTests
{
    private static Step Next(PlacementView view) => PlacementProtocol.Next(view, maxAttempts: 3);

    // A server that is to be.

    [Fact]
    public void A_server_gets_its_finalizer_before_anything_else() =>
        Assert.Equal(new AddFinalizer(), Next(View(Server(finalizer: false))));

    [Fact]
    public void SCHED_a_server_without_a_place_is_placed_under_the_next_number()
    {
        Assert.Equal(new PlaceServer(1), Next(View(Server())));
        Assert.Equal(new PlaceServer(5), Next(View(Server(epoch: 4))));
    }

    [Fact]
    public void SCHED_a_claim_under_the_next_number_that_nobody_bound_is_bound() =>
        Assert.Equal(new Bind("a", 1, Claim(1)), Next(View(Server(), At("a", null, Entry(1)))));

    [Fact]
    public void R2_a_claim_held_by_a_Migration_is_not_used_for_the_server() =>
        Assert.Equal(new PlaceServer(1), Next(View(Server(), At("a", null, Entry(1, "Migration/project/m1")))));

    [Fact]
    public void A_claim_for_something_else_than_is_wanted_now_is_used_up_not_bound()
    {
        var large = new Dictionary<string, long> { ["VCPU"] = 8, ["MEMORY_MB"] = 64 };
        Assert.Equal(new Raise(1), Next(View(Server(), At("a", null, Entry(1, resources: large)))));
        Assert.Equal(new Raise(1), Next(View(Server(), At("a", null, Entry(1))) with { Wanted = null }));
    }

    [Fact]
    public void A_claim_above_the_next_number_is_used_up_first() =>
        Assert.Equal(new Raise(7), Next(View(Server(epoch: 3), At("a", null, Entry(7)))));

    [Fact]
    public void ENSURE_a_bound_server_gets_its_Instance_with_epoch_and_claim_of_the_bind() =>
        Assert.Equal(new CreateInstance("a", 1, Claim(1)), Next(View(Server(1, "a"), At("a", null, Entry(1)))));

    [Fact]
    public void ENSURE_bound_with_Instance_and_entry_is_settled() =>
        Assert.Equal(new Settled(), Next(View(Server(1, "a"), At("a", Instance("a", 1), Entry(1)))));

    [Fact]
    public void ENSURE_an_Instance_of_an_older_placement_on_the_bound_host_is_deleted_by_UID() =>
        Assert.Equal(new DeleteInstance("a", "a-1"), Next(View(Server(3, "a"), At("a", Instance("a", 1), Entry(1), Entry(3)))));

    [Fact]
    public void ENSURE_an_Incoming_Instance_that_was_bound_becomes_Present() =>
        Assert.Equal(new AdoptIncoming("b", "b-2"), Next(View(Server(2, "b"), At("b", Instance("b", 2, wanted: InstancePresence.Incoming), Entry(2)))));

    [Fact]
    public void An_Incoming_Instance_of_a_coming_migration_is_left_alone() =>
        Assert.Equal(new Settled(), Next(View(
            Server(1, "a"), At("a", Instance("a", 1), Entry(1)), At("b", Instance("b", 2, wanted: InstancePresence.Incoming), Entry(2, "Migration/project/m1")))));

    // R5: two numbers; what is garbage.

    [Theory]
    [InlineData(1, "a", 1, "a", 1, false)]  // bound
    [InlineData(1, "a", 1, "b", 1, true)]   // same number elsewhere: the loser of two claims
    [InlineData(2, "b", 2, "a", 1, true)]   // left behind
    [InlineData(3, "a", 1, "a", 1, false)]  // numbers used up since, host kept
    [InlineData(3, "a", 1, "b", 2, true)]   // used up, never bound
    [InlineData(3, "a", 1, "b", 4, false)]  // somebody's next claim
    public void R5_an_entry_is_garbage_below_the_number_used_up_unless_it_is_the_bound_one(long used, string host, long hostEpoch, string at, long epoch, bool garbage) =>
        Assert.Equal(garbage, PlacementProtocol.IsGarbage(Server(used, host, hostEpoch), at, epoch));

    [Fact]
    public void R5_without_a_server_everything_is_garbage() => Assert.True(PlacementProtocol.IsGarbage(null, "a", 9));

    [Fact]
    public void GC_the_losing_claim_of_two_leaders_is_removed() =>
        Assert.Equal(new RemoveEntry("b", 1, Claim(1)), Next(View(Server(1, "a"), At("a", Instance("a", 1), Entry(1)), At("b", null, Entry(1)))));

    [Fact]
    public void GC_an_abandoned_claim_of_a_bound_server_is_used_up_and_the_server_stays_where_it_is() =>
        Assert.Equal(new Raise(2), Next(View(Server(1, "a"), At("a", Instance("a", 1), Entry(1)), At("b", null, Entry(2)))));

    [Fact]
    public void GC_a_claim_that_a_Migration_holds_is_left_alone() =>
        Assert.Equal(new Settled(), Next(View(Server(1, "a"), At("a", Instance("a", 1), Entry(1)), At("b", null, Entry(2, "Migration/project/m1")))));

    [Fact]
    public void GC_an_entry_under_an_Instance_of_its_number_goes_only_with_that_Instance() =>
        Assert.Equal(new DeleteInstance("b", "b-1"), Next(View(Server(2, "a"), At("a", Instance("a", 2), Entry(2)), At("b", Instance("b", 1), Entry(1)))));

    [Fact]
    public void GCI_an_Instance_that_waits_for_its_agent_does_not_hold_up_the_placing()
    {
        var view = View(Server(2), At("b", Instance("b", 1, deleted: true), Entry(1)));
        Assert.Equal(new PlaceServer(3), Next(view));
    }

    // R1: gone.

    [Fact]
    public void R1_a_deleted_server_deletes_its_Instance_first() =>
        Assert.Equal(new DeleteInstance("a", "a-1"), Next(View(Server(1, "a", deleted: true), At("a", Instance("a", 1), Entry(1)))));

    [Fact]
    public void R1_nothing_goes_before_the_agent_has_confirmed() =>
        Assert.Equal(new Wait(WaitReason.AgentConfirmation, "a"), Next(View(Server(1, "a", deleted: true), At("a", Instance("a", 1, deleted: true), Entry(1)), At("b", null, Entry(1)))));

    [Fact]
    public void R1_after_the_confirmation_the_entry_goes() =>
        Assert.Equal(new RemoveEntry("a", 1, Claim(1)), Next(View(Server(1, "a", deleted: true), At("a", Instance("a", 1, deleted: true, agent: false), Entry(1)))));

    [Fact]
    public void R1_then_the_ledger_finalizer() =>
        Assert.Equal(new RemoveLedgerFinalizer("a", "a-1"), Next(View(Server(1, "a", deleted: true), At("a", Instance("a", 1, deleted: true, agent: false)))));

    [Fact]
    public void FIN_removes_only_the_entry_of_the_Instances_own_number() =>
        Assert.Equal(new RemoveLedgerFinalizer("a", "a-1"), Next(View(Server(2, "a", deleted: true), At("a", Instance("a", 1, deleted: true, agent: false), Entry(2)))));

    [Fact]
    public void R1_a_bound_entry_without_an_Instance_goes_under_an_Absent_one() =>
        Assert.Equal(new CreateAbsentInstance("a", 1, Claim(1)), Next(View(Server(1, "a", deleted: true), At("a", null, Entry(1)))));

    [Fact]
    public void R1_the_Absent_Instance_is_deleted_at_once() =>
        Assert.Equal(new DeleteInstance("a", "a-1"), Next(View(Server(1, "a", deleted: true), At("a", Instance("a", 1, wanted: InstancePresence.Absent), Entry(1)))));

    [Fact]
    public void DEL_a_claim_above_the_number_used_up_is_raised_before_it_is_removed()
    {
        Assert.Equal(new Raise(2), Next(View(Server(1, deleted: true), At("b", null, Entry(2)))));
        Assert.Equal(new RemoveEntry("b", 2, Claim(2)), Next(View(Server(2, deleted: true), At("b", null, Entry(2)))));
    }

    [Fact]
    public void DEL_the_servers_finalizer_goes_last() =>
        Assert.Equal(new RemoveServerFinalizer(), Next(View(Server(1, "a", deleted: true), At("a"))));

    [Fact]
    public void DEL_a_server_deleted_before_it_was_seen_has_nothing_to_clean_up() =>
        Assert.Equal(new Settled(), Next(View(Server(deleted: true, finalizer: false))));

    [Fact]
    public void GCI_an_Instance_without_a_server_is_deleted_then_confirmed_then_its_entry_goes()
    {
        Assert.Equal(new DeleteInstance("a", "a-1"), Next(View(null, At("a", Instance("a", 1), Entry(1)))));
        Assert.Equal(new Wait(WaitReason.AgentConfirmation, "a"), Next(View(null, At("a", Instance("a", 1, deleted: true), Entry(1)))));
        Assert.Equal(new RemoveEntry("a", 1, Claim(1)), Next(View(null, At("a", Instance("a", 1, deleted: true, agent: false), Entry(1)))));
        Assert.Equal(new RemoveLedgerFinalizer("a", "a-1"), Next(View(null, At("a", Instance("a", 1, deleted: true, agent: false)))));
        Assert.Equal(new RemoveEntry("a", 1, Claim(1)), Next(View(null, At("a", null, Entry(1)))));
        Assert.Equal(new Settled(), Next(View(null, At("a"))));
    }

    // R6: each write has its guard, and what guards is read first.

    [Fact]
    public void R6_each_write_is_guarded_by_the_object_that_it_changes()
    {
        Assert.Equal(StepGuard.Server, new AddFinalizer().Guard);
        Assert.Equal(StepGuard.Server, new PlaceServer(1).Guard);
        Assert.Equal(StepGuard.Server, new Bind("a", 1, "c").Guard);
        Assert.Equal(StepGuard.Server, new Raise(1).Guard);
        Assert.Equal(StepGuard.Server, new RemoveServerFinalizer().Guard);
        Assert.Equal(StepGuard.Ledger("a"), new RemoveEntry("a", 1, "c").Guard);
        Assert.Equal(StepGuard.Instance("a"), new DeleteInstance("a", "u").Guard);
        Assert.Equal(StepGuard.Instance("a"), new RemoveLedgerFinalizer("a", "u").Guard);
        Assert.Equal(StepGuard.Instance("a"), new AdoptIncoming("a", "u").Guard);
        Assert.Equal(StepGuard.None, new CreateInstance("a", 1, "c").Guard);
        Assert.Equal(StepGuard.None, new CreateAbsentInstance("a", 1, "c").Guard);
    }

    // Failed builds.

    [Fact]
    public void A_failed_build_is_tried_on_another_host_under_the_next_number() =>
        Assert.Equal(new PlaceServer(2), Next(View(Server(1, "a"), At("a", Instance("a", 1, failure: Failure(1)), Entry(1)))));

    [Fact]
    public void A_claim_for_the_next_try_that_nobody_bound_is_bound() =>
        Assert.Equal(new Bind("b", 2, Claim(2)), Next(View(Server(1, "a"), At("a", Instance("a", 1, failure: Failure(1)), Entry(1)), At("b", null, Entry(2)))));

    [Fact]
    public void After_the_bind_elsewhere_the_failed_Instance_is_garbage() =>
        Assert.Equal(new DeleteInstance("a", "a-1"), Next(View(Server(2, "b"), At("a", Instance("a", 1, failure: Failure(1)), Entry(1)), At("b", Instance("b", 2), Entry(2)))));

    [Fact]
    public void A_failure_that_is_the_same_everywhere_is_not_tried_elsewhere() =>
        Assert.Equal(new Wait(WaitReason.BuildFailed, "a"), Next(View(Server(1, "a"), At("a", Instance("a", 1, failure: Failure(1, elsewhere: false)), Entry(1)))));

    [Fact]
    public void The_last_attempt_is_the_last()
    {
        var server = Server(3, "c");
        server = server with { Status = server.Status! with { FailedHosts = [Host("a", 1), Host("b", 2)] } };
        Assert.Equal(new Wait(WaitReason.BuildFailed, "c"), Next(View(server, At("c", Instance("c", 3, failure: Failure(3)), Entry(3)))));

        static FailedHost Host(string name, long epoch) => new() { Host = name, Epoch = epoch, Reason = "X", Message = "x" };
    }

    [Fact]
    public void A_guest_that_has_run_is_never_moved_by_a_failure()
    {
        var ran = Instance("a", 1, failure: Failure(1), status: new InstanceStatus { StartedAt = DateTimeOffset.UnixEpoch });
        Assert.Equal(new Wait(WaitReason.BuildFailed, "a"), Next(View(Server(1, "a"), At("a", ran, Entry(1)))));
    }

    [Fact]
    public void The_failure_of_an_earlier_placement_says_nothing_of_this_one() =>
        Assert.Equal(new Settled(), Next(View(Server(2, "a"), At("a", Instance("a", 2, failure: Failure(1)), Entry(2)))));

    // What somebody did by hand.

    [Fact]
    public void A_stray_keeps_its_server_from_being_scheduled_anywhere()
    {
        var view = View(Server()) with { Strays = [new Stray("b", 4)] };
        Assert.Equal(new Wait(WaitReason.FoundOnHost, "b"), Next(view));
    }

    [Fact]
    public void A_stray_keeps_a_claim_from_being_bound()
    {
        var view = View(Server(), At("a", null, Entry(1))) with { Strays = [new Stray("b", 4)] };
        Assert.False(Next(view) is Bind or PlaceServer);
    }

    [Fact]
    public void R9_while_a_restored_store_is_held_nothing_is_done_but_to_hold_back_what_another_host_runs()
    {
        var view = View(Server(1, "a"), At("a", Instance("a", 1), Entry(1))) with { Held = true };
        Assert.Equal(new Wait(WaitReason.Restored), Next(view));
        Assert.Equal(new Wait(WaitReason.Restored), Next(View(Server()) with { Held = true }));
        Assert.Equal(new AddFinalizer(), Next(View(Server(finalizer: false)) with { Held = true }));
        Assert.Equal(new Wait(WaitReason.Restored), Next(view with { Strays = [new Stray("a", 2)] }));
        var found = view with { Strays = [new Stray("b", 2)] };
        var hold = Assert.IsType<HoldBackInstance>(Next(found));
        Assert.Equal(("a", 2), (hold.Host, hold.Epoch));

        var noted = Instance("a", 1);
        noted = noted with { Spec = noted.Spec with { Note = new MoveNote { TargetEpoch = 2, Reason = MoveReason.Restore } } };
        var after = View(Server(1, "a"), At("a", noted, Entry(1)));
        Assert.Equal(new Wait(WaitReason.Restored), Next(after with { Held = true, Strays = [new Stray("b", 2)] }));
        Assert.Equal(new Settled(), Next(after with { Strays = [new Stray("b", 2)] }));
        Assert.IsType<LetStart>(Next(after));
    }

    [Fact]
    public void A_guest_whose_Instance_vanished_gets_it_back_when_it_is_of_this_very_placement()
    {
        var view = View(Server(1, "a"), At("a", null, Entry(1)));
        Assert.Equal(new CreateInstance("a", 1, Claim(1)), Next(view with { Strays = [new Stray("a", 1)] }));
        Assert.Equal(new Wait(WaitReason.FoundOnHost, "b"), Next(view with { Strays = [new Stray("b", 1)] }));
    }

    [Fact]
    public void A_place_lost_by_hand_is_replaced_only_if_the_guest_never_ran()
    {
        var server = Server(1, "a");
        Assert.Equal(new PlaceServer(2), Next(View(server, At("a"))));
        var ran = server with { Status = server.Status! with { LaunchedAt = DateTimeOffset.UnixEpoch } };
        Assert.Equal(new Wait(WaitReason.PlaceLost, "a"), Next(View(ran, At("a"))));
    }

    [Theory]
    [InlineData("kilonova-host-a", "a")]
    [InlineData("kilonova-host-", null)]
    [InlineData("demo", null)]
    [InlineData(null, null)]
    public void An_Instance_in_no_hosts_namespace_is_nobodys_order(string? @namespace, string? host) => Assert.Equal(host, PlacementProtocol.HostOf(new Instance
    {
        Metadata = new() { Namespace = @namespace },
        Spec = new InstanceSpec { Server = new ServerReference { Namespace = "p", Name = "s", Uid = "u" }, ClaimID = "c" },
    }));
}
