namespace Kilonova.Scheduling.Numa;

/// <summary>Whether what changed on a host can help a guest that did not fit.</summary>
internal static class NumaChange
{
    public static bool MayHelp(HostTopology before, HostTopology now)
    {
        if (before.Limits != now.Limits || before.Cells.Length != now.Cells.Length || (now.Pci?.Free ?? 0) > (before.Pci?.Free ?? 0)) return true;
        for (var i = 0; i < now.Cells.Length; i++)
            if (MayHelp(before.Cells[i], now.Cells[i])) return true;
        return false;
    }

    private static bool MayHelp(HostCell before, HostCell now)
    {
        if (ReferenceEquals(before, now)) return false;
        if (now.Id != before.Id || now.Pages.Length != before.Pages.Length || now.ThreadsPerCore != before.ThreadsPerCore || now.IsUndivided != before.IsUndivided) return true;
        if (now.FreeCpus.Count > before.FreeCpus.Count || now.DedicatedCpus.Count > before.DedicatedCpus.Count) return true;
        if (now.SharedCpus.Count > before.SharedCpus.Count || now.SharedCpusUsed < before.SharedCpusUsed) return true;
        if (now.MemoryMiB > before.MemoryMiB || now.MemoryUsedMiB < before.MemoryUsedMiB) return true;
        for (var threads = 1; threads <= now.ThreadsPerCore; threads++)
            if (now.CoresWithFree(threads) > before.CoresWithFree(threads)) return true;
        for (var i = 0; i < now.Pages.Length; i++)
            if (now.Pages[i].SizeKiB != before.Pages[i].SizeKiB || now.Pages[i].FreeKiB > before.Pages[i].FreeKiB || now.Pages[i].Total > before.Pages[i].Total) return true;
        return false;
    }
}
