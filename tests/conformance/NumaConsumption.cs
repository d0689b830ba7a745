using System.Collections.Immutable;
using Kilonova.Scheduling.Numa;

namespace Kilonova.Conformance;

/// <summary>
/// What Nova's scheduler takes of a host's cells and devices between two instances of a request, mishaps included: what fails is half taken, and the request goes on
/// with the topology as it was fitted, or with none where it did not fit. Our operator decides each Server by itself and has nothing of this.
/// </summary>
/// <param name="Host">The host afterwards.</param>
/// <param name="Next">What the next instance asks.</param>
/// <param name="Completed">Whether it went through; what comes after it in Nova is left out otherwise.</param>
/// <param name="FailedOnPages">Whether a cell without page counts was in the way.</param>
internal sealed record NumaConsumption(HostTopology Host, NumaWishes Next, bool Completed, bool FailedOnPages)
{
    public static NumaConsumption Of(HostTopology host, NumaWishes wishes, bool limited)
    {
        NumaPlacement? placement = null;
        if (wishes.Topology is not null && !host.Cells.IsEmpty)
        {
            placement = NumaFit.Place(limited ? host : host with { Limits = null }, wishes);
            wishes = wishes with { Topology = placement is null ? null : Fitted(placement) };
            if (placement?.Cells.Any(c => host.Cells.First(h => h.Id == c.HostCell).Pages.IsEmpty) == true) return new(host, wishes, false, true);
            if (placement is not null) host = NumaUsage.Add(host, NumaUsage.Of(placement));
        }

        if (wishes.Devices.IsEmpty || host.Pci is not { } pools) return new(host, wishes, true, false);
        var left = pools.Without(wishes.Devices, host.Cells, [.. placement?.Cells.Select(c => c.HostCell) ?? []]);
        return new(left is null ? host : host with { Pci = left }, wishes, left is not null, false);
    }

    /// <summary>The topology with the numbers of the host's cells, and the size of pages that was found.</summary>
    private static GuestTopology Fitted(NumaPlacement placement)
    {
        var guest = placement.Guest!;
        ImmutableArray<GuestCell> cells = [.. placement.Cells.Select(c => c.Guest with { Id = c.HostCell })];
        return new GuestTopology(cells, guest.CpuPolicy, guest.ThreadPolicy, placement.Cells[0].PageSizeKiB, guest.EmulatorThreads);
    }
}
