using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.NodeAgent.Protocol;
using static Kilonova.NodeAgent.Tests.Protocol.Views;

namespace Kilonova.NodeAgent.Tests.Protocol;

public class ReportTests
{
    [Fact]
    public void A_running_guest_is_Ready_with_what_it_booted_with()
    {
        var status = Report(Running());
        Assert.Equal((PowerState.Running, 1L, 1L, Boot), (status.PowerState, status.Epoch, status.ObservedGeneration, status.BootID));
        Assert.Equal(Now, status.StartedAt);
        Assert.Equal((ConditionStatus.True, "Running"), (status.Conditions!.Single().Status, status.Conditions!.Single().Reason));
    }

    [Fact]
    public void Before_the_first_start_there_is_no_power_state() => Assert.Null(Report(BeforeStart() with { Ledger = new LedgerReading(new Moment(4), []) }).PowerState);

    [Fact]
    public void A_guest_that_is_wanted_off_is_Ready_when_it_is_off()
    {
        var status = Report(BeforeStart(Instance().Spec(spec => spec with { PowerState = WantedPowerState.Stopped })));
        Assert.Equal((PowerState.Shutdown, ConditionStatus.True), (status.PowerState, status.Conditions!.Single().Status));
    }

    [Fact]
    public void A_guest_that_went_off_by_itself_is_not_Ready_and_that_is_said()
    {
        var off = Running().Off();
        off = off with { Record = ((Step.WriteRecord)InstanceProtocol.Next(off)).Record };
        var status = Report(off);
        Assert.Equal((true, PowerState.Shutdown, "StoppedByGuest"), (status.StoppedByGuest, status.PowerState, status.Conditions!.Single().Reason));
    }

    [Fact]
    public void A_foreign_domain_in_the_way_is_a_failure_that_another_host_may_not_have()
    {
        var status = Report(BeforeStart() with { Domain = new DomainView(PowerState.NoState, Ours: false, null, null), TombstoneEpoch = 1 });
        Assert.Equal(("ForeignDomain", true), (status.Failure!.Reason, status.Failure.Elsewhere));
    }

    [Fact]
    public void The_time_of_a_condition_changes_only_with_its_state()
    {
        var view = Running();
        var instance = view.Instance!.Found! with { Status = Report(view) };
        var later = view.With(instance) with { Host = view.Host with { Now = Now.AddHours(1) } };
        Assert.Equal(Now, Report(later).Conditions!.Single().LastTransitionTime);
        Assert.Equal(instance.Status!.Conditions!.Single(), Report(later).Conditions!.Single());
    }

    [Fact]
    public void A_failure_stays_until_it_is_tried_again()
    {
        var view = BeforeStart();
        var failed = view.Instance!.Found! with { Status = InstanceReport.Failed(view.Instance.Found, view, new BuildFailure(InstanceStep.Image, "ImageNotFound", "none", elsewhere: true), elsewhere: false) };
        Assert.Equal("ImageNotFound", Report(view.With(failed)).Failure!.Reason);
        Assert.Null(InstanceReport.UnderWay(failed, view, InstanceStep.Disks, null).Failure);
    }

    [Fact]
    public void Fields_of_a_later_version_survive()
    {
        var json = System.Text.Json.JsonDocument.Parse("\"later\"").RootElement;
        var view = Running();
        var instance = view.Instance!.Found! with { Status = new InstanceStatus { Extensions = new() { ["new"] = json }, Move = new MoveAnswer { TargetEpoch = 2 } } };
        var status = Report(view.With(instance));
        Assert.Equal("later", status.Extensions!["new"].GetString());
        Assert.Equal(2, status.Move!.TargetEpoch);
    }

    private static InstanceStatus Report(InstanceView view)
    {
        var rest = Assert.IsType<Step.Rest>(InstanceProtocol.Next(view));
        return InstanceReport.AtRest(view.Instance!.Found!, view, rest.Verdict);
    }
}
