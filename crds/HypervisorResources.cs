using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>What a host keeps for the kubelet and its pods.</summary>
public sealed record PodReserve : WireObject
{
    /// <summary>CPUs.</summary>
    [CpuSet]
    public string? Cpus { get; init; }

    /// <summary>Memory, in MiB.</summary>
    [Range(0, 2147483647)]
    public long? MemoryMiB { get; init; }

    /// <summary>Disk, in GiB.</summary>
    [Range(0, 2147483647)]
    public long? DiskGiB { get; init; }

    /// <summary>Huge pages.</summary>
    [Items(64, Keys = ["node", "sizeKiB"])]
    public IReadOnlyList<HugePages>? HugePages { get; init; }
}

/// <summary>Huge pages of one size in one NUMA cell.</summary>
public sealed record HugePages : WireObject
{
    /// <summary>NUMA cell.</summary>
    [Range(0, 1023)]
    public int Node { get; init; }

    /// <summary>Size of a page, in KiB, for instance 2048.</summary>
    [Range(4, 1073741824)]
    public long SizeKiB { get; init; }

    /// <summary>How many.</summary>
    [Range(0, 2147483647)]
    public long Count { get; init; }
}

/// <summary>CPU that guests get.</summary>
[Rule("!has(self.models) || self.mode == 'Custom'", "models goes only with mode Custom", FieldPath = ".models")]
public sealed record GuestCpu : WireObject
{
    /// <summary>How the model is chosen.</summary>
    public GuestCpuMode Mode { get; init; }

    /// <summary>Named models for mode <c>Custom</c>, the commonest first; a guest gets the first that has the features it asks for.</summary>
    [Text(255, MinLength = 1)]
    [Items(64)]
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Features on top, each <c>+name</c> or <c>-name</c>.</summary>
    [Text(64, Pattern = "^[-+]?[a-zA-Z0-9._-]+$")]
    [Items(128)]
    public IReadOnlyList<string>? ExtraFlags { get; init; }
}

/// <summary>How the CPU model of guests is chosen.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GuestCpuMode>))]
public enum GuestCpuMode
{
    /// <summary>The named model nearest to the host's, with its features.</summary>
    HostModel,

    /// <summary>The host's very CPU; guests move only between hosts that are nearly the same.</summary>
    HostPassthrough,

    /// <summary>One of models.</summary>
    Custom,

    /// <summary>What the hypervisor chooses.</summary>
    None,
}

/// <summary>Where and how local disks are kept.</summary>
[Rule("(self.backend == 'Lvm') == has(self.volumeGroup)", "volumeGroup goes with backend Lvm, and only with it", FieldPath = ".volumeGroup")]
[Rule("(self.backend == 'Rbd') == has(self.rbdPool)", "rbdPool goes with backend Rbd, and only with it", FieldPath = ".rbdPool")]
public sealed record LocalStorage : WireObject
{
    /// <summary>Kind of storage.</summary>
    public StorageBackend Backend { get; init; }

    /// <summary>Volume group.</summary>
    [Text(127, Pattern = "^[a-zA-Z0-9+_.][-a-zA-Z0-9+_.]*$")]
    public string? VolumeGroup { get; init; }

    /// <summary>Ceph pool.</summary>
    [Text(127, Pattern = "^[-a-zA-Z0-9+_.]+$")]
    public string? RbdPool { get; init; }

    /// <summary>Take the whole size at once, and fail early when there is no room.</summary>
    public bool? Preallocate { get; init; }

    /// <summary>Guests can give back blocks that they no longer use.</summary>
    public bool? Discard { get; init; }

    /// <summary>Cache mode of disks.</summary>
    public DiskCacheMode? CacheMode { get; init; }

    /// <summary>File system of ephemeral disks.</summary>
    [Text(16, Pattern = "^[a-z0-9]+$")]
    public string? EphemeralFormat { get; init; }
}

/// <summary>Kind of storage of local disks.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StorageBackend>))]
public enum StorageBackend
{
    /// <summary>qcow2 files on top of the cached image.</summary>
    Qcow2,

    /// <summary>Raw files, copied from the image.</summary>
    Raw,

    /// <summary>Logical volumes.</summary>
    Lvm,

    /// <summary>Ceph block devices.</summary>
    Rbd,
}

/// <summary>Cache mode of disks, as QEMU has it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiskCacheMode>))]
public enum DiskCacheMode
{
    /// <summary>None.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>Written through.</summary>
    [JsonStringEnumMemberName("writethrough")]
    Writethrough,

    /// <summary>Written back.</summary>
    [JsonStringEnumMemberName("writeback")]
    Writeback,

    /// <summary>Synchronous, without the host's cache.</summary>
    [JsonStringEnumMemberName("directsync")]
    Directsync,

    /// <summary>Flushes are ignored.</summary>
    [JsonStringEnumMemberName("unsafe")]
    Unsafe,
}

