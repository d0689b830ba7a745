using System.Xml.Linq;
using Kilonova.Libvirt.Xml;
using Kilonova.Libvirt.Xml.Devices;

namespace Kilonova.Libvirt.Tests.Xml;

/// <summary>Definitions whose XML is in <c>Golden/</c>, one per shape of guest that Nova's libvirt driver makes.</summary>
public static class GoldenDefinitions
{
    private static readonly XNamespace Space = "https://example.org/instance/1";

    /// <summary>What a host may refuse for want of hardware or firmware files.</summary>
    internal static readonly HashSet<string> NeedsHardware = ["secure-boot", "pinned", "realtime", "passthrough", "sev"];

    public static TheoryData<string> Names => [.. All.Keys];

    internal static Dictionary<string, DomainDefinition> All { get; } = new()
    {
        ["plain"] = Plain,
        ["minimal"] = Minimal,
        ["secure-boot"] = SecureBoot,
        ["pinned"] = Pinned,
        ["realtime"] = Realtime,
        ["windows"] = Windows,
        ["storage"] = Storage,
        ["networks"] = Networks,
        ["passthrough"] = Passthrough,
        ["sev"] = Sev,
    };

    private static DomainDefinition Minimal => new()
    {
        Type = "qemu",
        Name = "instance-1",
        Uuid = Guid.Parse("11111111-2222-3333-4444-555555555555"),
        MemoryKiB = 262_144,
        VirtualCpus = 1,
        Os = new GuestOs { Architecture = "x86_64", Machine = "q35" },
        Devices = new GuestDevices(),
    };

    /// <summary>Root disk, config drive, bridge, console log, guest agent: the everyday server.</summary>
    private static DomainDefinition Plain => Minimal with
    {
        Title = "vm-1 <of team \"a&b\">",
        Metadata =
        [
            new XElement(
                Space + "instance",
                new XAttribute(XNamespace.Xmlns + "kilonova", Space),
                new XElement(Space + "server", new XAttribute("namespace", "team-a"), new XAttribute("name", "vm-1")),
                new XElement(Space + "epoch", 3)),
        ],
        MemoryKiB = 2_097_152,
        VirtualCpus = 4,
        Os = new GuestOs { Architecture = "x86_64", Machine = "q35", BootDevices = ["hd"], SmbiosMode = "sysinfo" },
        SystemInformation = new SystemInformation
        {
            System =
            [
                new SystemEntry("manufacturer", "Kilonova"), new SystemEntry("product", "Kilonova"), new SystemEntry("version", "0.1.0"),
                new SystemEntry("serial", "11111111-2222-3333-4444-555555555555"),
                new SystemEntry("uuid", "11111111-2222-3333-4444-555555555555"), new SystemEntry("family", "Virtual Machine"),
            ],
        },
        Features = new GuestFeatures { Acpi = true, Apic = true, VmCoreInfo = true },
        Cpu = new GuestCpu { Mode = "host-model", Match = "exact", Topology = new GuestCpuTopology(4, 1, 1) },
        Clock = new GuestClock
        {
            Timers = [new GuestTimer("pit", "delay"), new GuestTimer("rtc", "catchup"), new GuestTimer("hpet", Present: false)],
        },
        OnPoweroff = "destroy",
        OnReboot = "restart",
        OnCrash = "destroy",
        Devices = new GuestDevices
        {
            Emulator = "/usr/bin/qemu-system-x86_64",
            Disks =
            [
                new Disk
                {
                    Source = new FileDisk("/var/lib/kilonova/11111111/root.qcow2"), Format = "qcow2", Cache = "none", Discard = "unmap",
                    TargetDevice = "vda", Bus = "virtio", Serial = "root",
                },
                new Disk
                {
                    Device = "cdrom", Source = new FileDisk("/var/lib/kilonova/11111111/config.iso"), Format = "raw",
                    TargetDevice = "sda", Bus = "sata", ReadOnly = true,
                },
            ],
            Controllers = [new Controller("usb", 0, "qemu-xhci")],
            Interfaces =
            [
                new NetworkInterface
                {
                    Source = new BridgeInterface("br-tenant"), Mac = "fa:16:3e:00:00:01", Model = "virtio", TargetDevice = "tap11111111-1",
                    Mtu = 1450,
                },
            ],
            Serials =
            [
                new CharacterDevice
                {
                    Source = new PtyCharacter(), Log = new CharacterLog("/var/lib/kilonova/11111111/console.log", Append: true), TargetPort = 0,
                },
            ],
            Consoles = [new CharacterDevice { Source = new PtyCharacter(), TargetType = "serial", TargetPort = 0 }],
            Channels =
            [
                new CharacterDevice { Source = new UnixCharacter(), TargetType = "virtio", TargetName = "org.qemu.guest_agent.0" },
            ],
            Inputs = [new InputDevice("tablet", "usb")],
            Graphics = [new Graphics { Listen = "127.0.0.1" }],
            Videos = [new Video("virtio")],
            Watchdog = new Watchdog("pause"),
            MemoryBalloon = new MemoryBalloon(StatsPeriodSeconds: 10),
            RandomGenerators = [new RandomGenerator(RateBytes: 1024, RatePeriodMilliseconds: 1000)],
        },
        SecurityLabels = [new SecurityLabel("none")],
    };

