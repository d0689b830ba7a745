using Kilonova.Crds;

namespace Kilonova.NodeAgent.Registration;

/// <summary>What is so of the host, as it goes into Hypervisor and ResourceProvider.</summary>
internal sealed record HostFacts
{
    /// <summary>Host name as libvirt knows it.</summary>
    public required string Hostname { get; init; }

    /// <summary>Architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary>Accelerator of guests.</summary>
    public required VirtType VirtType { get; init; }

    /// <summary>What was found about KVM; null when it was not tried.</summary>
    public KvmVerdict? Kvm { get; init; }

    /// <summary>Version of QEMU.</summary>
    public required string HypervisorVersion { get; init; }

    /// <summary>Version of libvirt.</summary>
    public required string LibvirtVersion { get; init; }

    /// <summary>Model of the host's CPU.</summary>
    public string? CpuModel { get; init; }

    /// <summary>CPUs of the host.</summary>
    public required int Cpus { get; init; }

    /// <summary>Memory, in MiB.</summary>
    public required long MemoryMiB { get; init; }

    /// <summary>Traits, sorted.</summary>
    public required IReadOnlyList<string> Traits { get; init; }
}

/// <summary>The file system of the guests' disks.</summary>
/// <param name="TotalGiB">Its size, in GiB.</param>
/// <param name="FreeGiB">What is free, in GiB.</param>
internal readonly record struct DiskSpace(long TotalGiB, long FreeGiB)
{
    /// <summary>Measures the file system that holds a directory.</summary>
    public static DiskSpace Of(string directory)
    {
        var drive = new DriveInfo(directory);
        return new DiskSpace(drive.TotalSize >> 30, drive.AvailableFreeSpace >> 30);
    }
}
