using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>
/// Placement's resource provider of one host (same name as the Hypervisor): raw facts by the agent in the specification, the ledger of what is promised
/// there by the operator in the status.
/// </summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "ResourceProvider", "resourceproviders", Scope.Cluster)]
[Resource("agent of the host", "operator", ShortNames = ["rp"], Selectable = [".spec.hostID"])]
[Column("Host-ID", ".spec.hostID")]
[Column("Over-Allocated", ".status.conditions[?(@.type==\"OverAllocated\")].status")]
public sealed record ResourceProvider : KubernetesObject<ResourceProviderSpec, ResourceProviderStatus>;

/// <summary>What is there, before ratios and reservations.</summary>
public sealed record ResourceProviderSpec : WireObject
{
    /// <summary>Identity of the host; see <see cref="HypervisorStatus.HostID"/>.</summary>
    [Text(64, MinLength = 1)]
    public required string HostID { get; init; }

    /// <summary>What there is of each resource class.</summary>
    [Items(64, Keys = ["resourceClass"])]
    public IReadOnlyList<InventoryFact>? Inventories { get; init; }

    /// <summary>Traits that the agent found.</summary>
    [Trait]
    [Items(1024, Unique = true)]
    public IReadOnlyList<string>? Traits { get; init; }

    /// <summary>NUMA cells.</summary>
    [Items(64)]
    [NotImplemented]
    public IReadOnlyList<NumaCell>? NumaCells { get; init; }

    /// <summary>PCI devices that may be passed through.</summary>
    [Items(1024)]
    [NotImplemented]
    public IReadOnlyList<PciDevice>? PciDevices { get; init; }

    /// <summary>Providers below this one.</summary>
    [Items(256)]
    [NotImplemented]
    public IReadOnlyList<ChildProvider>? Children { get; init; }

    /// <summary>Storage that these hosts share; then this is the provider of a pool and not of a host.</summary>
    [Text(253)]
    [Items(5000)]
    [NotImplemented]
    public IReadOnlyList<string>? SharedBy { get; init; }
}

/// <summary>A NUMA cell of a host.</summary>
public sealed record NumaCell : WireObject
{
    /// <summary>Number.</summary>
    [Range(0, 1023)]
    public int Id { get; init; }

    /// <summary>Socket that it belongs to.</summary>
    [Range(0, 1023)]
    public int? Socket { get; init; }

    /// <summary>Online CPUs.</summary>
    [Text(4096)]
    public required string Cpus { get; init; }

    /// <summary>CPUs of one core each, as CPU lists; absent without simultaneous multithreading.</summary>
    [Text(64)]
    [Items(1024)]
    public IReadOnlyList<string>? Siblings { get; init; }

    /// <summary>Memory, in MiB.</summary>
    [Range(0, 1e15)]
    public long MemoryMiB { get; init; }

    /// <summary>Memory pages by size in KiB.</summary>
    [Range(0, 1e15)]
    [Entries(8, 0)]
    public IReadOnlyDictionary<string, long>? Pages { get; init; }

    /// <summary>Distance to each cell, in the order of cells.</summary>
    [Range(0, 255)]
    [Items(1024)]
    public IReadOnlyList<int>? Distances { get; init; }
}

/// <summary>A PCI device that may be passed through.</summary>
public sealed record PciDevice : WireObject
{
    /// <summary>Address.</summary>
    [Text(12, MinLength = 1)]
    public required string Address { get; init; }

    /// <summary>Vendor.</summary>
    [Text(4)]
    public required string VendorID { get; init; }

    /// <summary>Product.</summary>
    [Text(4)]
    public required string ProductID { get; init; }

    /// <summary>Kind of function.</summary>
    public PciDeviceType Type { get; init; }

    /// <summary>Address of the physical function, for a virtual one.</summary>
    [Text(12)]
    public string? Parent { get; init; }

    /// <summary>NUMA cell; absent where it is not known.</summary>
    [Range(0, 1023)]
    public int? NumaNode { get; init; }

    /// <summary>Physical network.</summary>
    [Text(255)]
    public string? PhysicalNetwork { get; init; }
}

/// <summary>Kind of PCI function, in Nova's words.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PciDeviceType>))]
public enum PciDeviceType
{
    /// <summary>A device that cannot be split.</summary>
    [JsonStringEnumMemberName("type-PCI")]
    Pci,

    /// <summary>A physical function.</summary>
    [JsonStringEnumMemberName("type-PF")]
    PhysicalFunction,