    private static DomainDefinition SecureBoot => Minimal with
    {
        Os = new GuestOs
        {
            Architecture = "x86_64",
            Machine = "q35",
            Loader = new FirmwareLoader("/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "pflash", ReadOnly: true, Secure: true),
            Nvram = new FirmwareVariables("/var/lib/kilonova/11111111/nvram.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"),
        },
        Features = new GuestFeatures { Acpi = true, Apic = true, Smm = true },
        Devices = new GuestDevices { Tpm = new Tpm("tpm-crb", "2.0", Guid.Parse("aaaaaaaa-2222-3333-4444-555555555555")) },
    };

    private static DomainDefinition Pinned => Minimal with
    {
        Type = "kvm",
        MemoryKiB = 4_194_304,
        VirtualCpus = 4,
        MemoryBacking = new MemoryBacking
        {
            HugePages = [new HugePage(2048, "0"), new HugePage(1_048_576, "1")], NoSharePages = true, Locked = true,
        },
        MemoryTune = new MemoryTune { HardLimitKiB = 6_291_456 },
        CpuTune = new CpuTune
        {
            Shares = 4096,
            PeriodMicroseconds = 100_000,
            QuotaMicroseconds = 50_000,
            VirtualCpuPins = [new CpuPin(0, "0"), new CpuPin(1, "4"), new CpuPin(2, "8"), new CpuPin(3, "12")],
            EmulatorPin = "0,4,8,12",
        },
        NumaTune = new NumaTune { NodeSet = "0-1", Nodes = [new NumaMemoryNode(0, "0"), new NumaMemoryNode(1, "1")] },
        Cpu = new GuestCpu
        {
            Mode = "host-passthrough",
            Migratable = true,
            Topology = new GuestCpuTopology(1, 2, 2, 1),
            Features = [new CpuFeature("pdpe1gb"), new CpuFeature("vmx", "disable")],
            Cells = [new GuestNumaCell(0, "0-1", 2_097_152, "shared"), new GuestNumaCell(1, "2-3", 2_097_152, "shared")],
        },
        Features = new GuestFeatures { Acpi = true, Apic = true, Pmu = false, KvmHidden = true },
    };

    private static DomainDefinition Realtime => Minimal with
    {
        Type = "kvm",
        VirtualCpus = 4,
        MemoryBacking = new MemoryBacking { UseHugePages = true, NoSharePages = true, Locked = true },
        IoThreads = 1,
        CpuTune = new CpuTune
        {
            VirtualCpuPins = [new CpuPin(0, "8"), new CpuPin(1, "9"), new CpuPin(2, "10"), new CpuPin(3, "11")],
            EmulatorPin = "8-9",
            IoThreadPins = [new CpuPin(1, "12")],
            Schedulers = [new CpuScheduler("2-3", "fifo", 1)],
        },
    };

    private static DomainDefinition Windows => Minimal with
    {
        Features = new GuestFeatures
        {
            Acpi = true,
            Apic = true,
            HyperV =
            [
                new HyperVFeature("relaxed"), new HyperVFeature("vapic"), new HyperVFeature("spinlocks", Retries: 8191),
                new HyperVFeature("vendor_id", Value: "1234567890ab"),
            ],
        },
        Clock = new GuestClock
        {
            Offset = "localtime",
            Timers = [new GuestTimer("pit", "delay"), new GuestTimer("rtc", "catchup"), new GuestTimer("hypervclock", Present: true)],
        },
        Cpu = new GuestCpu { Mode = "custom", Match = "exact", Check = "none", Model = "qemu64", Fallback = "forbid" },
        Devices = new GuestDevices { Videos = [new Video("qxl", MemoryKiB: 16_384)], Graphics = [new Graphics { Port = 5901 }] },
    };

    private static DomainDefinition Storage => Minimal with
    {
        IoThreads = 2,
        Devices = new GuestDevices
        {
            Disks =
            [
                new Disk
                {
                    Source = new BlockDisk("/dev/disk/by-id/wwn-1"), Format = "raw", Cache = "none", Io = "native", TargetDevice = "vda",
                    Bus = "virtio", BootOrder = 1, IoThread = 1, Queues = 2, DetectZeroes = "unmap", Discard = "unmap",
                    Serial = "631aa936-cff9-56e8-99a7-61d9cb8348bf",
                    IoTune = new DiskIoTune { ReadBytesPerSecond = 10_485_760, WriteBytesPerSecond = 5_242_880, TotalOperationsPerSecond = 500 },
                },
                new Disk
                {
                    Source = new NetworkDisk(
                        "rbd", "volumes/volume-1", [new NetworkDiskHost("192.0.2.1", 6789), new NetworkDiskHost("192.0.2.2", 6789)],
                        new NetworkDiskAuth("cinder", "ceph", Guid.Parse("bbbbbbbb-2222-3333-4444-555555555555"))),
                    Format = "raw", TargetDevice = "sda", Bus = "scsi", Shareable = true, Address = new DriveAddress(0, 0, 0, 1),
                },
                new Disk { Device = "cdrom", TargetDevice = "sdb", Bus = "sata", ReadOnly = true, BootOrder = 2 },
            ],
            Controllers = [new Controller("scsi", 0, "virtio-scsi") { IoThread = 2, Queues = 4 }],
        },
    };

    private static DomainDefinition Networks => Minimal with
    {
        Devices = new GuestDevices
        {
            Interfaces =
            [
                new NetworkInterface
                {
                    Source = new BridgeInterface("br-int"), Mac = "fa:16:3e:00:00:01", Model = "virtio", Driver = "vhost", Queues = 4,
                    ReceiveQueueSize = 1024, TargetDevice = "tap9cc28697-25",
                    VirtualPort = new VirtualPort("openvswitch", "9cc28697-25b4-536d-ad02-a5695e7b5a0a"),
                    Inbound = new Bandwidth(1000, 2000, 512), Outbound = new Bandwidth(500),
                },
                new NetworkInterface { Source = new UserInterface(), Mac = "fa:16:3e:00:00:02", Model = "e1000" },
                new NetworkInterface
                {
                    Source = new EthernetInterface(), Mac = "fa:16:3e:00:00:03", Model = "virtio", TargetDevice = "tap2", TargetManaged = false,
                    BootOrder = 1, LinkUp = false,
                },
            ],
        },
    };

    private static DomainDefinition Passthrough => Minimal with
    {
        Type = "kvm",
        Features = new GuestFeatures { Acpi = true, Apic = true, IoApicDriver = "qemu" },
        Devices = new GuestDevices
        {
            Interfaces =
            [
                new NetworkInterface
                {
                    Source = new HostDeviceInterface(new PciAddress(0, 0x81, 2, 1)), Mac = "fa:16:3e:00:00:01", Vlans = [100],
                },
                new NetworkInterface { Source = new VhostUserInterface("/run/vhu1", "client"), Mac = "fa:16:3e:00:00:02", Model = "virtio" },
            ],
            HostDevices =
            [
                new PciHostDevice(new PciAddress(0, 0x82, 0, 0)),
                new MediatedHostDevice(Guid.Parse("cccccccc-2222-3333-4444-555555555555")),
            ],
            Iommu = new Iommu("intel", InterruptRemapping: true, CachingMode: true, AddressWidth: 48),
        },
    };

    private static DomainDefinition Sev => Minimal with
    {
        Type = "kvm",
        MemoryBacking = new MemoryBacking { Locked = true },
        Devices = new GuestDevices
        {
            Disks =
            [
                new Disk { Source = new FileDisk("/root.qcow2"), Format = "qcow2", TargetDevice = "vda", Bus = "virtio", DriverIommu = true },
            ],
            Controllers = [new Controller("virtio-serial", 0) { DriverIommu = true }],
            Videos = [new Video("virtio", DriverIommu: true)],
            MemoryBalloon = new MemoryBalloon(DriverIommu: true),
            RandomGenerators = [new RandomGenerator(DriverIommu: true)],
        },
        LaunchSecurity = new LaunchSecurity(0x33, 47, 1),
    };
}
