using Kilonova.Crds;
using Kilonova.Libvirt.Xml;
using Kilonova.Libvirt.Xml.Devices;
using Kilonova.NodeAgent.State;
using GuestCpu = Kilonova.Libvirt.Xml.GuestCpu;

namespace Kilonova.NodeAgent.Domains;

/// <summary>From an Instance to a domain. Pure and deterministic: the same Instance on the same host gives the same XML.</summary>
internal static class GuestDefinition
{
    private const string NamePrefix = "kilonova-";

    /// <summary>Name of an instance's domain.</summary>
    public static string DomainName(string instanceID) => NamePrefix + instanceID;

    /// <summary>Instance ID in a domain's name; null when it is not a name of ours.</summary>
    public static string? InstanceID(string domainName) =>
        domainName.StartsWith(NamePrefix, StringComparison.Ordinal) && StateDirectory.IsInstanceID(domainName[NamePrefix.Length..]) ? domainName[NamePrefix.Length..] : null;

    /// <summary>The domain of an Instance.</summary>
    /// <param name="instance">The Instance; it has a flavor.</param>
    /// <param name="files">Its files.</param>
    /// <param name="profile">What guests get on this host.</param>
    /// <param name="machine">Machine type that the guest first booted with; the host's when it never booted.</param>
    public static DomainDefinition Of(Instance instance, InstanceFiles files, HostProfile profile, string? machine)
    {
        var spec = instance.Spec;
        var flavor = spec.Flavor ?? throw new ArgumentException("The Instance has no flavor.", nameof(instance));
        machine ??= profile.Machine;
        return new DomainDefinition
        {
            Type = profile.DomainType,
            Name = DomainName(instance.Metadata.Name!),
            Uuid = Guid.ParseExact(instance.Metadata.Name!, "D"),
            Title = $"{spec.Server.Namespace}/{spec.Server.Name}",
            Description = $"Server {spec.Server.Namespace}/{spec.Server.Name}, flavor {flavor.Name}. Managed by Kilonova: changes made here are lost.",
            Metadata = [DomainMetadata.Of(instance).ToXml()],
            MemoryKiB = flavor.MemoryMiB * 1024,
            VirtualCpus = flavor.Vcpus,
            SystemInformation = new SystemInformation
            {
                System =
                [
                    new SystemEntry("manufacturer", "Kilonova"),
                    new SystemEntry("product", "Kilonova Server"),
                    new SystemEntry("serial", instance.Metadata.Name!),
                    new SystemEntry("uuid", instance.Metadata.Name!),
                    new SystemEntry("family", "Virtual Machine"),
                ],
            },
            Os = new GuestOs { Architecture = profile.Architecture, Machine = machine, BootDevices = ["hd"], SmbiosMode = "sysinfo" },
            Features = new GuestFeatures { Acpi = true, Apic = true },
            Cpu = Cpu(profile, flavor.Vcpus),
            Clock = Clock(profile),
            // What the guest does is obeyed; what becomes of it then is the agent's to say. Autostart is never set.
            OnPoweroff = "destroy",
            OnReboot = "restart",
            OnCrash = "destroy",
            Devices = new GuestDevices
            {
                Emulator = profile.Emulator,
                Disks = Disks(files, machine, profile.DiskCache),
                Interfaces = [.. (spec.Interfaces ?? []).Select(Interface)],
                Serials = [new CharacterDevice { Source = new PtyCharacter(), Log = new CharacterLog(files.ConsoleLog, Append: true) }],
                Channels = HasGuestAgent(spec.Image) ? [new CharacterDevice { Source = new UnixCharacter(), TargetType = "virtio", TargetName = "org.qemu.guest_agent.0" }] : [],
                MemoryBalloon = new MemoryBalloon("virtio", StatsPeriodSeconds: 10),
                RandomGenerators = [new RandomGenerator()],
            },
        };
    }

    // Only where the image says that it has the agent: a shutdown is asked of it first.
    private static bool HasGuestAgent(InstanceImage? image) =>
        image?.Properties?.GetValueOrDefault("hw_qemu_guest_agent")?.ToUpperInvariant() is "YES" or "TRUE" or "1" or "ON" or "Y" or "T";

    private static Disk[] Disks(InstanceFiles files, string? machine, string cache)
    {
        // The chipset decides on which bus a drive is found without a driver: IDE on pc, SATA on q35 (Nova's default buses).
        var sata = machine?.Contains("q35", StringComparison.Ordinal) == true;
        return
        [
            new Disk { Source = new FileDisk(files.RootDisk), Format = "qcow2", Cache = cache, Discard = "unmap", TargetDevice = "vda", Bus = "virtio" },
            new Disk
            {
                Device = "cdrom", Source = new FileDisk(files.ConfigDrive), Format = "raw", ReadOnly = true,
                TargetDevice = sata ? "sda" : "hda", Bus = sata ? "sata" : "ide",
            },
        ];
    }

    private static NetworkInterface Interface(InstanceInterface nic) => new()
    {
        Source = nic.Type == NetworkType.Bridge ? new BridgeInterface(nic.Bridge ?? "") : new UserInterface(),
        Mac = nic.MacAddress,
        Model = "virtio",
        // QEMU's user-mode network does not know MTUs.
        Mtu = nic.Type == NetworkType.Bridge ? nic.Mtu : null,
    };

    private static GuestCpu? Cpu(HostProfile profile, int vcpus) => profile.CpuMode switch
    {
        null => null,
        "custom" => new GuestCpu { Mode = "custom", Match = "exact", Check = "none", Model = profile.CpuModel, Fallback = "forbid", Topology = new GuestCpuTopology(vcpus, 1, 1) },
        var mode => new GuestCpu { Mode = mode, Check = "partial", Topology = new GuestCpuTopology(vcpus, 1, 1) },
    };

    private static GuestClock Clock(HostProfile profile) => profile.DomainType == "kvm"
        ? new GuestClock { Timers = [new GuestTimer("pit", "delay"), new GuestTimer("rtc", "catchup"), new GuestTimer("hpet", Present: false)] }
        : new GuestClock();
}
