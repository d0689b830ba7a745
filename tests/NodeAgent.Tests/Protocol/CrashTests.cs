using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;
using static Kilonova.NodeAgent.Tests.Protocol.Views;

namespace Kilonova.NodeAgent.Tests.Protocol;

/// <summary>
/// A host in memory that executes the steps, dies at any of them and begins anew with what is on stable storage. However it dies, it ends where it should, and never
/// starts what it must not.
/// </summary>
public class CrashTests
{
    private sealed class Host(Instance instance)
    {
        private long order = 10;
        private InstanceReading? reading;
        private LedgerReading? ledger;
        private Preparation? prepared;

        // Stable storage, libvirt and the API; all else is lost with the agent.
        public Instance? Api { get; set; } = instance;

        public InstanceRecord? Record { get; private set; }

        public long? Tombstone { get; private set; }

        public DomainView? Domain { get; set; }

        public bool Files { get; private set; }

        public int Starts { get; private set; }

        private Moment Now => new(order++);

        /// <summary>Runs until rest, or dies after a number of steps.</summary>
        public Verdict? Run(int? dieAfter = null)
        {
            (reading, ledger, prepared) = (null, null, null);
            var renewed = Now;
            for (var step = 0; step < 60; step++)
            {
                var view = new InstanceView
                {
                    InstanceID = ID, Host = new HostView(Boot, renewed, true, false, Views.Now), Instance = reading, Ledger = ledger,
                    Record = Record, TombstoneEpoch = Tombstone, Domain = Domain, FilesExist = Files, Prepared = prepared,
                };
                var next = InstanceProtocol.Next(view);
                if (next is Step.Rest rest)
                    return rest.Verdict;
                if (step == dieAfter)
                    return null;
                Execute(next);
            }

            throw new InvalidOperationException("it does not come to rest");
        }

        private void Execute(Step step)
        {
            switch (step)
            {
                case Step.ReadInstance:
                    reading = new InstanceReading(Now, Api);
                    break;
                case Step.ReadLedger:
                    ledger = new LedgerReading(Now, [Entry(1, "claim-1")]);
                    break;
                case Step.Prepare prepare:
                    Files = true;
                    Domain ??= new DomainView(PowerState.Shutdown, true, prepare.Instance.Spec.Epoch, prepare.Instance.Spec.ClaimID);
                    prepared = new Preparation(Now, prepare.Instance.Metadata.Uid, prepare.Instance.Metadata.Generation);
                    break;
                case Step.WriteRecord write:
                    Record = write.Record;
                    break;
                case Step.StartDomain:
                    Assert.Equal((1L, "claim-1"), (Record?.Epoch, Record?.ClaimID));
                    Assert.False(Api is null or { Metadata.DeletionTimestamp: not null }, "a guest was started that must not run");
                    Assert.Null(Tombstone);
                    Domain = Domain! with { State = PowerState.Running };
                    Starts++;
                    break;
                case Step.StopDomain:
                    Domain = Domain! with { State = PowerState.Shutdown };
                    break;
                case Step.RemoveDomain:
                    Domain = null;
                    break;
                case Step.RemoveFiles:
                    Files = false;
                    break;
                case Step.WriteTombstone tombstone:
                    Assert.Null(Domain);
                    Tombstone = tombstone.Epoch;
                    break;
                case Step.RemoveRecord:
                    Record = null;
                    break;
                case Step.DropFinalizer:
                    Assert.True(Domain is null && !Files && Record is null && Tombstone == 1, "confirmed too early");
                    (Api, reading) = (null, null);
                    break;
            }
        }
    }

    private static readonly Instance Off = Instance().Spec(spec => spec with { PowerState = WantedPowerState.Stopped });

    public static TheoryData<int> Deaths => new(Enumerable.Range(0, 12));

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_build_ends_with_one_running_guest(int death)
    {
        var host = new Host(Instance());
        host.Run(death);
        Assert.Equal(VerdictKind.Running, host.Run()!.Kind);
        Assert.Equal(1, host.Starts);
        Assert.False(host.Record!.StoppedByGuest);
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_stop_and_a_start_end_as_wanted(int death)
    {
        var host = new Host(Instance());
        host.Run();
        host.Api = Off;
        host.Run(death);
        Assert.Equal(VerdictKind.Stopped, host.Run()!.Kind);
        Assert.Equal(PowerState.Shutdown, host.Domain!.State);
        host.Api = Instance();
        host.Run(death);
        Assert.Equal(VerdictKind.Running, host.Run()!.Kind);
        Assert.Equal(2, host.Starts);
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_removal_leaves_nothing_and_is_confirmed_last(int death)
    {
        var host = new Host(Instance());
        host.Run();
        host.Api = Instance().Deleted();
        host.Run(death);
        Assert.Equal(VerdictKind.Nothing, host.Run()!.Kind);
        Assert.Equal((null, false, null, 1L), (host.Domain, host.Files, host.Record, host.Tombstone));
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_deletion_in_the_middle_of_a_build_leaves_nothing(int death)
    {
        var host = new Host(Instance());
        host.Run(death);
        host.Api = Instance().Deleted();
        Assert.Equal(VerdictKind.Nothing, host.Run()!.Kind);
        Assert.Equal((null, false, null), (host.Domain, host.Files, host.Record));

        // A late create of the same placement finds the door closed.
        host.Api = Instance();
        Assert.Equal(VerdictKind.Closed, host.Run()!.Kind);
    }

    [Fact]
    public void A_guest_that_powers_itself_off_while_the_agent_is_away_stays_off()
    {
        var host = new Host(Instance());
        host.Run();
        host.Domain = host.Domain! with { State = PowerState.Shutdown };
        Assert.Equal(VerdictKind.StoppedByGuest, host.Run()!.Kind);
        Assert.Equal(1, host.Starts);
    }
}
