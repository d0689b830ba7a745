using System.Collections.Immutable;

namespace Kilonova.Scheduling.Numa;

/// <summary>Memory pages of one size in a NUMA cell.</summary>
/// <param name="SizeKiB">Size of a page, in KiB.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Reserved">How many others than guests use.</param>
/// <param name="Used">How many guests have.</param>
public readonly record struct HostPages(long SizeKiB, long Total, long Reserved, long Used)
{
    /// <summary>What is free, in KiB.</summary>
    public long FreeKiB => (Total - Reserved - Used) * SizeKiB;
}

/// <summary>
/// A NUMA cell of a host: what is there and what guests have of it. Never changes. What a fit asks again and again (free CPUs, cores by free threads) is
/// counted once.
/// </summary>
public sealed class HostCell
{
    private readonly int[] coresWithFree;

    /// <summary>Creates a cell.</summary>
    /// <param name="id">Number.</param>
    /// <param name="sharedCpus">CPUs for guests that share.</param>
    /// <param name="dedicatedCpus">CPUs for guests that pin.</param>
    /// <param name="cores">CPUs of each core, in the order in which they are given out; each CPU in one of them.</param>
    /// <param name="memoryMiB">Memory, in MiB.</param>
    /// <param name="pages">Memory pages, by size ascending; empty where they are not known.</param>
    public HostCell(int id, CpuSet sharedCpus, CpuSet dedicatedCpus, ImmutableArray<ImmutableArray<int>> cores, long memoryMiB, ImmutableArray<HostPages> pages)
        : this(id, sharedCpus, dedicatedCpus, cores, memoryMiB, pages, CpuSet.Empty, 0, 0)
    {
    }

    private HostCell(
        int id, CpuSet sharedCpus, CpuSet dedicatedCpus, ImmutableArray<ImmutableArray<int>> cores, long memoryMiB, ImmutableArray<HostPages> pages,
        CpuSet pinned, long memoryUsed, long sharedUsed)
    {
        Id = id;
        SharedCpus = sharedCpus;
        DedicatedCpus = dedicatedCpus;
        Cores = cores;
        MemoryMiB = memoryMiB;
        Pages = pages;
        PinnedCpus = pinned;
        MemoryUsedMiB = memoryUsed;
        SharedCpusUsed = sharedUsed;
        FreeCpus = dedicatedCpus.Except(pinned);
        IsUndivided = sharedCpus.Equals(dedicatedCpus);
        foreach (var core in cores) ThreadsPerCore = Math.Max(ThreadsPerCore, core.Length);
        coresWithFree = new int[ThreadsPerCore + 1];
        foreach (var core in cores)
        {
            var free = 0;
            foreach (var cpu in core)
                if (FreeCpus.Contains(cpu)) free++;
            FreeThreads += free;
            for (var threads = 1; threads <= free; threads++) coresWithFree[threads]++;
        }
    }

    /// <summary>Number.</summary>
    public int Id { get; }

    /// <summary>Socket; null where it is not known.</summary>
    public int? Socket { get; init; }

    /// <summary>Physical networks of the cell's devices.</summary>
    public ImmutableArray<string> PhysicalNetworks { get; init; } = [];

    /// <summary>Whether tunnelled networks go through a device of this cell.</summary>
    public bool Tunnels { get; init; }

    /// <summary>CPUs for guests that share.</summary>
    public CpuSet SharedCpus { get; }

    /// <summary>CPUs for guests that pin.</summary>
    public CpuSet DedicatedCpus { get; }

    /// <summary>CPUs that are pinned to guests.</summary>
    public CpuSet PinnedCpus { get; }

    /// <summary>CPUs that may be pinned.</summary>
    public CpuSet FreeCpus { get; }

    /// <summary>CPUs of each core, in the order in which they are given out.</summary>
    public ImmutableArray<ImmutableArray<int>> Cores { get; }

    /// <summary>Memory, in MiB.</summary>
    public long MemoryMiB { get; }

    /// <summary>Memory of guests with a topology, in MiB.</summary>
    public long MemoryUsedMiB { get; }

    /// <summary>CPUs of guests with a topology that float here.</summary>
    public long SharedCpusUsed { get; }

    /// <summary>Memory pages, by size ascending.</summary>
    public ImmutableArray<HostPages> Pages { get; }

    /// <summary>Threads of the largest core.</summary>
    public int ThreadsPerCore { get; }

    /// <summary>Threads of cores that may be pinned.</summary>
    public int FreeThreads { get; }

    /// <summary>Whether the same CPUs serve guests that share and guests that pin: then a guest may keep the threads beside its own free.</summary>
    public bool IsUndivided { get; }

    /// <summary>Cores with at least so many free threads.</summary>
    /// <param name="threads">Free threads; at least 1.</param>
    /// <returns>How many cores.</returns>
    public int CoresWithFree(int threads) => threads < coresWithFree.Length ? coresWithFree[threads] : 0;

    /// <summary>The cell with other usage.</summary>
    /// <param name="pinned">CPUs that are pinned.</param>
    /// <param name="memoryMiB">Memory of guests, in MiB.</param>
    /// <param name="sharedCpus">CPUs of guests that float here.</param>
    /// <param name="pages">Memory pages, by size ascending.</param>
    /// <returns>The cell.</returns>
    public HostCell WithUsage(CpuSet pinned, long memoryMiB, long sharedCpus, ImmutableArray<HostPages> pages) =>
        new(Id, SharedCpus, DedicatedCpus, Cores, MemoryMiB, pages, pinned, memoryMiB, sharedCpus) { Socket = Socket, PhysicalNetworks = PhysicalNetworks, Tunnels = Tunnels };
}
