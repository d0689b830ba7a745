using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A host: Nova's compute service and hypervisor in one. Its name is the Node's. Specification by admins, status by its agent.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Hypervisor", "hypervisors", Scope.Cluster)]
[Resource("admin (the agent creates it empty)", "agent of the host", ShortNames = ["hv"], Selectable = [".spec.disabled", ".status.hostID"])]
[Rule("size(self.metadata.name) <= 49 && !self.metadata.name.contains('.')", "metadata.name must be a DNS label of at most 49 characters: the host's namespace is kilonova-host-<name>")]
[Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")]
[Column("Disabled", ".spec.disabled", Type = "boolean")]
[Column("Virt", ".status.virtType")]
[Column("CPUs", ".status.cpus", Type = "integer")]
[Column("Memory-MiB", ".status.memoryMiB", Type = "integer")]
[Column("Disk-GiB", ".status.diskGiB", Type = "integer")]
[Column("Guests", ".status.runningGuests", Type = "integer")]
[Column("Reason", ".status.conditions[?(@.type==\"Ready\")].reason", Wide = true)]
[Column("IP", ".status.hostIP", Wide = true)]
[Column("QEMU", ".status.hypervisorVersion", Wide = true)]
[Column("Libvirt", ".status.libvirtVersion", Wide = true)]
[Column("Agent", ".status.agentVersion", Wide = true)]
public sealed record Hypervisor : KubernetesObject<HypervisorSpec, HypervisorStatus>;

/// <summary>What the admin says of a host. The agent creates it empty when it registers.</summary>
public sealed record HypervisorSpec : WireObject
{
    /// <summary>No new guests here. Those that run go on.</summary>
    public bool? Disabled { get; init; }

    /// <summary>Why it is disabled.</summary>
    [Text(255)]
    public string? DisabledReason { get; init; }

    /// <summary>Taken for down, whatever its Lease says.</summary>
    public bool? ForcedDown { get; init; }

    /// <summary>Which accelerator guests get.</summary>
    public VirtType VirtType { get; init; }

    /// <summary>CPU allocation ratio; 4.0 when absent.</summary>
    [Range(0, 1024, Exclusive = true)]
    public double? CpuAllocationRatio { get; init; }

    /// <summary>Memory allocation ratio; 1.0 when absent.</summary>
    [Range(0, 1024, Exclusive = true)]
    public double? RamAllocationRatio { get; init; }

    /// <summary>Disk allocation ratio; 1.0 when absent.</summary>
    [Range(0, 1024, Exclusive = true)]
    public double? DiskAllocationRatio { get; init; }

    /// <summary>CPUs kept for the host.</summary>
    [Range(0, 65536)]
    public int? ReservedHostCpus { get; init; }

    /// <summary>Memory kept for the host, in MiB; 512 when absent.</summary>
    [Range(0, 2147483647)]
    public long? ReservedHostMemoryMiB { get; init; }

    /// <summary>Disk kept for the host, in GiB.</summary>
    [Range(0, 2147483647)]
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