    /// <summary>A virtual function.</summary>
    [JsonStringEnumMemberName("type-VF")]
    VirtualFunction,
}

/// <summary>A provider below the host: a physical GPU, a network card.</summary>
public sealed record ChildProvider : WireObject
{
    /// <summary>Name, unique within the host.</summary>
    [Text(253, MinLength = 1)]
    public required string Name { get; init; }

    /// <summary>Name of the provider above it; the host itself when absent.</summary>
    [Text(253)]
    public string? Parent { get; init; }

    /// <summary>What there is of each resource class.</summary>
    [Items(16)]
    public IReadOnlyList<InventoryFact>? Inventories { get; init; }

    /// <summary>Traits.</summary>
    [Text(255)]
    [Items(256)]
    public IReadOnlyList<string>? Traits { get; init; }
}

/// <summary>How much there is of a resource class.</summary>
public sealed record InventoryFact : WireObject
{
    /// <summary>Resource class, for instance <c>VCPU</c>, <c>MEMORY_MB</c> (MiB), <c>DISK_GB</c> (GiB).</summary>
    [ResourceClass]
    public required string ResourceClass { get; init; }

    /// <summary>Total.</summary>
    [Range(0, 1e15)]
    public long Total { get; init; }

    /// <summary>Largest amount for one guest; the total when absent.</summary>
    [Range(1, 1e15)]
    public long? MaxUnit { get; init; }

    /// <summary>Smallest amount for one guest; 1 when absent.</summary>
    [Range(1, 1e15)]
    public long? MinUnit { get; init; }

    /// <summary>Amounts are multiples of this; 1 when absent.</summary>
    [Range(1, 1e15)]
    public long? StepSize { get; init; }
}

/// <summary>What is promised on a host. Written only by guarded update.</summary>
public sealed record ResourceProviderStatus : WireObject
{
    /// <summary>Who was promised what.</summary>
    [Items(4096)]
    public IReadOnlyList<Allocation>? Allocations { get; init; }

    /// <summary>Conditions: <c>OverAllocated</c>.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>One promise. Names are short: a host holds hundreds in one object.</summary>
public sealed record Allocation : WireObject
{
    /// <summary>Instance ID.</summary>
    [Text(36, MinLength = 1)]
    public required string Id { get; init; }

    /// <summary>Placement number.</summary>
    public long Epoch { get; init; }

    /// <summary>Random mark of this very claim.</summary>
    [Text(64, MinLength = 1)]
    public required string ClaimID { get; init; }

    /// <summary>Who holds it: <c>Server/namespace/name</c> or <c>Migration/namespace/name</c>.</summary>
    [Text(330, MinLength = 1)]
    public required string Holder { get; init; }

    /// <summary>Amount per resource class.</summary>
    [Range(0, 1e15)]
    [Entries(32, 0)]
    public required IReadOnlyDictionary<string, long> Resources { get; init; }

    /// <summary>Host CPUs that are pinned, as a CPU list in the order of the guest's pinned CPUs: the first is for the lowest of them.</summary>
    [Text(4096)]
    public string? Cpus { get; init; }

    /// <summary>Where the guest's NUMA cells are, in their order; absent for a guest without topology.</summary>
    [Items(64)]
    public IReadOnlyList<AllocatedCell>? Cells { get; init; }

    /// <summary>The other threads of the pinned CPUs' cores stay free for this guest.</summary>
    public bool? WholeCores { get; init; }

    /// <summary>PCI devices by address, in the order in which the flavor asks for them.</summary>
    [Text(12)]
    [Items(256)]
    public IReadOnlyList<string>? Devices { get; init; }
}

/// <summary>Where one NUMA cell of a guest is. What is left out is so most often.</summary>
public sealed record AllocatedCell : WireObject
{
    /// <summary>Number of the host's cell.</summary>
    [Range(0, 1023)]
    public int Cell { get; init; }

    /// <summary>Memory, in MiB; all of the entry's <c>MEMORY_MB</c> when absent.</summary>
    [Range(0, 1e15)]
    public long? MemoryMiB { get; init; }

    /// <summary>Size of the memory pages, in KiB; the host's smallest when absent.</summary>
    [Range(4, 1073741824)]
    public long? PageSizeKiB { get; init; }

    /// <summary>CPUs of the guest that float in this cell; none when absent.</summary>
    [Range(0, 65536)]
    public int? SharedCpus { get; init; }

    /// <summary>Host CPU for the emulator's own threads, besides those of the guest.</summary>
    [Range(0, 65535)]
    public int? EmulatorCpu { get; init; }
}
