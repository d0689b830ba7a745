using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// Decides what is written into a host's ledger. Pure: the caller reads the provider, writes the answer guarded by the version that it read, and asks
/// again after a conflict. Nothing is promised above capacity, since this looks at the very list that is replaced.
/// </summary>
public static class Ledger
{
    /// <summary>Step named in refusals that are not about a resource.</summary>
    public const string Name = "Ledger";

    /// <summary>Claims room for an instance, with its CPUs, memory pages and devices where it asks for any.</summary>
    /// <param name="provider">The provider as just read.</param>
    /// <param name="inventory">What the host may promise, computed from that same provider.</param>
    /// <param name="request">What the instance needs.</param>
    /// <param name="identity">Who claims.</param>
    /// <returns>The list to write, the entry that is there already, or a refusal with numbers.</returns>
    public static ClaimResult Claim(ResourceProvider provider, EffectiveInventory inventory, SchedulingRequest request, ClaimIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(identity);
        var held = provider.Status?.Allocations ?? [];
        foreach (var entry in held)
        {
            if (entry.Id != identity.InstanceID) continue;
            return Reusable(entry, request, identity)
                ? new ClaimResult.AlreadyHeld(entry)
                : new ClaimResult.Refused(Name, $"holds an entry of the instance with number {entry.Epoch} for {entry.Holder}");
        }

        var added = Entry(request, identity);
        if (!request.Groups.IsEmpty || IsServedByTree(inventory, request))
        {
            if (AllocationCandidates.Find(HostTree.Of(inventory, held), HostTree.Query(request)).FirstOrDefault() is not { } candidate)
                return new ClaimResult.Refused(ProviderFit.FilterName, "its providers cannot give what is asked for");
            added = added with { Resources = HostTree.Amounts(candidate) };
        }
        else if (Shortfall(inventory, held, request) is { } refused)
        {
            return refused;
        }

        if (!request.Numa.Any) return new ClaimResult.Claimed(added, Canonical(held.Append(added)));
        if (inventory.Numa is null) return new ClaimResult.Refused(NumaTopologyFilter.FilterName, "the host reports no NUMA cells and no PCI devices");
        var host = NumaLayout.Of(inventory.Numa).With(held);
        if (NumaFit.Place(host, request.Numa) is not { } placement)
        {
            return request.Numa.Topology is null
                ? new ClaimResult.Refused(PciPassthroughFilter.FilterName, "not enough of the PCI devices wanted are free")
                : new ClaimResult.Refused(NumaTopologyFilter.FilterName, NumaReason.Of(host, request.Numa));
        }

        added = NumaEntry.Write(added, placement);
        return new ClaimResult.Claimed(added, Canonical(held.Append(added)));
    }

    private static bool IsServedByTree(EffectiveInventory inventory, SchedulingRequest request)
    {
        foreach (var child in inventory.Children)
            foreach (var resource in request.Resources)
                if (child.TryGet(resource.ResourceClass, out _, out _)) return true;
        return false;
    }

    private static ClaimResult.Refused? Shortfall(EffectiveInventory inventory, IReadOnlyList<Allocation> held, SchedulingRequest request)
    {
        foreach (var (resourceClass, amount) in request.Resources)
        {
            var used = Used(held, resourceClass);
            inventory.TryGet(resourceClass, out var offered);
            var shortage = offered.Check(amount, used);
            if (shortage != Shortage.None)
            {
                return new ClaimResult.Refused(resourceClass, Fit.Describe(
                    resourceClass, shortage, amount, offered.Capacity - used, offered.Capacity, offered.MinUnit, offered.MaxUnit, offered.StepSize));
            }
        }

        return null;
    }

    /// <summary>
    /// The entry that a claim would most likely write, for a snapshot that is to count it before it is written. Without pins where the host has no room: the claim
    /// will be refused.
    /// </summary>
    /// <param name="host">Cells and devices of the host as the snapshot has them; null where it reports none.</param>
    /// <param name="request">What the instance needs.</param>
    /// <param name="identity">Who claims.</param>
    /// <param name="facts">The host as the snapshot has it, for what is taken of providers below it; not asked for where it has none.</param>
    /// <returns>The entry.</returns>
    public static Allocation Expect(HostTopology? host, SchedulingRequest request, ClaimIdentity identity, HostFacts? facts = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(identity);
        var entry = Entry(request, identity);
        if (facts is not null && (!request.Groups.IsEmpty || IsServedByTree(facts.Inventory, request))
            && AllocationCandidates.Find(HostTree.Of(facts.Inventory, facts.Allocations), HostTree.Query(request)).FirstOrDefault() is { } candidate)
            entry = entry with { Resources = HostTree.Amounts(candidate) };
        return host is not null && request.Numa.Any && NumaFit.Place(host, request.Numa) is { } placement ? NumaEntry.Write(entry, placement) : entry;
    }

