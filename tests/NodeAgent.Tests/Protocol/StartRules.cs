using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;
using static Kilonova.NodeAgent.Tests.Protocol.Views;

namespace Kilonova.NodeAgent.Tests.Protocol;

/// <summary>When a guest is started: every condition of the protocol, taken away one at a time.</summary>
public class StartRules
{
    [Fact]
    public void With_every_condition_met_the_record_is_written_and_then_the_domain_started()
    {
        var write = Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(BeforeStart()));
        Assert.Equal(1, write.Record.Epoch);
        Assert.Equal("claim-1", write.Record.ClaimID);
        Assert.Equal(Boot, write.Record.BootID);
        Assert.Equal(GuestRun.Starting, write.Record.Run);
        Assert.IsType<Step.StartDomain>(InstanceProtocol.Next(Recorded()));
    }

    [Fact]
    public void Nothing_is_decided_before_the_Instance_is_read_by_quorum() =>
        Assert.IsType<Step.ReadInstance>(InstanceProtocol.Next(BeforeStart() with { Instance = null }));

    [Fact]
    public void R4_no_start_before_the_Lease_was_renewed_in_this_boot()
    {
        var view = BeforeStart();
        Assert.Equal(VerdictKind.LeaseNotRenewed, Rests(view with { Host = view.Host with { LeaseRenewedAt = null } }));
    }

    [Fact]
    public void R4_an_Instance_read_before_the_first_renewal_is_read_again()
    {
        var view = BeforeStart();
        Assert.IsType<Step.ReadInstance>(InstanceProtocol.Next(view with { Host = view.Host with { LeaseRenewedAt = new Moment(4) } }));
    }

    [Fact]
    public void R4_a_ledger_read_before_the_Instance_is_read_again() =>
        Assert.IsType<Step.ReadLedger>(InstanceProtocol.Next(BeforeStart() with { Ledger = new LedgerReading(new Moment(2), [Entry(1, "claim-1")]) }));

    [Fact]
    public void An_Instance_read_before_the_preparation_ended_is_read_again() =>
        Assert.IsType<Step.ReadInstance>(InstanceProtocol.Next(BeforeStart() with { Prepared = new Preparation(new Moment(9), "uid-1", 1) }));

    [Fact]
    public void The_ledger_is_read_by_quorum() => Assert.IsType<Step.ReadLedger>(InstanceProtocol.Next(BeforeStart() with { Ledger = null }));

    [Theory]
    [InlineData(2, "claim-1")]
    [InlineData(1, "claim-2")]
    public void R2_an_entry_of_another_epoch_or_claim_is_no_entry(long epoch, string claim) =>
        Assert.Equal(VerdictKind.NoLedgerEntry, Rests(BeforeStart() with { Ledger = new LedgerReading(new Moment(4), [Entry(epoch, claim)]) }));

    [Fact]
    public void R1_no_start_without_an_entry() =>
        Assert.Equal(VerdictKind.NoLedgerEntry, Rests(BeforeStart() with { Ledger = new LedgerReading(new Moment(4), []) }));

    [Fact]
    public void No_start_while_the_Lease_has_run_out()
    {
        var view = Recorded();
        Assert.Equal(VerdictKind.LeaseNotRenewed, Rests(view with { Host = view.Host with { LeaseFresh = false } }));
    }

    [Fact]
    public void R3_a_note_forbids_every_start()
    {
        var noted = Instance().Spec(spec => spec with { Note = new MoveNote { TargetEpoch = 2, Reason = MoveReason.Evacuation } });
        Assert.Equal(VerdictKind.AboutToLeave, Rests(Recorded().With(noted)));
    }

    [Fact]
    public void R9_nothing_is_started_or_destroyed_while_a_restored_store_is_held()
    {
        var held = Recorded().Host with { HeldFor = 3 };
        Assert.Equal(VerdictKind.Held, Rests(Recorded() with { Host = held }));
        Assert.Equal(VerdictKind.Held, Rests(BeforeStart() with { Host = held, Prepared = null }));
        Assert.Equal(VerdictKind.Held, Rests(Running().With(Instance().Deleted()) with { Host = held }));
        Assert.Equal(VerdictKind.Held, Rests(Running().With(Instance().Spec(spec => spec with { PowerState = WantedPowerState.Stopped })) with { Host = held }));
        Assert.Equal(VerdictKind.Running, Rests(Running() with { Host = held }));
        Assert.Equal(VerdictKind.Stray, Rests(Running().With(null) with { Host = held }));
    }

    [Fact]
    public void R9_an_Instance_read_before_the_end_of_the_hold_is_read_again()
    {
        var view = Recorded();
        Assert.IsType<Step.ReadInstance>(InstanceProtocol.Next(view with { Host = view.Host with { HeldUntil = new Moment(9) } }));
        Assert.IsType<Step.StartDomain>(InstanceProtocol.Next(view with { Host = view.Host with { HeldUntil = new Moment(1) } }));
    }

    [Fact]
    public void A_deleted_Instance_is_never_started() => Assert.IsNotType<Step.StartDomain>(InstanceProtocol.Next(Recorded().With(Instance().Deleted())));

    [Theory]
    [InlineData(InstancePresence.Incoming)]
    [InlineData(InstancePresence.Absent)]
    public void A_guest_that_is_not_to_be_here_is_never_started(InstancePresence wanted) =>
        Assert.Equal(VerdictKind.NotPresent, Rests(Recorded().With(Instance().Spec(spec => spec with { Wanted = wanted }))));

    [Fact]
    public void An_epoch_below_the_record_is_never_started()
    {
        var view = Recorded();
        Assert.Equal(VerdictKind.Stray, Rests(view with { Record = view.Record! with { Epoch = 2 } }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void An_epoch_that_was_removed_here_is_never_started(long tombstone) =>
        Assert.Equal(VerdictKind.Closed, Rests(Recorded() with { TombstoneEpoch = tombstone }));

    [Fact]
    public void A_later_epoch_starts_after_an_earlier_one_was_removed()
    {
        var view = BeforeStart(Instance(epoch: 2)) with { TombstoneEpoch = 1 };
        Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(view));
    }

    [Fact]
    public void A_higher_epoch_writes_a_new_record_first()
    {
        var record = Recorded().Record! with { Run = GuestRun.Off, WantedPower = WantedPowerState.Stopped };
        var write = Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(BeforeStart(Instance(epoch: 3, claim: "claim-3")) with { Record = record }));
        Assert.Equal((3, "claim-3"), (write.Record.Epoch, write.Record.ClaimID));
    }

    [Fact]
    public void Disks_and_definition_are_made_first() => Assert.IsType<Step.Prepare>(InstanceProtocol.Next(BeforeStart() with { Prepared = null }));

    [Theory]
    [InlineData("uid-2", 1)]
    [InlineData("uid-1", 2)]
    public void A_preparation_for_another_object_or_generation_does_not_count(string uid, long generation) =>
        Assert.IsType<Step.Prepare>(InstanceProtocol.Next(BeforeStart() with { Prepared = new Preparation(new Moment(2), uid, generation) }));

    [Fact]
    public void Nothing_is_started_while_the_host_goes_down()
    {
        var view = Recorded();
        Assert.Equal(VerdictKind.HostShuttingDown, Rests(view with { Host = view.Host with { ShuttingDown = true } }));
    }

    [Fact]
    public void A_failure_at_this_epoch_is_not_tried_again_until_the_Instance_changes()
    {
        var failed = Instance() with
        {
            Status = new InstanceStatus
            {
                ObservedGeneration = 1,
                Failure = new InstanceFailure { Epoch = 1, Step = InstanceStep.Image, Reason = "ImageChecksumMismatch", Message = "no" },
            },
        };
        Assert.Equal(VerdictKind.Failed, Rests(BeforeStart().With(failed)));
        var changed = failed with { Metadata = failed.Metadata with { Generation = 2 } };
        Assert.IsType<Step.Prepare>(InstanceProtocol.Next(BeforeStart().With(changed)));
    }

    [Fact]
    public void A_foreign_domain_of_this_name_is_left_alone_and_said()
    {
        var view = BeforeStart() with { Domain = new DomainView(PowerState.Running, Ours: false, null, null) };
        var close = Assert.IsType<Step.WriteTombstone>(InstanceProtocol.Next(view));
        Assert.Equal(VerdictKind.ForeignDomain, Rests(view with { TombstoneEpoch = close.Epoch }));
        Assert.Equal(VerdictKind.Nothing, Rests(view.With(null)));
    }

    [Fact]
    public void A_number_that_was_given_up_is_never_started_even_when_its_Instance_changes()
    {
        var given = Instance() with { Status = new InstanceStatus { Failure = new InstanceFailure { Epoch = 1, Reason = "DiskFull", Message = "full", Elsewhere = true }, ObservedGeneration = 1 } };
        var changed = given with { Metadata = given.Metadata with { Generation = 2 } };
        var view = BeforeStart(changed) with { TombstoneEpoch = 1 };
        var rest = Assert.IsType<Step.Rest>(InstanceProtocol.Next(view));
        Assert.Equal(VerdictKind.Closed, rest.Verdict.Kind);
        Assert.Equal("DiskFull", InstanceReport.AtRest(changed, view, rest.Verdict).Failure!.Reason);
    }

    [Fact]
    public void A_crash_between_giving_up_and_telling_so_still_tells()
    {
        var view = BeforeStart() with { TombstoneEpoch = 1 };
        var rest = Assert.IsType<Step.Rest>(InstanceProtocol.Next(view));
        var failure = InstanceReport.AtRest(view.Instance!.Found!, view, rest.Verdict).Failure;
        Assert.True(failure!.Elsewhere);
        Assert.Equal(1, failure.Epoch);
    }

    [Fact]
    public void A_start_that_was_cut_off_before_the_CPUs_ran_is_finished_under_the_rules_of_a_start()
    {
        var view = Recorded() with { Domain = BeforeStart().Domain! with { State = PowerState.Paused } };
        Assert.IsType<Step.ResumeDomain>(InstanceProtocol.Next(view));
        Assert.Equal(VerdictKind.NoLedgerEntry, Rests(view with { Ledger = new LedgerReading(new Moment(4), []) }));
        Assert.Equal(VerdictKind.LeaseNotRenewed, Rests(view with { Host = view.Host with { LeaseFresh = false } }));
    }

    [Fact]
    public void A_guest_that_ran_and_was_paused_by_somebody_stays_paused()
    {
        var running = Running();
        Assert.Equal(VerdictKind.Running, Rests(running with { Domain = running.Domain! with { State = PowerState.Paused } }));
    }
}
