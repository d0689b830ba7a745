using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;
using static Kilonova.NodeAgent.Tests.Protocol.Views;

namespace Kilonova.NodeAgent.Tests.Protocol;

/// <summary>Power states, adoption, and what a guest does by itself.</summary>
public class PowerRules
{
    private static readonly Instance Stopped = Instance().Spec(spec => spec with { PowerState = WantedPowerState.Stopped });
    private static readonly Instance Restarting = Instance().Spec(spec => spec with { OnGuestShutdown = OnGuestShutdown.Restart });

    [Fact]
    public void A_running_guest_that_is_wanted_running_is_left_alone() => Assert.Equal(VerdictKind.Running, Rests(Running()));

    [Fact]
    public void A_paused_guest_is_left_alone()
    {
        var view = Running();
        Assert.Equal(VerdictKind.Running, Rests(view with { Domain = view.Domain! with { State = PowerState.Paused } }));
    }

    [Fact]
    public void A_running_guest_needs_neither_Lease_nor_ledger()
    {
        var view = Running();
        Assert.Equal(VerdictKind.Running, Rests(view with { Ledger = null, Host = view.Host with { LeaseRenewedAt = null, LeaseFresh = false } }));
    }

    [Fact]
    public void A_stop_is_recorded_before_it_is_done()
    {
        var view = Running().With(Stopped);
        var write = Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(view));
        Assert.Equal(WantedPowerState.Stopped, write.Record.WantedPower);
        Assert.IsType<Step.StopDomain>(InstanceProtocol.Next(view with { Record = write.Record }));
    }

    [Fact]
    public void A_stopped_guest_is_started_again_when_that_is_wanted()
    {
        var off = Running().Off();
        off = off with { Record = off.Record! with { WantedPower = WantedPowerState.Stopped, Run = GuestRun.Off } };
        Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(off));
    }

    [Fact]
    public void A_guest_that_is_wanted_off_from_the_beginning_is_built_and_not_started()
    {
        Assert.IsType<Step.Prepare>(InstanceProtocol.Next(BeforeStart(Stopped) with { Prepared = null, Domain = null }));
        Assert.Equal(VerdictKind.Stopped, Rests(BeforeStart(Stopped)));
    }

    [Fact]
    public void A_guest_that_powers_itself_off_stays_off_and_that_is_recorded()
    {
        var off = Running().Off();
        var write = Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(off));
        Assert.True(write.Record.StoppedByGuest);
        Assert.Equal(VerdictKind.StoppedByGuest, Rests(off with { Record = write.Record }));
    }

    [Fact]
    public void It_stays_off_over_a_reboot_of_the_host()
    {
        var off = Running().Off();
        off = off with { Record = ((Step.WriteRecord)InstanceProtocol.Next(off)).Record, Host = off.Host with { BootID = "boot-2" } };
        Assert.Equal(VerdictKind.StoppedByGuest, Rests(off));
    }

    [Fact]
    public void A_change_of_the_wanted_state_and_back_starts_it()
    {
        var off = Running().Off();
        off = off with { Record = ((Step.WriteRecord)InstanceProtocol.Next(off)).Record };
        var asked = off.With(Stopped);
        asked = asked with { Record = Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(asked)).Record };
        Assert.Equal(VerdictKind.Stopped, Rests(asked));
        Assert.Equal(GuestRun.Starting, Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(asked.With(Instance()))).Record.Run);
    }

    [Fact]
    public void With_Restart_it_is_started_again_but_not_more_often_than_every_ten_seconds()
    {
        var off = Running(Restarting).Off();
        var rest = Assert.IsType<Step.Rest>(InstanceProtocol.Next(off)).Verdict;
        Assert.Equal((VerdictKind.RestartSoon, InstanceProtocol.RestartSpacing), (rest.Kind, rest.RetryAfter));
        var later = off with { Host = off.Host with { Now = Now + InstanceProtocol.RestartSpacing } };
        Assert.Equal(GuestRun.Starting, Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(later)).Record.Run);
    }

    [Fact]
    public void Guests_that_went_down_with_the_host_are_started_again()
    {
        var off = Running().Off();
        off = off with { Host = off.Host with { BootID = "boot-2" } };
        Assert.Equal("boot-2", Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(off)).Record.BootID);
    }

    [Fact]
    public void A_stop_while_the_host_goes_down_is_nobodys_wish()
    {
        var off = Running().Off();
        Assert.Equal(VerdictKind.HostShuttingDown, Rests(off with { Host = off.Host with { ShuttingDown = true } }));
    }

    [Fact]
    public void A_shutdown_of_the_host_that_was_called_off_is_noticed()
    {
        var off = Running().Off();
        Assert.NotNull(Assert.IsType<Step.Rest>(InstanceProtocol.Next(off with { Host = off.Host with { ShuttingDown = true } })).Verdict.RetryAfter);
        Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(off));
    }

    [Fact]
    public void A_guest_that_somebody_on_the_host_saved_did_not_power_itself_off()
    {
        foreach (var instance in new[] { Instance(), Restarting })
        {
            var off = Running(instance).Off();
            off = off with { Domain = off.Domain! with { Saved = true } };
            Assert.Equal(VerdictKind.Saved, Rests(off));
            // In the host's next boot it goes on, from what was saved.
            Assert.Equal("boot-2", Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(off with { Host = off.Host with { BootID = "boot-2" } })).Record.BootID);
        }
    }

    [Fact]
    public void A_guest_that_its_tenant_stopped_stays_off_over_a_reboot_of_the_host()
    {
        var view = Running().With(Stopped);
        view = view with { Record = Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(view)).Record };
        var booted = view.Off() with { Host = view.Host with { BootID = "boot-2" } };
        // What is left is at most the note that it is off, and never a start.
        booted = booted with { Record = Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(booted)).Record };
        Assert.Equal((VerdictKind.Stopped, GuestRun.Off), (Rests(booted), booted.Record!.Run));
    }

    [Fact]
    public void A_start_that_was_recorded_but_not_done_is_done_again() => Assert.IsType<Step.StartDomain>(InstanceProtocol.Next(Recorded()));

    [Fact]
    public void A_running_domain_without_a_record_is_adopted_when_epoch_and_claim_are_equal()
    {
        var write = Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(Running() with { Record = null }));
        Assert.Equal((1, "claim-1", GuestRun.Running), (write.Record.Epoch, write.Record.ClaimID, write.Record.Run));
        Assert.Equal(VerdictKind.Running, Rests(Running() with { Record = write.Record }));
    }

    [Theory]
    [InlineData(2, "claim-1")]
    [InlineData(1, "claim-9")]
    public void A_running_domain_of_another_placement_is_a_stray(long epoch, string claim) =>
        Assert.Equal(VerdictKind.Stray, Rests(Running().With(Instance(epoch, claim))));

    [Fact]
    public void Disks_are_the_guests_once_it_was_launched()
    {
        var record = Running().Record!;
        Assert.Equal(Now, record.LaunchedAt);
        var again = Running().Off() with { Record = record with { WantedPower = WantedPowerState.Stopped, Run = GuestRun.Off } };
        Assert.Equal(Now, Assert.IsType<Step.WriteRecord>(InstanceProtocol.Next(again)).Record.LaunchedAt);
    }
}
