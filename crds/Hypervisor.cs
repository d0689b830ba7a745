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

    /// <summary>What the host keeps for the kubelet and its pods.</summary>
    [NotImplemented]
    public PodReserve? PodReserve { get; init; }

    /// <summary>CPUs for guests that share; all online when absent. Not together with reservedHostCpus.</summary>
    [CpuSet]
    [NotImplemented]
    public string? CpuSharedSet { get; init; }

    /// <summary>CPUs for guests that pin. Disjoint from cpuSharedSet.</summary>
    [CpuSet]
    [NotImplemented]
    public string? CpuDedicatedSet { get; init; }

    /// <summary>Fill one NUMA cell before the next; else guests are spread over cells.</summary>
    [NotImplemented]
    public bool? PackNumaCells { get; init; }

    /// <summary>Huge pages that the agent sets aside for guests.</summary>
    [Items(64, Keys = ["node", "sizeKiB"])]
    [NotImplemented]
    public IReadOnlyList<HugePages>? HugePages { get; init; }

    /// <summary>Huge pages that others on the host use.</summary>
    [Items(64, Keys = ["node", "sizeKiB"])]
    [NotImplemented]
    public IReadOnlyList<HugePages>? ReservedHugePages { get; init; }

    /// <summary>Memory that is backed by files, in MiB, instead of the host's own. Not with huge pages, and only at a memory ratio of 1.</summary>
    [Range(1, 2147483647)]
    [NotImplemented]
    public long? FileBackedMemoryMiB { get; init; }

    /// <summary>Guests with encrypted memory at a time; no limit of ours when absent.</summary>
    [Range(0, 4096)]
    [NotImplemented]
    public int? EncryptedGuests { get; init; }

    /// <summary>CPU that guests get.</summary>
    [NotImplemented]
    public GuestCpu? GuestCpu { get; init; }

    /// <summary>Machine type for each architecture, for instance <c>x86_64: q35</c>.</summary>
    [Text(64, MinLength = 1)]
    [Entries(16, 32)]
    [NotImplemented]
    public IReadOnlyDictionary<string, string>? MachineTypes { get; init; }

    /// <summary>Where and how local disks are kept.</summary>
    [NotImplemented]
    public LocalStorage? Storage { get; init; }

    /// <summary>Most disks of one guest; no limit of ours when absent.</summary>
    [Range(1, 1024)]
    [NotImplemented]
    public int? MaxDisksPerGuest { get; init; }

    /// <summary>PCI devices that may be passed through.</summary>
    [Items(128)]
    [NotImplemented]
    public IReadOnlyList<PciDeviceSpec>? PciDevices { get; init; }

    /// <summary>Types of mediated devices (virtual GPUs) that are made.</summary>
    [Items(16, Keys = ["type"])]
    [NotImplemented]
    public IReadOnlyList<MediatedDeviceType>? MediatedDevices { get; init; }

    /// <summary>Physical networks that the host is on, with their NUMA cells.</summary>
    [Items(64, Keys = ["name"])]
    [NotImplemented]
    public IReadOnlyList<PhysicalNetwork>? PhysicalNetworks { get; init; }

    /// <summary>Inventories of the admin's own: resource classes whose names begin with <c>CUSTOM_</c>.</summary>
    [Items(64, Keys = ["resourceClass"])]
    [NotImplemented]
    public IReadOnlyList<CustomInventory>? CustomInventories { get; init; }

    /// <summary>Traits of the admin's own, whose names begin with <c>CUSTOM_</c>.</summary>
    [Text(255, Pattern = "^CUSTOM_[A-Z0-9_]+$", Must = "a trait of your own: CUSTOM_, then capitals, digits and '_'")]
    [Items(256, Unique = true)]
    [NotImplemented]
    public IReadOnlyList<string>? CustomTraits { get; init; }

    /// <summary>How many long operations run at a time.</summary>
    [NotImplemented]
    public ConcurrencyLimits? Concurrency { get; init; }

    /// <summary>Settings of live migrations from this host.</summary>
    [NotImplemented]
    public LiveMigrationSettings? LiveMigration { get; init; }

    /// <summary>Address on which migrations come in; the host's own when absent.</summary>
    [Text(253)]
    [NotImplemented]
    public string? MigrationAddress { get; init; }

    /// <summary>Images that nobody uses are kept for this time; one day when absent.</summary>
    [Duration]
    [NotImplemented]
    public string? UnusedImageAge { get; init; }

    /// <summary>Guests that ran when the host went down are started when it comes up. They are unless this is false.</summary>
    [NotImplemented]
    public bool? ResumeGuests { get; init; }
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
