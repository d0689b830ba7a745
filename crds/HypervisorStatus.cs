using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>What the agent found on its host.</summary>
public sealed record HypervisorStatus : WireObject
{
    /// <summary>Generation that this speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Identity that the agent made once, in its state directory.</summary>
    [Text(36)]
    public string? HostID { get; init; }

    /// <summary>Boot ID of the kernel that runs.</summary>
    [Text(64)]
    public string? BootID { get; init; }

    /// <summary>Version of the agent.</summary>
    [Text(64)]
    public string? AgentVersion { get; init; }

    /// <summary>Host name as libvirt knows it.</summary>
    [Text(253)]
    public string? Hostname { get; init; }

    /// <summary>Address of the host, by which others reach it.</summary>
    [Text(45)]
    public string? HostIP { get; init; }

    /// <summary>Architecture, for instance <c>x86_64</c>.</summary>
    [Text(32)]
    public string? Architecture { get; init; }

    /// <summary>Accelerator that guests get: <c>kvm</c> or <c>qemu</c>.</summary>
    public VirtType? VirtType { get; init; }

    /// <summary>Version of QEMU, as libvirt reports it, for instance <c>7.2.17</c>.</summary>
    [Text(64)]
    public string? HypervisorVersion { get; init; }

    /// <summary>Version of libvirt.</summary>
    [Text(64)]
    public string? LibvirtVersion { get; init; }

    /// <summary>Host CPU model.</summary>
    [Text(255)]
    public string? CpuModel { get; init; }

    /// <summary>Host CPUs.</summary>
    public int? Cpus { get; init; }

    /// <summary>Memory, in MiB.</summary>
    public long? MemoryMiB { get; init; }

    /// <summary>Disk for guests, in GiB.</summary>
    public long? DiskGiB { get; init; }

    /// <summary>Free disk for guests, in GiB.</summary>
    public long? FreeDiskGiB { get; init; }

    /// <summary>Guests that run.</summary>
    public int? RunningGuests { get; init; }

    /// <summary>Features of the host's CPU.</summary>
    [Text(64)]
    [Items(512)]
    [NotImplemented]
    public IReadOnlyList<string>? CpuFeatures { get; init; }

    /// <summary>Machine types that QEMU has for the host's architecture.</summary>
    [Text(64)]
    [Items(256)]
    [NotImplemented]
    public IReadOnlyList<string>? MachineTypes { get; init; }

    /// <summary>Generation of the cell (after a restore) for which the agent has said what runs.</summary>
    public long? ReportedGeneration { get; init; }

    /// <summary>Domains of ours that no Instance wants here: left running, never scheduled elsewhere.</summary>
    [Items(4096, Keys = ["instanceID"])]
    public IReadOnlyList<StrayDomain>? Strays { get; init; }

    /// <summary>Conditions: <c>Ready</c>, <c>LibvirtReady</c>, <c>KvmUsable</c>, ….</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A domain of ours without an Instance, or newer than what the API says.</summary>
public sealed record StrayDomain : WireObject
{
    /// <summary>Instance ID.</summary>
    [Text(36, MinLength = 1)]
    public required string InstanceID { get; init; }

    /// <summary>Placement number in the agent's record.</summary>
    public long Epoch { get; init; }

    /// <summary>Namespace and name of the Server, as recorded.</summary>
    [Text(317)]
    public string? Server { get; init; }

    /// <summary>Power state.</summary>
    public PowerState? PowerState { get; init; }

    /// <summary>Why it is a stray.</summary>
    [Text(1024)]
    public required string Reason { get; init; }
}
