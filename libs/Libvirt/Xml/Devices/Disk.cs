using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml.Devices;

/// <summary>A disk or CD-ROM (<c>&lt;disk&gt;</c>).</summary>
public sealed record Disk
{
    /// <summary><c>disk</c>, <c>cdrom</c>, <c>floppy</c>, <c>lun</c>.</summary>
    public string Device { get; init; } = "disk";

    /// <summary>What it holds; null is an empty drive.</summary>
    public DiskSource? Source { get; init; }

    /// <summary>Format of the source (<c>raw</c>, <c>qcow2</c>), always to be given: libvirt must not guess it from guest data.</summary>
    public string? Format { get; init; }

    /// <summary><c>none</c>, <c>writeback</c>, <c>writethrough</c>, <c>directsync</c>, <c>unsafe</c>.</summary>
    public string? Cache { get; init; }

    /// <summary><c>native</c>, <c>threads</c>, <c>io_uring</c>.</summary>
    public string? Io { get; init; }

    /// <summary>Whether the guest's trims free space: <c>unmap</c>, <c>ignore</c>.</summary>
    public string? Discard { get; init; }

    /// <summary><c>off</c>, <c>on</c>, <c>unmap</c>.</summary>
    public string? DetectZeroes { get; init; }

    /// <summary>I/O thread that serves it (from 1).</summary>
    public int? IoThread { get; init; }

    /// <summary>Queues (virtio).</summary>
    public int? Queues { get; init; }

    /// <summary>Whether the device goes through the guest's IOMMU (virtio).</summary>
    public bool? DriverIommu { get; init; }

    /// <summary>Name in the guest as a hint, unique in the domain (<c>vda</c>).</summary>
    public required string TargetDevice { get; init; }

    /// <summary><c>virtio</c>, <c>scsi</c>, <c>sata</c>, <c>ide</c>, <c>usb</c>, <c>fdc</c>.</summary>
    public string? Bus { get; init; }

    /// <summary>Serial number that the guest sees.</summary>
    public string? Serial { get; init; }

    /// <summary>Place in the boot order, from 1.</summary>
    public int? BootOrder { get; init; }

    /// <summary>Whether the guest cannot write it.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether several guests may have it.</summary>
    public bool Shareable { get; init; }

    /// <summary>Limits.</summary>
    public DiskIoTune? IoTune { get; init; }

    /// <summary>Place in the guest.</summary>
    public DeviceAddress? Address { get; init; }

    internal XElement ToXml() => new(
        "disk",
        Attribute("type", Source?.Type ?? "file"),
        Attribute("device", Device),
        new XElement(
            "driver", Attribute("name", "qemu"), Attribute("type", Format), Attribute("cache", Cache), Attribute("io", Io),
            Attribute("discard", Discard), Attribute("detect_zeroes", DetectZeroes), Attribute("iothread", IoThread),
            Attribute("queues", Queues), OnOff("iommu", DriverIommu)),
        (Source as NetworkDisk)?.AuthToXml(),
        Source?.ToXml(),
        new XElement("target", Attribute("dev", TargetDevice), Attribute("bus", Bus)),
        IoTune?.ToXml(),
        Present("readonly", ReadOnly),
        Present("shareable", Shareable),
        Element("serial", Serial),
        IfAny("boot", Attribute("order", BootOrder)),
        Address?.ToXml());

    internal static Disk Read(XElement disk)
    {
        var driver = disk.Element("driver");
        return new Disk
        {
            Device = disk.Text("device") ?? "disk",
            Source = DiskSource.Read(disk),
            Format = driver?.Text("type"),
            Cache = driver?.Text("cache"),
            Io = driver?.Text("io"),
            Discard = driver?.Text("discard"),
            DetectZeroes = driver?.Text("detect_zeroes"),
            IoThread = driver?.Number("iothread"),
            Queues = driver?.Number("queues"),
            DriverIommu = driver?.Flag("iommu"),
            TargetDevice = disk.Element("target")?.Text("dev") ?? "",
            Bus = disk.Element("target")?.Text("bus"),
            Serial = disk.Child("serial"),
            BootOrder = disk.Element("boot")?.Number("order"),
            ReadOnly = disk.Element("readonly") is not null,
            Shareable = disk.Element("shareable") is not null,
            IoTune = DiskIoTune.Read(disk.Element("iotune")),
            Address = DeviceAddress.Read(disk.Element("address")),
        };
    }
}

/// <summary>Limits of a disk; null is none.</summary>
public sealed record DiskIoTune
{
    /// <summary>Bytes per second, reads and writes together.</summary>
    public long? TotalBytesPerSecond { get; init; }

    /// <summary>Bytes read per second.</summary>
    public long? ReadBytesPerSecond { get; init; }

    /// <summary>Bytes written per second.</summary>
    public long? WriteBytesPerSecond { get; init; }

    /// <summary>Operations per second, reads and writes together.</summary>
    public long? TotalOperationsPerSecond { get; init; }

    /// <summary>Reads per second.</summary>
    public long? ReadOperationsPerSecond { get; init; }

    /// <summary>Writes per second.</summary>
    public long? WriteOperationsPerSecond { get; init; }

    internal XElement ToXml() => new(
        "iotune",
        Element("total_bytes_sec", TotalBytesPerSecond),
        Element("read_bytes_sec", ReadBytesPerSecond),
        Element("write_bytes_sec", WriteBytesPerSecond),
        Element("total_iops_sec", TotalOperationsPerSecond),
        Element("read_iops_sec", ReadOperationsPerSecond),
        Element("write_iops_sec", WriteOperationsPerSecond));

    internal static DiskIoTune? Read(XElement? tune) => tune is null ? null : new DiskIoTune
    {
        TotalBytesPerSecond = tune.ChildLong("total_bytes_sec"),
        ReadBytesPerSecond = tune.ChildLong("read_bytes_sec"),
        WriteBytesPerSecond = tune.ChildLong("write_bytes_sec"),
        TotalOperationsPerSecond = tune.ChildLong("total_iops_sec"),
        ReadOperationsPerSecond = tune.ChildLong("read_iops_sec"),
        WriteOperationsPerSecond = tune.ChildLong("write_iops_sec"),
    };
}
