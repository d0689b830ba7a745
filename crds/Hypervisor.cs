using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;

namespace Kilonova.Crds;

/// <summary>A host: Nova's compute service and hypervisor in one. Its name is the Node's. Specification by admins, status by its agent.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Hypervisor", "hypervisors", Scope.Cluster)]
public sealed record Hypervisor : KubernetesObject<HypervisorSpec, HypervisorStatus>;

/// <summary>What the admin says of a host. The agent creates it empty when it registers.</summary>
public sealed record HypervisorSpec : WireObject
{
    /// <summary>No new guests here. Those that run go on.</summary>
    public bool? Disabled { get; init; }

    /// <summary>Why it is disabled.</summary>
    public string? DisabledReason { get; init; }

    /// <summary>Taken for down, whatever its Lease says.</summary>
    public bool? ForcedDown { get; init; }

    /// <summary>Which accelerator guests get.</summary>
    public VirtType VirtType { get; init; }

    /// <summary>CPU allocation ratio; 4.0 when absent.</summary>
    public double? CpuAllocationRatio { get; init; }

    /// <summary>Memory allocation ratio; 1.0 when absent.</summary>
    public double? RamAllocationRatio { get; init; }

    /// <summary>Disk allocation ratio; 1.0 when absent.</summary>
    public double? DiskAllocationRatio { get; init; }

    /// <summary>CPUs kept for the host.</summary>
    public int? ReservedHostCpus { get; init; }

    /// <summary>Memory kept for the host, in MiB; 512 when absent.</summary>
    public long? ReservedHostMemoryMiB { get; init; }

    /// <summary>Disk kept for the host, in GiB.</summary>
    public long? ReservedHostDiskGiB { get; init; }
}

/// <summary>How guests are accelerated.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VirtType>))]
public enum VirtType
{
    /// <summary>KVM where a guest really runs with it, else emulation.</summary>
    [JsonStringEnumMemberName("auto")]
    Auto,

    /// <summary>KVM.</summary>
    [JsonStringEnumMemberName("kvm")]
    Kvm,

    /// <summary>QEMU's emulation.</summary>
    [JsonStringEnumMemberName("qemu")]
    Qemu,
}

/// <summary>What the agent found on its host.</summary>
public sealed record HypervisorStatus : WireObject
{
    /// <summary>Generation that this speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Identity that the agent made once, in its state directory.</summary>
    public string? HostID { get; init; }

    /// <summary>Boot ID of the kernel that runs.</summary>
    public string? BootID { get; init; }

    /// <summary>Version of the agent.</summary>
    public string? AgentVersion { get; init; }

    /// <summary>Host name as libvirt knows it.</summary>
    public string? Hostname { get; init; }

    /// <summary>Address of the host, by which others reach it.</summary>
    public string? HostIP { get; init; }

    /// <summary>Architecture, for instance <c>x86_64</c>.</summary>
    public string? Architecture { get; init; }

    /// <summary>Accelerator that guests get: <c>kvm</c> or <c>qemu</c>.</summary>
    public VirtType? VirtType { get; init; }

    /// <summary>Version of QEMU, as libvirt reports it, for instance <c>7.2.17</c>.</summary>
    public string? HypervisorVersion { get; init; }

    /// <summary>Version of libvirt.</summary>
    public string? LibvirtVersion { get; init; }

    /// <summary>Host CPU model.</summary>
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

    /// <summary>Domains of ours that no Instance wants here: left running, never scheduled elsewhere.</summary>
    public IReadOnlyList<StrayDomain>? Strays { get; init; }

    /// <summary>Conditions: <c>Ready</c>, <c>LibvirtReady</c>, <c>KvmUsable</c>, ….</summary>
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A domain of ours without an Instance, or newer than what the API says.</summary>
public sealed record StrayDomain : WireObject
{
    /// <summary>Instance ID.</summary>
    public required string InstanceID { get; init; }

    /// <summary>Placement number in the agent's record.</summary>
    public long Epoch { get; init; }

    /// <summary>Namespace and name of the Server, as recorded.</summary>
    public string? Server { get; init; }

    /// <summary>Power state.</summary>
    public PowerState? PowerState { get; init; }

    /// <summary>Why it is a stray.</summary>
    public required string Reason { get; init; }
}
