using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.Tests.Protocol;

/// <summary>Instances and views from which each test changes the one thing that it is about.</summary>
internal static class Views
{
    public const string ID = "11111111-2222-3333-4444-555555555555";
    public const string Boot = "boot-1";

    public static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static Instance Instance(long epoch = 1, string claim = "claim-1") => new()
    {
        Metadata = new ObjectMeta
        {
            Name = ID,
            Namespace = "kilonova-host-a",
            Uid = "uid-1",
            Generation = 1,
            ResourceVersion = "10",
            Finalizers = [ApiGroup.AgentFinalizer, ApiGroup.LedgerFinalizer],
        },
        Spec = new InstanceSpec
        {
            Server = new ServerReference { Namespace = "demo", Name = "web", Uid = ID },
            Epoch = epoch,
            ClaimID = claim,
            Wanted = InstancePresence.Present,
            Flavor = new InstanceFlavor { Name = "tiny", Vcpus = 1, MemoryMiB = 128, RootGiB = 1 },
            Image = new InstanceImage { Name = "demo/guest", Url = "http://images/guest.qcow2", Format = DiskFormat.Qcow2 },
        },
    };

    public static Instance Spec(this Instance instance, Func<InstanceSpec, InstanceSpec> change) => instance with { Spec = change(instance.Spec) };

    public static Instance Deleted(this Instance instance) => instance with { Metadata = instance.Metadata with { DeletionTimestamp = Now } };

    /// <summary>Just before a start: everything read in the right order, prepared, and nothing wrong.</summary>
    public static InstanceView BeforeStart(Instance? instance = null)
    {
        instance ??= Instance();
        return new InstanceView
        {
            InstanceID = ID,
            Host = new HostView(Boot, new Moment(1), LeaseFresh: true, ShuttingDown: false, Now),
            Prepared = new Preparation(new Moment(2), instance.Metadata.Uid, instance.Metadata.Generation),
            FilesExist = true,
            Domain = new DomainView(PowerState.Shutdown, Ours: true, instance.Spec.Epoch, instance.Spec.ClaimID),
            Instance = new InstanceReading(new Moment(3), instance),
            Ledger = new LedgerReading(new Moment(4), [Entry(instance.Spec.Epoch, instance.Spec.ClaimID)]),
        };
    }

    /// <summary>The same with the record written, so that only the start itself is left.</summary>
    public static InstanceView Recorded(Instance? instance = null)
    {
        var view = BeforeStart(instance);
        return InstanceProtocol.Next(view) is Step.WriteRecord write ? view with { Record = write.Record } : throw new InvalidOperationException("no record is wanted");
    }

    /// <summary>A guest that runs, with its record.</summary>
    public static InstanceView Running(Instance? instance = null)
    {
        var view = Recorded(instance);
        view = view with { Domain = view.Domain! with { State = PowerState.Running } };
        return InstanceProtocol.Next(view) is Step.WriteRecord write ? view with { Record = write.Record } : throw new InvalidOperationException("no record is wanted");
    }

    /// <summary>The same guest after it went off.</summary>
    public static InstanceView Off(this InstanceView view) => view with { Domain = view.Domain! with { State = PowerState.Shutdown } };

    public static InstanceView With(this InstanceView view, Instance? instance) => view with { Instance = view.Instance! with { Found = instance } };

    public static Allocation Entry(long epoch, string claim) => new()
    {
        Id = ID,
        Epoch = epoch,
        ClaimID = claim,
        Holder = "Server/demo/web",
        Resources = new Dictionary<string, long> { ["VCPU"] = 1 },
    };

    public static VerdictKind Rests(InstanceView view) => Assert.IsType<Step.Rest>(InstanceProtocol.Next(view)).Verdict.Kind;
}
