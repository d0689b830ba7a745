using System.Collections.Immutable;

namespace Kilonova.Scheduling.Placement;

/// <summary>A provider of resources: a host, a part of one (a NUMA cell, a network card, a GPU), or a pool that hosts share.</summary>
public sealed record Provider
{
    /// <summary>Trait of providers whose resources the trees of their aggregates may use.</summary>
    public const string SharesTrait = "MISC_SHARES_VIA_AGGREGATE";

    /// <summary>Name, unique in its forest.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the provider above it; null for a root.</summary>
    public string? Parent { get; init; }

    /// <summary>What it may promise.</summary>
    public ImmutableArray<Inventory> Inventories { get; init; } = [];

    /// <summary>What it has promised, by resource class; what is not named is 0.</summary>
    public IReadOnlyDictionary<string, long> Used { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Its traits.</summary>
    public ImmutableArray<string> Traits { get; init; } = [];

    /// <summary>Aggregates that it is in itself.</summary>
    public ImmutableArray<string> Aggregates { get; init; } = [];

    /// <summary>Whether it shares.</summary>
    public bool Shares => Traits.Contains(SharesTrait);

    /// <summary>Looks up a class.</summary>
    /// <param name="resourceClass">Name of the class.</param>
    /// <param name="inventory">What it may promise of it.</param>
    /// <param name="used">What it has promised of it.</param>
    /// <returns>False when it offers none.</returns>
    public bool TryGet(string resourceClass, out Inventory inventory, out long used)
    {
        used = Used.TryGetValue(resourceClass, out var amount) ? amount : 0;
        foreach (var candidate in Inventories)
        {
            if (candidate.ResourceClass != resourceClass) continue;
            inventory = candidate;
            return true;
        }

        inventory = default;
        return false;
    }

    /// <summary>Whether it could promise an amount, were it asked for nothing else.</summary>
    internal bool Fits(ResourceAmount wanted) =>
        TryGet(wanted.ResourceClass, out var inventory, out var used) && inventory.Check(wanted.Amount, used) == Shortage.None;
}
