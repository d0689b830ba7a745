using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.Registration.Preflight;

namespace Kilonova.NodeAgent.Registration;

/// <summary>What the agent knows when it writes the Hypervisor's status.</summary>
internal sealed record HostKnowledge
{
    public required string HostID { get; init; }

    public required string BootID { get; init; }

    public required string AgentVersion { get; init; }

    public string? HostIP { get; init; }

    /// <summary>Facts, of now or of when libvirt last answered.</summary>
    public HostFacts? Facts { get; init; }

    /// <summary>Why libvirt does not answer; null when it does.</summary>
    public string? LibvirtTrouble { get; init; }

    public DiskSpace Disk { get; init; }

    /// <summary>What the checks of the host found.</summary>
    public IReadOnlyList<Finding> Checks { get; init; } = [];

    public int RunningGuests { get; init; }

    /// <summary>Generation of a hold for which these strays are all that there are (R9); null when there is nothing to answer.</summary>
    public long? ReportedGeneration { get; init; }

    /// <summary>Whether there are no other strays than these; before everything was looked at, those that were told before may still be there.</summary>
    public bool StraysComplete { get; init; }

    public IReadOnlyList<StrayDomain> Strays { get; init; } = [];

    public DateTimeOffset Now { get; init; }
}

/// <summary>The Hypervisor's status and the ResourceProvider's specification, as functions of what is known. Pure.</summary>
internal static class HostStatus
{
    /// <summary>Free disk is told anew when it moved by this share of the whole: figures that wander must not make writes.</summary>
    private const double DiskStep = 0.05;

    /// <summary>The status.</summary>
    public static HypervisorStatus Of(Hypervisor hypervisor, HostKnowledge know)
    {
        var old = hypervisor.Status ?? new HypervisorStatus();
        var facts = know.Facts;
        return old with
        {
            ObservedGeneration = hypervisor.Metadata.Generation,
            HostID = know.HostID,
            BootID = know.BootID,
            AgentVersion = know.AgentVersion,
            HostIP = know.HostIP,
            Hostname = facts?.Hostname ?? old.Hostname,
            Architecture = facts?.Architecture ?? old.Architecture,
            VirtType = facts?.VirtType ?? old.VirtType,
            HypervisorVersion = facts?.HypervisorVersion ?? old.HypervisorVersion,
            LibvirtVersion = facts?.LibvirtVersion ?? old.LibvirtVersion,
            CpuModel = facts?.CpuModel ?? old.CpuModel,
            Cpus = facts?.Cpus ?? old.Cpus,
            MemoryMiB = facts?.MemoryMiB ?? old.MemoryMiB,
            DiskGiB = know.Disk.TotalGiB,
            FreeDiskGiB = old.FreeDiskGiB is { } told && Math.Abs(told - know.Disk.FreeGiB) < DiskStep * know.Disk.TotalGiB ? told : know.Disk.FreeGiB,
            RunningGuests = know.RunningGuests,
            ReportedGeneration = know.ReportedGeneration ?? old.ReportedGeneration,
            Strays = Strays(old.Strays, know.Strays, know.StraysComplete),
            Conditions = Conditions(old.Conditions ?? [], hypervisor.Metadata.Generation, know),
        };
    }

    /// <summary>Whether two statuses differ in more than figures that change all the time.</summary>
    public static bool DiffersOnlyInFigures(HypervisorStatus? old, HypervisorStatus now, Func<HypervisorStatus, HypervisorStatus, bool> same) =>
        old is not null && same(old, now with { RunningGuests = old.RunningGuests, FreeDiskGiB = old.FreeDiskGiB });

    /// <summary>The strays to tell: never fewer than before, until everything was looked at.</summary>
    public static IReadOnlyList<StrayDomain>? Strays(IReadOnlyList<StrayDomain>? told, IReadOnlyList<StrayDomain> found, bool complete)
    {
        if (told is null)
            return found.Count > 0 ? found : null;
        return complete
            ? found
            : [.. found.Concat(told.Where(t => found.All(f => f.InstanceID != t.InstanceID))).OrderBy(s => s.InstanceID, StringComparer.Ordinal)];
    }

    /// <summary>The raw facts for the ledger; ratios and reservations are the operator's.</summary>
    public static ResourceProviderSpec Provider(string hostID, HostFacts facts, DiskSpace disk, ResourceProviderSpec? old) => (old ?? new ResourceProviderSpec { HostID = hostID }) with
    {
        HostID = hostID,
        Inventories =
        [
            new InventoryFact { ResourceClass = "DISK_GB", Total = disk.TotalGiB },
            new InventoryFact { ResourceClass = "MEMORY_MB", Total = facts.MemoryMiB },
            new InventoryFact { ResourceClass = "VCPU", Total = facts.Cpus },
        ],
        Traits = facts.Traits,
    };

    private static List<Condition> Conditions(IReadOnlyList<Condition> old, long? generation, HostKnowledge know)
    {
        var conditions = new List<Condition>(old);
        void Set(string type, bool? holds, string reason, string message) => InstanceReport.Set(
            conditions, type, holds switch { null => ConditionStatus.Unknown, true => ConditionStatus.True, false => ConditionStatus.False }, reason, message, generation, know.Now);

        var facts = know.Facts;
        var libvirt = know.LibvirtTrouble is null && facts is not null;
        Set("LibvirtReady", libvirt, libvirt ? "Connected" : "NotConnected", libvirt ? $"libvirt {facts!.LibvirtVersion} answers." : $"libvirt does not answer: {know.LibvirtTrouble ?? "not connected yet"}. See that libvirtd (or virtqemud) runs on the host.");

        var kvm = facts?.Kvm;
        Set("KvmUsable", kvm?.Usable, kvm is null ? "NotTried" : kvm.Usable ? "GuestRan" : "GuestDidNotRun", kvm is null ? "KVM was not tried: guests are to be emulated, or libvirt was not there." : kvm.Usable ? kvm.Message : $"{kvm.Message} See that virtualization is on in the firmware (or nested virtualization in the host of this host) and that kvm_intel or kvm_amd is loaded; tried again after a boot.");
        var lacksKvm = facts is { VirtType: VirtType.Kvm, Kvm.Usable: false };

        foreach (var check in know.Checks.Prepend(PreflightChecks.DiskPressure(know.Disk)))
            Set(check.Type, check.Holds, check.Reason, check.Message);

        if (lacksKvm)
            Set("Ready", false, "KvmNotUsable", $"Guests are to run with KVM, and it does not work: {kvm!.Message} Set virtType to auto or qemu to have them emulated.");
        else
            Set("Ready", libvirt, libvirt ? "AgentServes" : "LibvirtNotReady", libvirt ? "The agent serves this host." : "libvirt does not answer; guests that run go on.");
        return conditions;
    }
}
