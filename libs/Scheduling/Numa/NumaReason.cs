namespace Kilonova.Scheduling.Numa;

/// <summary>Says with numbers why a guest's cells do not fit a host's. Cold: made only when somebody reads it.</summary>
internal static class NumaReason
{
    private const int Shown = 4;

    public static string Of(HostTopology host, NumaWishes wishes)
    {
        var guest = wishes.Topology!;
        if (guest.Cells.Length > host.Cells.Length) return $"{guest.Cells.Length} NUMA cells wanted, the host has {host.Cells.Length}";
        // The cell of the guest that fits fewest says most.
        GuestCell? worst = null;
        var fewest = int.MaxValue;
        foreach (var cell in guest.Cells)
        {
            var fitting = host.Cells.Count(h => CellFit.Check(h, guest, cell, host.Limits) == CellShortage.None);
            if (fitting < fewest) (worst, fewest) = (cell, fitting);
        }

        if (fewest == 0)
        {
            var lines = host.Cells.Take(Shown).Select(h => $"cell {h.Id}: {Text(h, guest, worst!, CellFit.Check(h, guest, worst!, host.Limits), host.Limits)}");
            var name = guest.Cells.Length == 1 ? "" : $"the guest's cell {worst!.Id} fits none: ";
            return name + string.Join("; ", lines) + (host.Cells.Length > Shown ? "; …" : "");
        }

        var alone = new NumaWishes(guest, [], NumaNetworks.None);
        if (!NumaFit.Fits(host, alone)) return $"each of the guest's {guest.Cells.Length} cells fits, but not all at once on cells of their own";
        return NumaFit.Fits(host, alone with { Networks = wishes.Networks })
            ? "the cells with room are not near enough to the PCI devices wanted"
            : "the cells with room are not near to the cards of the networks wanted";
    }

    /// <summary>How far the nearest cell is: the share of what lacks, of the guest's cell that fits none.</summary>
    public static double Distance(HostTopology host, NumaWishes wishes)
    {
        var guest = wishes.Topology!;
        var farthest = 0.0;
        foreach (var cell in guest.Cells) farthest = Math.Max(farthest, host.Cells.Min(h => Distance(h, guest, cell, host.Limits)));
        return double.IsInfinity(farthest) ? farthest : Math.Max(farthest, 0.01);
    }

    private static double Distance(HostCell host, GuestTopology guest, GuestCell cell, OvercommitLimits? limits)
    {
        var pinned = cell.PinnedCpus.Count + (cell.Id == 0 ? guest.EmulatorCpus : 0);
        return CellFit.Check(host, guest, cell, limits) switch
        {
            CellShortage.None => 0,
            CellShortage.FreeCpus => (double)(pinned - host.FreeCpus.Count) / pinned,
            CellShortage.Memory => Math.Min(1, (double)(cell.MemoryMiB - Math.Max(0, host.MemoryMiB - host.MemoryUsedMiB)) / Math.Max(cell.MemoryMiB, 1)),
            CellShortage.Pages or CellShortage.SharedCpus or CellShortage.Threads => 1,
            _ => double.PositiveInfinity,
        };
    }

    private static string Text(HostCell host, GuestTopology guest, GuestCell cell, CellShortage shortage, OvercommitLimits? limits)
    {
        var pinned = cell.PinnedCpus.Count + (cell.Id == 0 ? guest.EmulatorCpus : 0);
        return shortage switch
        {
            CellShortage.Pages => $"{cell.MemoryMiB} MiB in {Pages(guest.PageSize)} wanted, free are {string.Join(", ", host.Pages.Select(p => $"{p.FreeKiB / 1024} MiB in pages of {p.SizeKiB} KiB"))}",
            CellShortage.TotalMemory => $"{cell.MemoryMiB} MiB wanted, it has {(host.Pages.IsEmpty ? host.MemoryMiB : host.Pages[0].Total * host.Pages[0].SizeKiB / 1024)} MiB in all",
            CellShortage.TotalCpus when guest.Pins && pinned > host.DedicatedCpus.Count => $"{pinned} CPUs to pin wanted, it has {host.DedicatedCpus.Count}",
            CellShortage.TotalCpus => $"{cell.SharedCpus.Count} CPUs wanted, it has {host.SharedCpus.Count}",
            CellShortage.FreeCpus => $"{pinned} CPUs to pin wanted, {host.FreeCpus.Count} of {host.DedicatedCpus.Count} free",
            CellShortage.Memory => $"{cell.MemoryMiB} MiB wanted, {host.MemoryMiB - host.MemoryUsedMiB} of {host.MemoryMiB} MiB free",
            CellShortage.SharedCpus => $"{cell.SharedCpus.Count} CPUs wanted, {host.SharedCpusUsed} of {(long)(host.SharedCpus.Count * (limits?.Cpu ?? 1))} promised",
            CellShortage.Threads when cell.PinnedCpus.Count == 0 => $"no CPU of the guest's cell {cell.Id} is pinned, and a mixed guest pins some in each",
            CellShortage.Threads => $"{pinned} CPUs to pin wanted with thread policy {guest.ThreadPolicy.ToString().ToLowerInvariant()}, the {host.FreeCpus.Count} that are free are on the wrong threads",
            _ => "fits",
        };
    }

    private static string Pages(long size) => size switch
    {
        PageSize.Small => "the smallest pages",
        PageSize.Large => "large pages",
        PageSize.Any => "pages of one size",
        _ => $"pages of {size} KiB",
    };
}