/// <summary>PCI devices that may be passed through: by address, or by vendor and product.</summary>
[Rule("has(self.address) || has(self.vendorID)", "address or vendorID is required")]
[Rule("!(has(self.remoteManaged) && self.remoteManaged) || has(self.physicalNetwork)", "remoteManaged needs physicalNetwork", FieldPath = ".physicalNetwork")]
public sealed record PciDeviceSpec : WireObject
{
    /// <summary>Address; <c>*</c> stands for any part, for instance <c>0000:3b:*.*</c>.</summary>
    [Text(32, Pattern = "^[0-9a-f*]{1,4}:[0-9a-f*]{1,2}:[0-9a-f*]{1,2}[.][0-7*]$", Must = "a PCI address in lower-case, of which any part may be *")]
    public string? Address { get; init; }

    /// <summary>Vendor, for instance <c>8086</c>.</summary>
    [Text(4, Pattern = "^[0-9a-f]{4}$", Must = "four lower-case hexadecimal digits")]
    public string? VendorID { get; init; }

    /// <summary>Product, for instance <c>154d</c>.</summary>
    [Text(4, Pattern = "^[0-9a-f]{4}$", Must = "four lower-case hexadecimal digits")]
    public string? ProductID { get; init; }

    /// <summary>Physical network that a virtual function is on.</summary>
    [Text(255)]
    public string? PhysicalNetwork { get; init; }

    /// <summary>May serve interfaces that ask to be trusted.</summary>
    public bool? Trusted { get; init; }

    /// <summary>Managed by a SmartNIC; only virtual functions.</summary>
    public bool? RemoteManaged { get; init; }

    /// <summary>Resource class; <c>CUSTOM_PCI_vendor_product</c> when absent.</summary>
    [ResourceClass]
    public string? ResourceClass { get; init; }

    /// <summary>Traits.</summary>
    [Trait]
    [Items(64, Unique = true)]
    public IReadOnlyList<string>? Traits { get; init; }
}

/// <summary>A type of mediated device that is made.</summary>
public sealed record MediatedDeviceType : WireObject
{
    /// <summary>Name of the type, for instance <c>nvidia-35</c>.</summary>
    [Text(64, MinLength = 1)]
    public required string Type { get; init; }

    /// <summary>Physical devices to make it on; all that can when absent.</summary>
    [PciAddress]
    [Items(64, Unique = true)]
    public IReadOnlyList<string>? DeviceAddresses { get; init; }

    /// <summary>Resource class; <c>VGPU</c> when absent.</summary>
    [Text(255, Pattern = "^(VGPU|CUSTOM_[A-Z0-9_]+)$", Must = "VGPU, or CUSTOM_ with capitals, digits and '_'")]
    public string? ResourceClass { get; init; }
}

/// <summary>A physical network that a host is on.</summary>
public sealed record PhysicalNetwork : WireObject
{
    /// <summary>Label; <c>tunnel</c> stands for all tunnelled networks.</summary>
    [Text(255, MinLength = 1)]
    public required string Name { get; init; }

    /// <summary>NUMA cells of its devices.</summary>
    [Range(0, 1023)]
    [Items(64)]
    public IReadOnlyList<int>? NumaNodes { get; init; }
}

/// <summary>How much there is of a resource class of the admin's own.</summary>
public sealed record CustomInventory : WireObject
{
    /// <summary>Resource class.</summary>
    [Text(255, Pattern = "^CUSTOM_[A-Z0-9_]+$", Must = "a resource class of your own: CUSTOM_, then capitals, digits and '_'")]
    public required string ResourceClass { get; init; }

    /// <summary>Total.</summary>
    [Range(1, 2147483647)]
    public long Total { get; init; }

    /// <summary>Kept back.</summary>
    [Range(0, 2147483647)]
    public long? Reserved { get; init; }

    /// <summary>Smallest amount for one guest; 1 when absent.</summary>
    [Range(1, 2147483647)]
    public long? MinUnit { get; init; }

    /// <summary>Largest amount for one guest; the total when absent.</summary>
    [Range(1, 2147483647)]
    public long? MaxUnit { get; init; }

    /// <summary>Amounts are multiples of this; 1 when absent.</summary>
    [Range(1, 2147483647)]
    public long? StepSize { get; init; }

    /// <summary>Allocation ratio; 1.0 when absent.</summary>
    [Range(0, 1024, Exclusive = true)]
    public double? AllocationRatio { get; init; }
}

/// <summary>How many long operations run at a time on a host.</summary>
public sealed record ConcurrencyLimits : WireObject
{
    /// <summary>Guests being built; 10 when absent.</summary>
    [Range(1, 1024)]
    public int? Builds { get; init; }

    /// <summary>Snapshots being taken; 5 when absent.</summary>
    [Range(1, 1024)]
    public int? Snapshots { get; init; }

    /// <summary>Live migrations out of the host; 1 when absent.</summary>
    [Range(1, 1024)]
    public int? LiveMigrations { get; init; }

    /// <summary>Downloads and conversions of disks; no limit when absent.</summary>
    [Range(1, 1024)]
    public int? DiskOperations { get; init; }
}
