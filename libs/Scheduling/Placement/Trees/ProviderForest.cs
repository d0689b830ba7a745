using System.Collections.Immutable;

namespace Kilonova.Scheduling.Placement;

/// <summary>Trees of providers, and which trees may use which shared providers.</summary>
public sealed class ProviderForest
{
    private readonly Dictionary<string, Provider> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> rootOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Provider>> trees = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> anchorsOf = new(StringComparer.Ordinal);

    /// <summary>Creates a forest.</summary>
    /// <param name="providers">Providers; a parent that is not among them makes its child a root.</param>
    /// <exception cref="ArgumentException">A name is there twice, or providers are above each other in a circle.</exception>
    public ProviderForest(IEnumerable<Provider> providers)
    {
        ArgumentNullException.ThrowIfNull(providers);
        foreach (var provider in providers)
            if (!byName.TryAdd(provider.Name, provider)) throw new ArgumentException($"There are two providers {provider.Name}.", nameof(providers));
        foreach (var provider in byName.Values)
        {
            var root = FindRoot(provider);
            rootOf[provider.Name] = root;
            if (!trees.TryGetValue(root, out var tree)) trees[root] = tree = [];
            tree.Add(provider);
        }

        foreach (var provider in byName.Values)
            if (provider.Shares) anchorsOf[provider.Name] = [.. byName.Values.Where(p => p.Aggregates.Intersect(provider.Aggregates).Any()).Select(p => rootOf[p.Name])];
    }

    /// <summary>Roots, in the order in which they came.</summary>
    public IEnumerable<string> Roots => trees.Keys;

    /// <summary>Providers that share, with the roots of the trees that may use them; a provider in no aggregate is used by nobody but its own tree.</summary>
    internal IEnumerable<KeyValuePair<string, HashSet<string>>> Sharing => anchorsOf;

    /// <summary>Finds a provider.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null when there is none.</returns>
    public Provider? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>Root of the tree of a provider.</summary>
    /// <param name="name">Name of the provider.</param>
    /// <returns>Name of the root.</returns>
    public string RootOf(string name) => rootOf[name];

    /// <summary>Providers of a tree.</summary>
    /// <param name="root">Name of the root.</param>
    /// <returns>The root and all below it.</returns>
    public IReadOnlyList<Provider> Tree(string root) => trees[root];

    /// <summary>Whether all of some providers are at or below one of them.</summary>
    internal bool AreInOneSubtree(IReadOnlyCollection<string> names) => names.Count <= 1 || names.Any(top => names.All(n => IsAtOrBelow(n, top)));

    private bool IsAtOrBelow(string name, string top)
    {
        for (var provider = Find(name); provider is not null; provider = provider.Parent is { } parent ? Find(parent) : null)
            if (provider.Name == top) return true;
        return false;
    }

    private string FindRoot(Provider provider)
    {
        var steps = 0;
        while (provider.Parent is { } parent && byName.TryGetValue(parent, out var above))
        {
            if (++steps > byName.Count) throw new ArgumentException($"{provider.Name} is above itself.");
            provider = above;
        }

        return provider.Name;
    }
}
