using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>One interface of a server.</summary>
public sealed record ServerNetwork : WireObject
{
    /// <summary>Name of the Network.</summary>
    [ObjectName]
    public required string Network { get; init; }

    /// <summary>MAC address; derived from the instance ID when absent.</summary>
    [MacAddress]
    public string? MacAddress { get; init; }

    /// <summary>Addresses to have, at most one of each of the network's subnets; any when absent. They stay until the server is deleted.</summary>
    [IPAddress]
    [Items(8, Unique = true)]
    [NotImplemented]
    public IReadOnlyList<string>? FixedAddresses { get; init; }

    /// <summary>Tag by which the guest finds the interface in its metadata; order in the guest need not be the order here.</summary>
    [DeviceTag]
    [NotImplemented]
    public string? Tag { get; init; }

    /// <summary>How the interface is made.</summary>
    [NotImplemented]
    public VnicType? VnicType { get; init; }

    /// <summary>Whether the guest may change the MAC address of a virtual function and listen to all frames.</summary>
    [NotImplemented]
    public bool? Trusted { get; init; }

    /// <summary>Bandwidth that the host's device must have left for this interface.</summary>
    [NotImplemented]
    public GuaranteedBandwidth? Bandwidth { get; init; }
}

/// <summary>How an interface is made.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VnicType>))]
public enum VnicType
{
    /// <summary>A paravirtual card on the host's bridge.</summary>
    Normal,

    /// <summary>A virtual function of the host's card, passed through.</summary>
    Direct,

    /// <summary>A whole card of the host, passed through.</summary>
    DirectPhysical,

    /// <summary>A paravirtual card on a virtual function.</summary>
    Macvtap,

    /// <summary>A virtual function with a virtio data path.</summary>
    Vdpa,

    /// <summary>A virtual function that a SmartNIC manages.</summary>
    RemoteManaged,
}

/// <summary>Bandwidth that is kept for an interface.</summary>
public sealed record GuaranteedBandwidth : WireObject
{
    /// <summary>To the guest, in kbit/s.</summary>
    [Range(0, 2147483647)]
    public long? IngressKbps { get; init; }

    /// <summary>From the guest, in kbit/s.</summary>
    [Range(0, 2147483647)]
    public long? EgressKbps { get; init; }

    /// <summary>Packets per second, in both directions.</summary>
    [Range(0, 2147483647)]
    public long? PacketsPerSecond { get; init; }
}

/// <summary>One disk of a server.</summary>
[Rule("self.source.type != 'Image' || self.destination != 'Local' || (has(self.bootIndex) && self.bootIndex == 0)", "a local disk from an image must be the one of bootIndex 0", FieldPath = ".bootIndex")]
[Rule("!(self.source.type in ['Volume', 'Snapshot']) || self.destination == 'Volume'", "a volume or snapshot goes only to destination Volume", FieldPath = ".destination")]
[Rule("self.source.type != 'Blank' || has(self.sizeGiB)", "sizeGiB is required for a blank disk", FieldPath = ".sizeGiB")]
[Rule("!has(self.guestFormat) || (self.source.type == 'Blank' && self.destination == 'Local')", "guestFormat goes only with a blank local disk", FieldPath = ".guestFormat")]
[Rule("self.source.type == 'Blank' || has(self.source.name)", "source.name is required unless the disk is blank", FieldPath = ".source")]
public sealed record ServerBlockDevice : WireObject
{
    /// <summary>Name of the disk among the server's.</summary>
    [LabelName]
    public required string Name { get; init; }

    /// <summary>What is on it at first.</summary>
    public required BlockDeviceSource Source { get; init; }

    /// <summary>Where it is kept: on the host, or on a volume.</summary>
    public BlockDeviceDestination Destination { get; init; }

    /// <summary>Size, in GiB; the source's when absent.</summary>
    [Range(1, 2147483647)]
    public long? SizeGiB { get; init; }

    /// <summary>StorageClass of a volume that is made.</summary>
    [ObjectName]
    public string? VolumeType { get; init; }

    /// <summary>Place in the boot order, from 0; not booted from when absent.</summary>
    [Range(0, 31)]
    public int? BootIndex { get; init; }

