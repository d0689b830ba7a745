using System.Collections.Immutable;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// Finds every way to serve a query (spec: placement, allocation candidates). For each tree each group is served by one of its choices, and the sum must fit: what is
/// asked of one provider by several groups is added up, against its capacity and its largest unit. Goes through choices in depth and gives up a branch as soon as a
/// provider is full, so the first candidate of a tree comes without the others being looked at.
/// </summary>
public static class AllocationCandidates
{
    /// <summary>Finds candidates.</summary>
    /// <param name="forest">The providers.</param>
    /// <param name="query">What is asked.</param>
    /// <returns>Candidates, tree by tree, each once, as they are found.</returns>
    public static IEnumerable<AllocationCandidate> Find(ProviderForest forest, CandidateQuery query)
    {
        ArgumentNullException.ThrowIfNull(forest);
        ArgumentNullException.ThrowIfNull(query);
        if (query.Groups.Any(g => g.InTree is { } tree && forest.Find(tree) is null)) yield break;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var root in forest.Roots)
        {
            if (!IsEligible(forest, query, root)) continue;
            var search = new Search(forest, query, root);
            foreach (var _ in search.Run())
                if (search.Result() is var candidate && seen.Add(KeyOf(candidate))) yield return candidate;
        }
    }

    /// <summary>Whether there is any candidate.</summary>
    /// <param name="forest">The providers.</param>
    /// <param name="query">What is asked.</param>
    /// <returns>False when nothing can serve it.</returns>
    public static bool Exist(ProviderForest forest, CandidateQuery query)
    {
        ArgumentNullException.ThrowIfNull(forest);
        ArgumentNullException.ThrowIfNull(query);
        if (query.Groups.Any(g => g.InTree is { } tree && forest.Find(tree) is null)) return false;
        foreach (var root in forest.Roots)
            if (IsEligible(forest, query, root) && new Search(forest, query, root).Run().Any()) return true;
        return false;
    }

    private static bool IsEligible(ProviderForest forest, CandidateQuery query, string root)
    {
        if (query.RootRequired.IsEmpty && query.RootForbidden.IsEmpty) return true;
        var traits = forest.Find(root)!.Traits;
        return !query.RootRequired.Except(traits).Any() && !query.RootForbidden.Intersect(traits).Any();
    }

    /// <summary>The same providers can be had for several trees: that is one candidate.</summary>
    private static string KeyOf(AllocationCandidate candidate) =>
        string.Join('|', candidate.Amounts.Select(a => $"{a.Key}={string.Join(',', a.Value.Select(v => $"{v.Key}:{v.Value}"))}"))
        + "#" + string.Join('|', candidate.Mappings.Select(m => $"{m.Key}={string.Join(',', m.Value)}"));

    /// <summary>The search in one tree, with the shared providers that it may use.</summary>
    private sealed class Search(ProviderForest forest, CandidateQuery query, string root)
    {
        private readonly Dictionary<(string Provider, string ResourceClass), long> taken = [];
        private readonly Dictionary<string, SortedSet<string>> served = new(StringComparer.Ordinal);

        /// <summary>Stops at each way that is found; <see cref="Result"/> then tells it.</summary>
        public IEnumerable<bool> Run()
        {
            // Groups with few choices first would be faster; their order is the query's, so that candidates come in an order that can be foretold.
            var choices = query.Groups.Select(g => g.Suffix == CandidateQuery.Unsuffixed ? [] : SingleProviders(g)).ToList();
            for (var i = 0; i < choices.Count; i++)
                if (query.Groups[i].Suffix != CandidateQuery.Unsuffixed && choices[i].Count == 0) return [];
            return Serve(0, choices);
        }

        private IEnumerable<bool> Serve(int index, List<List<Provider>> choices)
        {
            if (index == query.Groups.Length)
            {
                if (KeepsPolicies()) yield return true;
                yield break;
            }

            var group = query.Groups[index];
            if (group.Suffix == CandidateQuery.Unsuffixed)
            {
                foreach (var _ in Spread(group, 0, []))
                    foreach (var found in Serve(index + 1, choices)) yield return found;
                yield break;
            }

            foreach (var provider in choices[index])
            {
                if (Take(provider, group.Resources))
                {
                    served[group.Suffix] = [provider.Name];
                    foreach (var found in Serve(index + 1, choices)) yield return found;
                }

                GiveBack(provider, group.Resources);
            }
        }

        /// <summary>Serves the classes of the unsuffixed group one after the other, each from any provider that can. Their traits are needed of all of them together.</summary>
        private IEnumerable<bool> Spread(RequestGroup group, int index, List<Provider> used)
        {
            if (index == group.Resources.Length)
            {
                if (used.Exists(p => group.ForbiddenTraits.Intersect(p.Traits).Any())) yield break;
                if (group.RequiredTraits.Any(oneOf => !used.Exists(p => oneOf.Intersect(p.Traits).Any()))) yield break;
                served[group.Suffix] = [.. used.Select(p => p.Name)];
                yield return true;
                yield break;
            }

            ImmutableArray<ResourceAmount> wanted = [group.Resources[index]];
            foreach (var provider in Providers(group, wanted[0]))
            {
                if (Take(provider, wanted))
                {
                    used.Add(provider);
                    foreach (var found in Spread(group, index + 1, used)) yield return found;
                    used.RemoveAt(used.Count - 1);
                }

                GiveBack(provider, wanted);
            }
        }

        /// <summary>Providers for one class of the unsuffixed group: those of the tree, and shared ones. Membership of the root counts for the whole tree.</summary>
        private IEnumerable<Provider> Providers(RequestGroup group, ResourceAmount wanted)
        {
            if (group.InTree is { } tree && forest.RootOf(tree) != root) yield break;
            foreach (var provider in forest.Tree(root))
                if (provider.Fits(wanted) && IsMember(group, provider)) yield return provider;
            if (group.InTree is not null) yield break;
            foreach (var (name, anchors) in forest.Sharing)
            {
                if (!anchors.Contains(root) || forest.RootOf(name) == root) continue;
                var provider = forest.Find(name)!;
                // A shared provider must be in the aggregates itself: that the tree is in them is not enough.
                if (provider.Fits(wanted) && Matches(group.MemberOf, provider.Aggregates) && IsMember(group, provider)) yield return provider;
            }
        }

        private bool IsMember(RequestGroup group, Provider provider)
        {
            var ofRoot = forest.Find(root)!.Aggregates;
            // Each of the two alone must be in all of them.
            return (Matches(group.MemberOf, provider.Aggregates) || Matches(group.MemberOf, ofRoot))
                && !group.NotMemberOf.Intersect(provider.Aggregates).Any() && !group.NotMemberOf.Intersect(ofRoot).Any();
        }

        /// <summary>Providers that can serve a whole group alone: everything is asked of the very provider.</summary>
        private List<Provider> SingleProviders(RequestGroup group)
        {
            var within = group.InTree is { } tree ? forest.RootOf(tree) : null;
            return [.. forest.Tree(root).Concat(forest.Sharing.Where(s => s.Value.Contains(root) && forest.RootOf(s.Key) != root).Select(s => forest.Find(s.Key)!))
                .Where(p => within is null || forest.RootOf(p.Name) == within)
                .Where(p => group.Resources.All(p.Fits)
                    && group.RequiredTraits.All(oneOf => oneOf.Intersect(p.Traits).Any())
                    && !group.ForbiddenTraits.Intersect(p.Traits).Any()
                    && Matches(group.MemberOf, p.Aggregates)
                    && !group.NotMemberOf.Intersect(p.Aggregates).Any()
                    && (!group.Resources.IsEmpty || !group.RequiredTraits.IsEmpty || !group.MemberOf.IsEmpty))];
        }

        private static bool Matches(ImmutableArray<ImmutableArray<string>> wanted, ImmutableArray<string> aggregates) => wanted.All(oneOf => oneOf.Intersect(aggregates).Any());

        private bool Take(Provider provider, ImmutableArray<ResourceAmount> wanted)
        {
            var fits = true;
            foreach (var (resourceClass, amount) in wanted)
            {
                var sum = taken[(provider.Name, resourceClass)] = taken.GetValueOrDefault((provider.Name, resourceClass)) + amount;
                provider.TryGet(resourceClass, out var inventory, out var used);
                fits &= used + sum <= inventory.Capacity && sum <= inventory.MaxUnit;
            }

            return fits;
        }

        private void GiveBack(Provider provider, ImmutableArray<ResourceAmount> wanted)
        {
            foreach (var (resourceClass, amount) in wanted)
            {
                var key = (provider.Name, resourceClass);
                if ((taken[key] -= amount) == 0) taken.Remove(key);
            }
        }

        private bool KeepsPolicies()
        {
            if (query.Isolate)
            {
                var alone = served.Where(s => s.Key != CandidateQuery.Unsuffixed).Select(s => s.Value.Min!).ToList();
                if (alone.Distinct().Count() != alone.Count) return false;
            }

            foreach (var set in query.SameSubtree)
                if (!forest.AreInOneSubtree([.. set.Where(served.ContainsKey).SelectMany(s => served[s]).Distinct()])) return false;
            return true;
        }

        public AllocationCandidate Result() => new(
            root,
            taken.GroupBy(t => t.Key.Provider).ToImmutableSortedDictionary(g => g.Key, g => g.ToImmutableSortedDictionary(t => t.Key.ResourceClass, t => t.Value, StringComparer.Ordinal), StringComparer.Ordinal),
            served.ToImmutableSortedDictionary(s => s.Key, s => s.Value.ToImmutableSortedSet(StringComparer.Ordinal), StringComparer.Ordinal));
    }
}