    private static Allocation Entry(SchedulingRequest request, ClaimIdentity identity) => new()
    {
        Id = identity.InstanceID,
        Epoch = identity.Epoch,
        ClaimID = identity.ClaimID,
        Holder = identity.Holder,
        Resources = request.Resources.ToDictionary(r => r.ResourceClass, r => r.Amount, StringComparer.Ordinal),
    };

    /// <summary>Takes an entry out.</summary>
    /// <param name="provider">The provider as just read.</param>
    /// <param name="instanceID">Instance ID.</param>
    /// <param name="epoch">Placement number of the entry.</param>
    /// <returns>The list to write, or null when there is no such entry.</returns>
    public static IReadOnlyList<Allocation>? Release(ResourceProvider provider, string instanceID, long epoch)
    {
        ArgumentNullException.ThrowIfNull(provider);
        var held = provider.Status?.Allocations ?? [];
        var kept = held.Where(a => a.Id != instanceID || a.Epoch != epoch).ToList();
        return kept.Count == held.Count ? null : Canonical(kept);
    }

    /// <summary>Sums what is promised of a class.</summary>
    /// <param name="allocations">Entries of a ledger.</param>
    /// <param name="resourceClass">Name of the class.</param>
    /// <returns>The sum; amounts below 0 count as 0, and the sum stops at the largest number.</returns>
    public static long Used(IReadOnlyList<Allocation> allocations, string resourceClass)
    {
        ArgumentNullException.ThrowIfNull(allocations);
        var used = 0L;
        foreach (var entry in allocations)
            if (entry.Resources.TryGetValue(resourceClass, out var amount)) used = Add(used, amount);
        return used;
    }

    /// <summary>Classes of which more is promised than the host may promise: facts shrank, or a ratio was lowered. Nobody is moved; nothing more is promised. CPUs, pages and devices too.</summary>
    /// <param name="allocations">Entries of the ledger.</param>
    /// <param name="inventory">What the host may promise.</param>
    /// <returns>A line for each such class; empty when all is well.</returns>
    public static IReadOnlyList<string> OverAllocated(IReadOnlyList<Allocation> allocations, EffectiveInventory inventory)
    {
        ArgumentNullException.ThrowIfNull(allocations);
        ArgumentNullException.ThrowIfNull(inventory);
        var classes = new SortedSet<string>(Comparer<string>.Create(ResourceClass.Compare));
        foreach (var entry in allocations) classes.UnionWith(entry.Resources.Keys);
        var lines = new List<string>();
        foreach (var resourceClass in classes)
        {
            var used = Used(allocations, resourceClass);
            var capacity = Capacity(inventory, resourceClass);
            if (used > capacity) lines.Add($"{resourceClass}: {used} promised, capacity {ResourceClass.Format(resourceClass, capacity)}");
        }

        if (inventory.Numa is { } numa && allocations.Any(a => a.Cells is not null || a.Cpus is not null || a.Devices is not null)) lines.AddRange(NumaAudit.Findings(numa, allocations));
        return lines;
    }

    private static long Capacity(EffectiveInventory inventory, string key)
    {
        var resourceClass = HostTree.ClassOf(key);
        var child = inventory.Children.FirstOrDefault(c => key == HostTree.Key(c.Name, resourceClass));
        var found = child is null ? inventory.TryGet(key, out var offered) : child.TryGet(resourceClass, out offered, out _);
        return found ? offered.Capacity : 0;
    }

    /// <summary>Adds an amount of a ledger entry: never below 0, never past the largest number.</summary>
    internal static long Add(long used, long amount)
    {
        if (amount <= 0) return used;
        return amount > long.MaxValue - used ? long.MaxValue : used + amount;
    }

    /// <summary>An entry is used again only for the same number, the same kind of holder (protocol: R2) and the same amounts, cells and devices.</summary>
    private static bool Reusable(Allocation entry, SchedulingRequest request, ClaimIdentity identity) =>
        entry.Epoch == identity.Epoch
        && Kind(entry.Holder).SequenceEqual(Kind(identity.Holder))
        && IsFor(entry, request)
        && NumaEntry.Read(entry, request.Numa.Topology) is { } placement && placement.Devices.Length == request.Numa.Devices.Sum(d => d.Count);

    /// <summary>Whichever providers below the host give them.</summary>
    private static bool IsFor(Allocation entry, SchedulingRequest request)
    {
        var totals = HostTree.Totals(request);
        foreach (var (key, amount) in entry.Resources)
        {
            var resourceClass = HostTree.ClassOf(key);
            totals[resourceClass] = totals.GetValueOrDefault(resourceClass) - amount;
        }

        return totals.Values.All(rest => rest == 0);
    }

    private static ReadOnlySpan<char> Kind(string holder)
    {
        var slash = holder.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? holder : holder.AsSpan(0, slash);
    }

    private static List<Allocation> Canonical(IEnumerable<Allocation> entries) =>
        [.. entries.OrderBy(a => a.Id, StringComparer.Ordinal).ThenBy(a => a.Epoch)];
}
