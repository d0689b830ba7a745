using System.Numerics;

namespace Kilonova.Scheduling.Numa;

/// <summary>
/// One search for the first arrangement of cells. Where devices or networks make it matter which cells are chosen together, what the used cells leave to be had
/// decides, not their order: so a set of used cells that failed is not looked at again, of cells that are alike one is tried, and a set is given up as soon as
/// the cells that can still be chosen hold too little.
/// </summary>
internal readonly ref struct CellSearch
{
    private readonly HostTopology host;
    private readonly NumaWishes wishes;
    private readonly ReadOnlySpan<int> order;
    private readonly ReadOnlySpan<ulong> fitting;
    private readonly int[] chosen;
    private readonly HashSet<ulong>? failed;
    private readonly List<Demand> demands = [];

    /// <param name="host">The host.</param>
    /// <param name="wishes">The guest.</param>
    /// <param name="order">Indexes of the host's cells in the order in which they are tried.</param>
    /// <param name="fitting">For each cell of the guest the places in that order which it fits.</param>
    /// <param name="chosen">Takes for each cell of the guest the index of a cell of the host.</param>
    public CellSearch(HostTopology host, NumaWishes wishes, ReadOnlySpan<int> order, ReadOnlySpan<ulong> fitting, int[] chosen)
    {
        this.host = host;
        this.wishes = wishes;
        this.order = order;
        this.fitting = fitting;
        this.chosen = chosen;
        if (!wishes.ChoosesTogether) return;
        failed = [];
        AddNetworks();
        AddDevices();
    }

    /// <summary>Arranges the guest's cells from one on.</summary>
    /// <param name="guest">The first that is not arranged.</param>
    /// <param name="used">Places in the order that are used.</param>
    /// <returns>False when no arrangement fits.</returns>
    public bool From(int guest, ulong used)
    {
        if (guest == chosen.Length) return Together();
        if (!CanBeHad(guest, used)) return false;
        for (var open = fitting[guest] & ~used; open != 0; open &= open - 1)
        {
            var at = BitOperations.TrailingZeroCount(open);
            var after = used | (1UL << at);
            if (failed?.Contains(after) == true || HasFailedAlike(guest, used, at) || !NumaFit.CanMatch(fitting, guest + 1, after)) continue;
            chosen[guest] = order[at];
            if (From(guest + 1, after)) return true;
            failed?.Add(after);
        }

        return false;
    }

    /// <summary>Whether a cell before this one, unused and alike in all that matters, was tried here and failed.</summary>
    private bool HasFailedAlike(int guest, ulong used, int at)
    {
        if (failed is null) return false;
        for (var earlier = 0; earlier < at; earlier++)
            if ((used >> earlier & 1) == 0 && (fitting[guest] >> earlier & 1) != 0 && Interchangeable(earlier, at)) return true;
        return false;
    }

    private bool Interchangeable(int left, int right)
    {
        foreach (var cells in fitting)
            if ((cells >> left & 1) != (cells >> right & 1)) return false;
        var (one, other) = (host.Cells[order[left]], host.Cells[order[right]]);
        return one.Socket == other.Socket && one.Tunnels == other.Tunnels && one.PhysicalNetworks.IsEmpty && other.PhysicalNetworks.IsEmpty
            && (host.Pci is null || (host.Pci.FreeIn(one.Id) == 0 && host.Pci.FreeIn(other.Id) == 0));
    }

    /// <summary>Whether the cells that can still be chosen could hold what is wanted beyond the used ones: each demand alone, and all together.</summary>
    private bool CanBeHad(int guest, ulong used)
    {
        if (demands.Count == 0) return true;
        ulong open = 0;
        for (var i = guest; i < fitting.Length; i++) open |= fitting[i] & ~used;
        var cells = chosen.Length - guest;
        Span<long> all = stackalloc long[order.Length];
        Span<long> alone = stackalloc long[order.Length];
        all.Clear();
        var lacking = 0L;
        foreach (var demand in demands)
        {
            var rest = (long)demand.Wanted;
            for (var set = used; set != 0; set &= set - 1) rest -= demand.In[BitOperations.TrailingZeroCount(set)];
            if (rest <= 0) continue;
            lacking += rest;
            alone.Clear();
            for (var set = open; set != 0; set &= set - 1)
            {
                var at = BitOperations.TrailingZeroCount(set);
                alone[at] = Math.Min(demand.In[at], rest);
                all[at] += alone[at];
            }

            if (Largest(alone, cells) < rest) return false;
        }

        return lacking == 0 || Largest(all, cells) >= lacking;
    }

    private static long Largest(Span<long> amounts, int count)
    {
        amounts.Sort();
        var sum = 0L;
        for (var i = Math.Max(0, amounts.Length - count); i < amounts.Length; i++) sum += amounts[i];
        return sum;
    }

    /// <summary>One chosen cell must be near each network that any cell is near to.</summary>
    private void AddNetworks()
    {
        foreach (var network in wishes.Networks.Physical)
        {
            var near = new int[order.Length];
            for (var at = 0; at < near.Length; at++) near[at] = host.Cells[order[at]].PhysicalNetworks.Contains(network) ? 1 : 0;
            if (near.AsSpan().Contains(1)) demands.Add(new Demand(1, near));
        }

        if (!wishes.Networks.Tunnelled) return;
        var tunnels = new int[order.Length];
        for (var at = 0; at < tunnels.Length; at++) tunnels[at] = host.Cells[order[at]].Tunnels ? 1 : 0;
        if (tunnels.AsSpan().Contains(1)) demands.Add(new Demand(1, tunnels));
    }

    /// <summary>Devices that must be in the chosen cells or their sockets. Counted generously: what is given up here can be had nowhere.</summary>
    private void AddDevices()
    {
        if (host.Pci is not { } pools) return;
        foreach (var request in wishes.Devices)
        {
            if (pools.NearOnly(request, host.Cells) is not { } perCell) continue;
            var inCells = new int[order.Length];
            for (var at = 0; at < inCells.Length; at++) inCells[at] = perCell[order[at]];
            demands.Add(new Demand(request.Count, inCells));
        }
    }

    private bool Together()
    {
        if (failed is null) return true;
        Span<int> numbers = stackalloc int[chosen.Length];
        for (var i = 0; i < chosen.Length; i++) numbers[i] = host.Cells[chosen[i]].Id;
        return NumaFit.SupportsDevices(host, wishes.Devices, numbers) && NearNetworks(host, wishes.Networks, chosen);
    }

    /// <summary>Whether networks that any cell of the host is near to are near to a chosen one.</summary>
    private static bool NearNetworks(HostTopology host, NumaNetworks networks, ReadOnlySpan<int> chosen)
    {
        foreach (var network in networks.Physical)
        {
            var (somewhere, here) = (false, false);
            for (var i = 0; i < host.Cells.Length; i++)
            {
                if (!host.Cells[i].PhysicalNetworks.Contains(network)) continue;
                somewhere = true;
                here |= chosen.Contains(i);
            }

            if (somewhere && !here) return false;
        }

        if (!networks.Tunnelled) return true;
        var (tunnels, near) = (false, false);
        for (var i = 0; i < host.Cells.Length; i++)
        {
            tunnels |= host.Cells[i].Tunnels;
            near |= host.Cells[i].Tunnels && chosen.Contains(i);
        }

        return near || !tunnels;
    }

    /// <summary>Something that chosen cells must hold.</summary>
    /// <param name="Wanted">How much in all.</param>
    /// <param name="In">How much each cell holds, by place in the order.</param>
    private readonly record struct Demand(int Wanted, int[] In);
}
