namespace Kilonova.NodeAgent.Domains;

/// <summary>What new guests get on this host, taken from libvirt's capabilities.</summary>
internal sealed record HostProfile
{
    /// <summary><c>kvm</c>, <c>qemu</c>, or <c>test</c> on libvirt's test driver.</summary>
    public required string DomainType { get; init; }

    /// <summary>Architecture of guests.</summary>
    public required string Architecture { get; init; }

    /// <summary>Machine type with its version, for instance <c>pc-i440fx-7.2</c>; null on the test driver.</summary>
    public string? Machine { get; init; }

    /// <summary>Emulator; null leaves it to libvirt.</summary>
    public string? Emulator { get; init; }

    /// <summary>CPU mode: <c>host-model</c> with KVM, <c>custom</c> without.</summary>
    public string? CpuMode { get; init; }

    /// <summary>CPU model that <see cref="CpuMode"/> comes to.</summary>
    public string? CpuModel { get; init; }

    /// <summary>Cache mode of disks: <c>none</c> where the file system of the guests' disks can do without the page cache, else <c>writeback</c>.</summary>
    public string DiskCache { get; init; } = "none";
}
