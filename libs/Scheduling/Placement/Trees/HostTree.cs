using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// A host as a tree of providers: itself, by the empty name, and what its agent reports below it. What a guest has of a provider below the host is in the host's own
/// ledger, under <c>PROVIDER/CLASS</c>: one host is one object, and is claimed at once.
/// </summary>
internal static class HostTree
{
    /// <summary>Name of the host in its own tree.</summary>
    public const string Root = "";

    /// <summary>Key of an amount in the ledger.</summary>
    public static string Key(string provider, string resourceClass) => provider.Length == 0 ? resourceClass : $"{provider}/{resourceClass}";

    /// <summary>Resource class of a key in the ledger.</summary>
    public static string ClassOf(string key) => key[(key.LastIndexOf('/') + 1)..];

    /// <summary>Providers below a host, with nothing promised. Classes of which there is nothing are left out.</summary>
    public static ImmutableArray<Provider> Below(ResourceProviderSpec facts) => facts.Children is not { Count: > 0 } children ? [] :
        [.. children.DistinctBy(c => c.Name).Select(c => new Provider
        {
            Name = c.Name,
            Parent = c.Parent ?? Root,
            Traits = [.. c.Traits ?? []],
            Inventories = [.. (c.Inventories ?? []).Where(i => i.Total > 0).DistinctBy(i => i.ResourceClass).Select(i => new Inventory(
                i.ResourceClass, i.Total, 0, Math.Max(i.MinUnit ?? 1, 1), i.MaxUnit ?? i.Total, Math.Max(i.StepSize ?? 1, 1), 1.0))],
        })];

    /// <summary>The same providers, with what a ledger says is promised.</summary>
    public static ImmutableArray<Provider> WithUse(ImmutableArray<Provider> below, IReadOnlyList<Allocation> allocations) =>
        below.IsEmpty ? below : [.. below.Select(p => p with { Used = p.Inventories.ToDictionary(i => i.ResourceClass, i => Ledger.Used(allocations, Key(p.Name, i.ResourceClass)), StringComparer.Ordinal) })];

    /// <summary>The tree of a host from its ledger.</summary>
    public static ProviderForest Of(EffectiveInventory inventory, IReadOnlyList<Allocation> allocations) => new(
        WithUse(inventory.Children, allocations).Prepend(new Provider
        {
            Name = Root,
            Traits = [.. inventory.Traits],
            Inventories = inventory.Inventories,
            Used = inventory.Inventories.ToDictionary(i => i.ResourceClass, i => Ledger.Used(allocations, i.ResourceClass), StringComparer.Ordinal),
        }));

    /// <summary>The tree of a host from the snapshot, with those classes of the host itself that a request asks for.</summary>
    public static ProviderForest Of(in SnapshotView hosts, int row, SchedulingRequest request)
    {
        var inventories = ImmutableArray.CreateBuilder<Inventory>();
        var used = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var resourceClass in request.Resources.Concat(request.Groups.SelectMany(g => g.Resources)).Select(r => r.ResourceClass).Distinct())
        {
            if (!hosts.TryResource(resourceClass, out var column) || column.MaxUnit[row] <= 0) continue;
            inventories.Add(new Inventory(
                resourceClass, column.Total[row], column.Reserved[row], column.MinUnit[row], column.MaxUnit[row], column.StepSize[row], column.AllocationRatio[row]));
            used[resourceClass] = column.Used[row];
        }

        return new ProviderForest(hosts.Children(row).Prepend(new Provider { Name = Root, Traits = [.. hosts.TraitsOf(row)], Inventories = inventories.ToImmutable(), Used = used }));
    }

    /// <summary>What a request asks of a host's tree.</summary>
    public static CandidateQuery Query(SchedulingRequest request)
    {
        var any = new RequestGroup
        {
            Suffix = CandidateQuery.Unsuffixed,
            Resources = request.Resources,
            RequiredTraits = [.. request.RequiredTraits.Select(t => ImmutableArray.Create(t))],
            ForbiddenTraits = request.ForbiddenTraits,
        };
        return new CandidateQuery
        {
            Groups = request.Resources.IsEmpty ? request.Groups : request.Groups.Insert(0, any),
            Isolate = request.GroupPolicy == "isolate",
        };
    }

    /// <summary>A candidate as amounts in the ledger.</summary>
    public static Dictionary<string, long> Amounts(AllocationCandidate candidate)
    {
        var amounts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (provider, classes) in candidate.Amounts)
            foreach (var (resourceClass, amount) in classes) amounts[Key(provider, resourceClass)] = amount;
        return amounts;
    }

    /// <summary>What a request asks in all, by resource class.</summary>
    public static Dictionary<string, long> Totals(SchedulingRequest request)
    {
        var totals = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (resourceClass, amount) in request.Resources.Concat(request.Groups.SelectMany(g => g.Resources)))
            totals[resourceClass] = totals.GetValueOrDefault(resourceClass) + amount;
        return totals;
    }
}