    /// <summary>Bus in the guest; the best for the image when absent.</summary>
    public DiskBus? Bus { get; init; }

    /// <summary>Kind of device in the guest.</summary>
    public DiskDeviceType DeviceType { get; init; }

    /// <summary>What a blank local disk is formatted with: <c>swap</c>, or a file system such as <c>ext4</c> or <c>vfat</c>.</summary>
    [Text(16, Pattern = "^[a-z0-9]+$")]
    public string? GuestFormat { get; init; }

    /// <summary>Tag by which the guest finds the disk in its metadata.</summary>
    [DeviceTag]
    public string? Tag { get; init; }

    /// <summary>Whether a volume goes when the server goes. Local disks always do.</summary>
    public bool? DeleteOnTermination { get; init; }

    /// <summary>Whether other servers may have the volume too.</summary>
    public bool? MultiAttach { get; init; }

    /// <summary>Encryption of a local disk.</summary>
    public DiskEncryption? Encryption { get; init; }
}

/// <summary>What is on a disk at first.</summary>
public sealed record BlockDeviceSource : WireObject
{
    /// <summary>Kind of source.</summary>
    public BlockDeviceSourceType Type { get; init; }

    /// <summary>Name of the Image, PersistentVolumeClaim or VolumeSnapshot of this namespace.</summary>
    [ObjectName]
    public string? Name { get; init; }
}

/// <summary>Kind of source of a disk.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BlockDeviceSourceType>))]
public enum BlockDeviceSourceType
{
    /// <summary>Nothing.</summary>
    Blank,

    /// <summary>An Image.</summary>
    Image,

    /// <summary>A PersistentVolumeClaim of volume mode <c>Block</c>.</summary>
    Volume,

    /// <summary>A VolumeSnapshot.</summary>
    Snapshot,
}

/// <summary>Where a disk is kept.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BlockDeviceDestination>))]
public enum BlockDeviceDestination
{
    /// <summary>On the host; gone with the server.</summary>
    Local,

    /// <summary>On a volume.</summary>
    Volume,
}

/// <summary>Bus of a disk.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiskBus>))]
public enum DiskBus
{
    /// <summary>virtio-blk.</summary>
    [JsonStringEnumMemberName("virtio")]
    Virtio,

    /// <summary>SCSI.</summary>
    [JsonStringEnumMemberName("scsi")]
    Scsi,

    /// <summary>SATA.</summary>
    [JsonStringEnumMemberName("sata")]
    Sata,

    /// <summary>IDE.</summary>
    [JsonStringEnumMemberName("ide")]
    Ide,

    /// <summary>USB.</summary>
    [JsonStringEnumMemberName("usb")]
    Usb,

    /// <summary>Floppy.</summary>
    [JsonStringEnumMemberName("fdc")]
    Fdc,
}

/// <summary>Kind of disk device.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiskDeviceType>))]
public enum DiskDeviceType
{
    /// <summary>A disk.</summary>
    [JsonStringEnumMemberName("disk")]
    Disk,

    /// <summary>A CD-ROM.</summary>
    [JsonStringEnumMemberName("cdrom")]
    Cdrom,

    /// <summary>A floppy.</summary>
    [JsonStringEnumMemberName("floppy")]
    Floppy,

    /// <summary>A SCSI unit, passed through.</summary>
    [JsonStringEnumMemberName("lun")]
    Lun,
}

/// <summary>Encryption of a local disk.</summary>
public sealed record DiskEncryption : WireObject
{
    /// <summary>Format.</summary>
    public DiskEncryptionFormat Format { get; init; }

    /// <summary>Passphrase, from a Secret of this namespace; a random one when absent.</summary>
    public SecretKeyReference? PassphraseFrom { get; init; }
}

/// <summary>Format of an encrypted disk.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiskEncryptionFormat>))]
public enum DiskEncryptionFormat
{
    /// <summary>LUKS.</summary>
    [JsonStringEnumMemberName("luks")]
    Luks,

    /// <summary>LUKS, version 2.</summary>
    [JsonStringEnumMemberName("luksv2")]
    Luksv2,
}
