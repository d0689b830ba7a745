using System.Collections.Immutable;

namespace Kilonova.Scheduling.Numa;

/// <summary>How a guest's CPUs are served (<c>hw:cpu_policy</c>).</summary>
public enum CpuPolicy
{
    /// <summary>Nobody said: as <see cref="Shared"/>.</summary>
    None,

    /// <summary>They float over the CPUs that guests share.</summary>
    Shared,

    /// <summary>Each has a host CPU of its own.</summary>
    Dedicated,

    /// <summary>Some have, the others float.</summary>
    Mixed,
}

/// <summary>What pinning does about threads of one core (<c>hw:cpu_thread_policy</c>).</summary>
public enum ThreadPolicy
{
    /// <summary>Nobody said: as <see cref="Prefer"/>.</summary>
    None,

    /// <summary>Threads of one core where there are some.</summary>
    Prefer,

    /// <summary>No other guest on a core, and one thread of it used.</summary>
    Isolate,

    /// <summary>Threads of one core, or no fit.</summary>
    Require,
}

/// <summary>Where QEMU's own threads run (<c>hw:emulator_threads_policy</c>).</summary>
public enum EmulatorThreadsPolicy
{
    /// <summary>On the guest's pinned CPUs.</summary>
    None,

    /// <summary>On the CPUs that guests share.</summary>
    Share,

    /// <summary>On one more host CPU, for them alone.</summary>
    Isolate,
}

/// <summary>A guest's wish for a size of memory pages: KiB when positive.</summary>
public static class PageSize
{
    /// <summary>Nothing was said.</summary>
    public const long NotAsked = 0;

    /// <summary>The smallest of the host cell.</summary>
    public const long Small = -1;

    /// <summary>Any but the smallest, the largest first.</summary>
    public const long Large = -2;

    /// <summary>Any, the largest first.</summary>
    public const long Any = -3;
}

/// <summary>A NUMA cell of a guest.</summary>
/// <param name="Id">Number, from 0.</param>
/// <param name="SharedCpus">The guest's CPUs that float.</param>
/// <param name="PinnedCpus">The guest's CPUs that are pinned.</param>
/// <param name="MemoryMiB">Memory, in MiB.</param>
public sealed record GuestCell(int Id, CpuSet SharedCpus, CpuSet PinnedCpus, long MemoryMiB);

/// <summary>
/// The NUMA topology that a flavor and an image ask for. One cell of the guest goes to one cell of the host, and no two to the same. Compiled once; the
/// same object for the same wish makes results of fits found again quickly, an equal one is as good.
/// </summary>
public sealed class GuestTopology : IEquatable<GuestTopology>
{
    private readonly int hash;

    /// <summary>Creates a topology.</summary>
    /// <param name="cells">Cells, in the order of their numbers.</param>
    /// <param name="cpuPolicy">How CPUs are served.</param>
    /// <param name="threadPolicy">What pinning does about threads.</param>
    /// <param name="pageSize">Size of memory pages: KiB, or a constant of <see cref="Numa.PageSize"/>.</param>
    /// <param name="emulatorThreads">Where QEMU's own threads run.</param>
    public GuestTopology(ImmutableArray<GuestCell> cells, CpuPolicy cpuPolicy, ThreadPolicy threadPolicy, long pageSize, EmulatorThreadsPolicy emulatorThreads)
    {
        Cells = cells;
        CpuPolicy = cpuPolicy;
        ThreadPolicy = threadPolicy;
        PageSize = pageSize;
        EmulatorThreads = emulatorThreads;
        foreach (var cell in cells)
        {
            PinnedCpus += cell.PinnedCpus.Count;
            SharedCpus += cell.SharedCpus.Count;
        }

        var code = default(HashCode);
        code.Add(cpuPolicy);
        code.Add(threadPolicy);
        code.Add(pageSize);
        code.Add(emulatorThreads);
        foreach (var cell in cells) code.Add(cell);
        hash = code.ToHashCode();
    }

    /// <summary>Cells, in the order of their numbers.</summary>
    public ImmutableArray<GuestCell> Cells { get; }

    /// <summary>How CPUs are served.</summary>
    public CpuPolicy CpuPolicy { get; }

    /// <summary>What pinning does about threads.</summary>
    public ThreadPolicy ThreadPolicy { get; }

    /// <summary>Size of memory pages: KiB, or a constant of <see cref="Numa.PageSize"/>.</summary>
    public long PageSize { get; }

    /// <summary>Where QEMU's own threads run.</summary>
    public EmulatorThreadsPolicy EmulatorThreads { get; }

    /// <summary>Whether host CPUs are pinned.</summary>
    public bool Pins => CpuPolicy is CpuPolicy.Dedicated or CpuPolicy.Mixed;

    /// <summary>CPUs of the guest that are pinned.</summary>
    public int PinnedCpus { get; }

    /// <summary>CPUs of the guest that float.</summary>
    public int SharedCpus { get; }

    /// <summary>Host CPUs on top, for QEMU's own threads.</summary>
    public int EmulatorCpus => EmulatorThreads == EmulatorThreadsPolicy.Isolate ? 1 : 0;

    /// <inheritdoc/>
    public bool Equals(GuestTopology? other) =>
        ReferenceEquals(this, other)
        || (other is not null && hash == other.hash && CpuPolicy == other.CpuPolicy && ThreadPolicy == other.ThreadPolicy && PageSize == other.PageSize
            && EmulatorThreads == other.EmulatorThreads && Cells.AsSpan().SequenceEqual(other.Cells.AsSpan()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GuestTopology);

    /// <inheritdoc/>
    public override int GetHashCode() => hash;
}
