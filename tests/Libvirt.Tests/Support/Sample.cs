using Kilonova.Libvirt.Xml;
using Kilonova.Libvirt.Xml.Devices;

namespace Kilonova.Libvirt.Tests.Support;

/// <summary>Smallest definitions that the drivers take.</summary>
internal static class Sample
{
    /// <summary>For the test driver, which knows i686 only.</summary>
    internal static DomainDefinition TestDomain(string name, Guid? uuid = null) => new()
    {
        Type = "test",
        Name = name,
        Uuid = uuid ?? Guid.NewGuid(),
        MemoryKiB = 8192,
        VirtualCpus = 1,
        Os = new GuestOs { Architecture = "i686" },
        Devices = new GuestDevices(),
    };

    /// <summary>A machine without disks under QEMU's own emulation: it sits in its BIOS.</summary>
    internal static DomainDefinition QemuDomain(string name, Guid? uuid = null) => new()
    {
        Type = "qemu",
        Name = name,
        Uuid = uuid ?? Guid.NewGuid(),
        MemoryKiB = 32 * 1024,
        VirtualCpus = 1,
        Os = new GuestOs { Architecture = "x86_64", Machine = "q35" },
        Features = new GuestFeatures { Acpi = true, Apic = true },
        Devices = new GuestDevices
        {
            Controllers = [new Controller("usb", 0, "none")],
            MemoryBalloon = new MemoryBalloon("none"),
        },
    };
}
