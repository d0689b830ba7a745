using Kilonova.Crds;

namespace Kilonova.NodeAgent.Registration.Preflight;

/// <summary>What the checks judge by, as the host's files say it.</summary>
internal sealed record PreflightFacts
{
    /// <summary>Huge pages that the kernel has set aside, by NUMA cell and size.</summary>
    public IReadOnlyList<HugePages> HugePages { get; init; } = [];

    /// <summary>Whether a hugetlbfs is mounted, which is how QEMU gets such pages.</summary>
    public bool HugePagesMounted { get; init; }

    /// <summary>Names of the controllers of control groups; null when there is no such file system.</summary>
    public IReadOnlySet<string>? CgroupControllers { get; init; }

    /// <summary>The kubelet of the host; null when there is none.</summary>
    public KubeletFacts? Kubelet { get; init; }

    /// <summary>The kernel's clock; null when it could not be asked.</summary>
    public ClockFacts? Clock { get; init; }

    /// <summary>Whether <c>libvirt-guests.service</c> starts, when the host boots, what it stopped or saved when the host went down.</summary>
    public bool LibvirtGuestsStarts { get; init; }
}

/// <summary>What a kubelet has written down of itself.</summary>
/// <param name="CpuPolicy">Policy of its CPU manager, <c>none</c> or <c>static</c>; null when its state cannot be read.</param>
/// <param name="MemoryPolicy">Policy of its memory manager, <c>None</c> or <c>Static</c>; null when it has no state.</param>
internal sealed record KubeletFacts(string? CpuPolicy, string? MemoryPolicy);

/// <summary>The kernel's clock (adjtimex(2)).</summary>
/// <param name="Synchronized">Whether something keeps it right.</param>
internal sealed record ClockFacts(bool Synchronized);
