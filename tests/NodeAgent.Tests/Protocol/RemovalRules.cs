using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;
using static Kilonova.NodeAgent.Tests.Protocol.Views;

namespace Kilonova.NodeAgent.Tests.Protocol;

/// <summary>What is removed, in which order, and what is never removed.</summary>
public class RemovalRules
{
    [Fact]
    public void R1_domain_then_files_then_tombstone_then_record_then_the_finalizer()
    {
        var view = Running().With(Instance().Deleted());
        Assert.IsType<Step.RemoveDomain>(InstanceProtocol.Next(view));
        view = view with { Domain = null };
        Assert.IsType<Step.RemoveFiles>(InstanceProtocol.Next(view));
        view = view with { FilesExist = false };
        Assert.Equal(1, Assert.IsType<Step.WriteTombstone>(InstanceProtocol.Next(view)).Epoch);
        view = view with { TombstoneEpoch = 1 };
        Assert.IsType<Step.RemoveRecord>(InstanceProtocol.Next(view));
        view = view with { Record = null };
        Assert.Equal("uid-1", Assert.IsType<Step.DropFinalizer>(InstanceProtocol.Next(view)).Instance.Metadata.Uid);
    }

    [Fact]
    public void R1_an_Instance_of_which_nothing_was_built_is_closed_before_it_is_confirmed()
    {
        var view = BeforeStart(Instance().Deleted()) with { Domain = null, FilesExist = false, Record = null };
        Assert.IsType<Step.WriteTombstone>(InstanceProtocol.Next(view));
        Assert.IsType<Step.DropFinalizer>(InstanceProtocol.Next(view with { TombstoneEpoch = 1 }));
    }

    [Fact]
    public void R1_an_Absent_Instance_is_confirmed_in_the_same_way()
    {
        var absent = Instance().Spec(spec => spec with { Wanted = InstancePresence.Absent, Flavor = null }).Deleted();
        Assert.IsType<Step.RemoveDomain>(InstanceProtocol.Next(Running().With(absent)));
    }

    [Fact]
    public void A_tombstone_of_a_lower_epoch_is_raised()
    {
        var view = BeforeStart(Instance(epoch: 4).Deleted()) with { Domain = null, FilesExist = false, TombstoneEpoch = 2 };
        Assert.Equal(4, Assert.IsType<Step.WriteTombstone>(InstanceProtocol.Next(view)).Epoch);
    }

    [Fact]
    public void What_is_newer_than_the_terminating_Instance_is_a_stray_and_is_not_touched()
    {
        var newer = Running(Instance(epoch: 5));
        Assert.Equal(VerdictKind.Stray, Rests(newer.With(Instance(epoch: 4).Deleted())));
    }

    [Fact]
    public void The_higher_epoch_of_record_and_metadata_counts()
    {
        var view = Running().With(Instance().Deleted());
        Assert.Equal(VerdictKind.Stray, Rests(view with { Domain = view.Domain! with { Epoch = 2 } }));
        Assert.Equal(VerdictKind.Stray, Rests(view with { Record = view.Record! with { Epoch = 2 } }));
    }

    [Fact]
    public void An_Instance_without_our_finalizer_is_the_operators()
    {
        var confirmed = Instance().Deleted();
        confirmed = confirmed with { Metadata = confirmed.Metadata with { Finalizers = [ApiGroup.LedgerFinalizer] } };
        Assert.Equal(VerdictKind.Removed, Rests(BeforeStart(confirmed) with { Domain = null, FilesExist = false, TombstoneEpoch = 1 }));
    }

    [Fact]
    public void Nothing_is_destroyed_because_an_Instance_is_absent()
    {
        Assert.Equal(VerdictKind.Stray, Rests(Running().With(null)));
        Assert.Equal(VerdictKind.Stray, Rests(Running().Off().With(null)));
        Assert.Equal(VerdictKind.Stray, Rests(Running().With(null) with { Domain = null }));
        Assert.Equal(VerdictKind.Stray, Rests(Running().With(null) with { Record = null }));
        Assert.Equal(VerdictKind.Stray, Rests(Running().With(null) with { Record = null, Domain = null }));
        Assert.Equal(VerdictKind.Nothing, Rests(Running().With(null) with { Record = null, Domain = null, FilesExist = false }));
    }

    [Fact]
    public void A_foreign_domain_stays_when_an_Instance_of_its_name_goes()
    {
        var view = BeforeStart(Instance().Deleted()) with { Domain = new DomainView(PowerState.Running, Ours: false, null, null) };
        Assert.IsType<Step.RemoveFiles>(InstanceProtocol.Next(view));
        Assert.IsType<Step.DropFinalizer>(InstanceProtocol.Next(view with { FilesExist = false, TombstoneEpoch = 1 }));
    }
}
