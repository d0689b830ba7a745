namespace Kilonova.Scheduling.Numa;

/// <summary>Why a cell of a guest does not fit a cell of a host.</summary>
public enum CellShortage
{
    /// <summary>It fits.</summary>
    None,

    /// <summary>Not enough free pages of a size that will do.</summary>
    Pages,

    /// <summary>More memory than the cell has in all.</summary>
    TotalMemory,

    /// <summary>More CPUs than the cell has in all.</summary>
    TotalCpus,

    /// <summary>Not enough CPUs that may be pinned.</summary>
    FreeCpus,

    /// <summary>Not enough memory, or more than overcommit lets.</summary>
    Memory,

    /// <summary>More floating CPUs than overcommit lets.</summary>
    SharedCpus,

    /// <summary>The free CPUs are on the wrong threads.</summary>
    Threads,
}

/// <summary>Whether one cell of a guest fits one cell of a host: a few comparisons of numbers that are counted already (spec: S8, fit to host).</summary>
internal static class CellFit
{
    public static CellShortage Check(HostCell host, GuestTopology guest, GuestCell cell, OvercommitLimits? limits)
    {
        if (!HasMemory(host, guest.PageSize, cell.MemoryMiB, out _)) return host.Pages.IsEmpty || guest.PageSize == PageSize.NotAsked ? CellShortage.TotalMemory : CellShortage.Pages;
        if (guest.Pins)
        {
            var emulator = cell.Id == 0 ? guest.EmulatorCpus : 0;
            var wanted = cell.PinnedCpus.Count + emulator;
            if (wanted > host.DedicatedCpus.Count) return CellShortage.TotalCpus;
            if (wanted > host.FreeCpus.Count) return CellShortage.FreeCpus;
            if (cell.MemoryMiB > host.MemoryMiB - host.MemoryUsedMiB) return CellShortage.Memory;
            if (!CorePacking.CanPin(host, cell.PinnedCpus.Count, emulator, guest.ThreadPolicy)) return CellShortage.Threads;
            if (guest.CpuPolicy == CpuPolicy.Dedicated) return CellShortage.None;
        }

        if (cell.SharedCpus.Count > host.SharedCpus.Count) return CellShortage.TotalCpus;
        if (limits is not { } limit) return CellShortage.None;
        if (host.SharedCpusUsed + cell.SharedCpus.Count > host.SharedCpus.Count * limit.Cpu) return CellShortage.SharedCpus;
        return host.MemoryUsedMiB + cell.MemoryMiB > host.MemoryMiB * limit.Ram ? CellShortage.Memory : CellShortage.None;
    }

    /// <summary>
    /// Looks for pages. A size that is asked for must have room; without a wish the smallest size may be overcommitted, but nobody may exceed all there is of it.
    /// </summary>
    /// <param name="host">The host's cell.</param>
    /// <param name="wanted">The wish.</param>
    /// <param name="memoryMiB">Memory, in MiB.</param>
    /// <param name="size">Size of the pages that were found, in KiB; 0 without a wish.</param>
    public static bool HasMemory(HostCell host, long wanted, long memoryMiB, out long size)
    {
        size = 0;
        var pages = host.Pages.AsSpan();
        var memory = memoryMiB * 1024;
        if (wanted == PageSize.NotAsked)
        {
            if (pages.IsEmpty) return memoryMiB <= host.MemoryMiB;
            return memory <= pages[0].Total * pages[0].SizeKiB && memory % pages[0].SizeKiB == 0;
        }

        var (first, last) = wanted switch
        {
            PageSize.Small => (0, 0),
            PageSize.Large => (pages.Length - 1, 1),
            _ => (pages.Length - 1, 0),
        };
        for (var i = Math.Min(first, pages.Length - 1); i >= last; i--)
        {
            if (wanted > 0 && pages[i].SizeKiB != wanted) continue;
            if (memory > pages[i].FreeKiB || memory % pages[i].SizeKiB != 0) continue;
            size = pages[i].SizeKiB;
            return true;
        }

        return false;
    }
}
