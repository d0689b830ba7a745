using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Conformance;

/// <summary>A query string of placement's own API as our query; or why it is none. The grammar is placement's (microversion 1.39); what it means is <see cref="AllocationCandidates"/>.</summary>
internal sealed partial class PlacementQuery
{
    private static readonly string[] StandardClasses =
    [
        "VCPU", "MEMORY_MB", "DISK_GB", "PCI_DEVICE", "SRIOV_NET_VF", "NUMA_SOCKET", "NUMA_CORE", "NUMA_THREAD", "NUMA_MEMORY_MB", "IPV4_ADDRESS", "VGPU", "VGPU_DISPLAY_HEAD",
        "NET_BW_EGR_KILOBIT_PER_SEC", "NET_BW_IGR_KILOBIT_PER_SEC", "PCPU", "MEM_ENCRYPTION_CONTEXT", "FPGA", "PGPU", "NET_PACKET_RATE_KILOPACKET_PER_SEC",
        "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC", "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC",
    ];

    private readonly SortedDictionary<string, Group> groups = new(StringComparer.Ordinal);
    private readonly List<string> order = [];

    private PlacementQuery()
    {
    }

    /// <summary>The query; null when it is refused.</summary>
    public CandidateQuery? Query { get; private set; }

    /// <summary>Most candidates that are wanted; no limit when null.</summary>
    public int? Limit { get; private set; }

    /// <summary>Why it is refused.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Whether what is wrong is only found where candidates are looked for: not if there can be none for another reason.</summary>
    public bool RefusedLate { get; private set; }

    /// <summary>Reads a query.</summary>
    public static PlacementQuery Parse(string text, IReadOnlySet<string> customClasses, IReadOnlySet<string> traits)
    {
        var query = new PlacementQuery();
        try
        {
            query.Read([.. text.Split('&').Select(p => p.Split('=', 2)).Select(p => (p[0], Uri.UnescapeDataString(p.Length > 1 ? p[1].Replace('+', ' ') : "")))], customClasses, traits);
        }
        catch (FormatException e)
        {
            query.Refusal = e.Message;
            query.Query = null;
        }

        return query;
    }

    private void Read(List<(string Key, string Value)> parameters, IReadOnlySet<string> customClasses, IReadOnlySet<string> traits)
    {
        var rootRequired = ImmutableArray<string>.Empty;
        var rootForbidden = ImmutableArray<string>.Empty;
        var sameSubtree = new List<ImmutableArray<string>>();
        string? policy = null;
        // Where a parameter may come only once, the schema sees the last and the meaning is the first's.
        foreach (var last in parameters.GroupBy(p => p.Key).Select(g => g.Last())) CheckSchema(last.Key, last.Value);
        foreach (var (key, value) in parameters)
        {
            switch (key)
            {
                case "limit":
                    Limit ??= int.Parse(value, null);
                    break;
                case "group_policy":
                    policy ??= value;
                    break;
                case "root_required":
                    var (required, forbidden) = TraitsOf(value, allowAny: false);
                    (rootRequired, rootForbidden) = ([.. required.Select(r => r[0])], [.. forbidden]);
                    break;
                case "same_subtree":
                    sameSubtree.Add([.. value.Split(',').Select(s => s.Trim()).Distinct()]);
                    break;
                default:
                    ReadGroup(GroupKey().Match(key), value);
                    break;
            }
        }

        CheckGroups(sameSubtree, policy, rootRequired, rootForbidden);
        Query = new CandidateQuery
        {
            Groups = [.. order.Select(s => groups[s].Build(s))],
            Isolate = policy == "isolate",
            RootRequired = rootRequired,
            RootForbidden = rootForbidden,
            SameSubtree = [.. sameSubtree],
        };
        CheckNames(customClasses, traits);
    }

    private static void CheckSchema(string key, string value)
    {
        if (key == "limit" && !PositiveNumber().IsMatch(value)) throw new FormatException($"limit: {value}");
        if (key == "group_policy" && value is not ("none" or "isolate")) throw new FormatException($"group_policy: {value}");
        if (key is not ("limit" or "group_policy" or "root_required" or "same_subtree") && !GroupKey().IsMatch(key)) throw new FormatException($"{key}: unknown");
    }

    private void ReadGroup(Match key, string value)
    {
        var suffix = key.Groups["suffix"].Value;
        if (!groups.TryGetValue(suffix, out var group))
        {
            groups[suffix] = group = new Group();
            order.Add(suffix);
        }

        switch (key.Groups["kind"].Value)
        {
            case "resources":
                group.Resources = [.. value.Split(',').Select(Amount).GroupBy(a => a.ResourceClass).Select(g => g.Last())];
                break;
            case "required":
                var (required, forbidden) = TraitsOf(value, allowAny: true);
                group.Required.AddRange(required);
                group.Forbidden.UnionWith(forbidden);
                break;
            case "member_of":
                group.AddMembership(value);
                break;
            default:
                group.InTree = Uuid(value.Trim());
                break;
        }
    }

    private void CheckGroups(List<ImmutableArray<string>> sameSubtree, string? policy, ImmutableArray<string> rootRequired, ImmutableArray<string> rootForbidden)
    {
        if (groups.Values.All(g => g.Resources.IsEmpty)) throw new FormatException("no resources");
        var inSubtree = sameSubtree.SelectMany(s => s).ToHashSet();
        if (inSubtree.Contains("")) throw new FormatException("same_subtree: the unsuffixed group");
        if (groups.FirstOrDefault(g => g.Value.Resources.IsEmpty && !inSubtree.Contains(g.Key)) is { Key: { } lonely }) throw new FormatException($"{lonely}: no resources");
        if (inSubtree.FirstOrDefault(s => !groups.ContainsKey(s)) is { } unknown) throw new FormatException($"same_subtree: {unknown}");
        if (groups.Values.Any(g => g.Required.Any(oneOf => oneOf.All(g.Forbidden.Contains)))) throw new FormatException("required and forbidden");
        if (rootRequired.Intersect(rootForbidden).Any()) throw new FormatException("root_required: required and forbidden");
        if (policy is null && groups.Keys.Count(s => s.Length > 0) > 1) throw new FormatException("group_policy is required");
    }

    private void CheckNames(IReadOnlySet<string> customClasses, IReadOnlySet<string> traits)
    {
        RefusedLate = true;
        foreach (var group in Query!.Groups)
            if (group.Resources.FirstOrDefault(r => !StandardClasses.Contains(r.ResourceClass) && !customClasses.Contains(r.ResourceClass)) is { ResourceClass: { } unknown })
                throw new FormatException($"No such resource class {unknown}");
        var named = Query.Groups.SelectMany(g => g.RequiredTraits.SelectMany(t => t).Concat(g.ForbiddenTraits)).Concat(Query.RootRequired).Concat(Query.RootForbidden);
        if (named.FirstOrDefault(t => !traits.Contains(t) && !StandardTrait().IsMatch(t)) is { } trait) throw new FormatException($"No such trait(s): {trait}");
        RefusedLate = false;
    }

    private static (List<ImmutableArray<string>> Required, List<string> Forbidden) TraitsOf(string value, bool allowAny)
    {
        if (value.StartsWith("in:", StringComparison.Ordinal))
        {
            ImmutableArray<string> oneOf = [.. value[3..].Split(',').Select(t => t.Trim()).Distinct()];
            if (!allowAny || oneOf.Any(t => t.Length == 0 || t[0] == '!')) throw new FormatException($"required: {value}");
            return ([oneOf], []);
        }

        var all = value.Split(',').Select(t => t.Trim()).ToList();
        List<string> forbidden = [.. all.Where(t => t.StartsWith('!')).Select(t => t.TrimStart('!'))];
        if (all.Concat(forbidden).Any(t => t.Length == 0)) throw new FormatException($"required: {value}");
        return ([.. all.Where(t => !t.StartsWith('!')).Select(t => ImmutableArray.Create(t))], forbidden);
    }

    private static ResourceAmount Amount(string text)
    {
        if (text.Split(':') is not [var resourceClass, var number] || !long.TryParse(number.Trim(), out var amount)) throw new FormatException($"resources: {text}");
        return amount >= 1 ? new ResourceAmount(resourceClass, amount) : throw new FormatException($"{resourceClass} requires amount >= 1");
    }

    private static string Uuid(string text) => Guid.TryParse(text, out _) ? text : throw new FormatException($"{text} is no UUID");

    [GeneratedRegex("^(?<kind>resources|required|member_of|in_tree)(?<suffix>[a-zA-Z0-9_-]{1,64})?$")]
    private static partial Regex GroupKey();

    [GeneratedRegex("^[1-9][0-9]*$")]
    private static partial Regex PositiveNumber();

    /// <summary>Name spaces of the standard traits; those of one's own must have been made.</summary>
    [GeneratedRegex("^(COMPUTE|HW|MISC|NET|OWNER|STORAGE)_[A-Z0-9_]+$")]
    private static partial Regex StandardTrait();

    private sealed class Group
    {
        private readonly List<ImmutableArray<string>> memberOf = [];
        private readonly SortedSet<string> notMemberOf = new(StringComparer.Ordinal);

        public ImmutableArray<ResourceAmount> Resources { get; set; } = [];

        public List<ImmutableArray<string>> Required { get; } = [];

        public SortedSet<string> Forbidden { get; } = new(StringComparer.Ordinal);

        public string? InTree { get; set; }

        public void AddMembership(string value)
        {
            var forbidden = value.StartsWith('!');
            var rest = forbidden ? value[1..] : value;
            var listed = rest.StartsWith("in:", StringComparison.Ordinal);
            if (rest.Contains(',', StringComparison.Ordinal) && !listed) throw new FormatException($"member_of: {value}");
            ImmutableArray<string> names = [.. (listed ? rest[3..] : rest).Split(',').Select(Uuid).Distinct()];
            if (forbidden) notMemberOf.UnionWith(names);
            else memberOf.Add(names);
        }

        public RequestGroup Build(string suffix) => new()
        {
            Suffix = suffix,
            Resources = Resources,
            RequiredTraits = [.. Required],
            ForbiddenTraits = [.. Forbidden],
            MemberOf = [.. memberOf],
            NotMemberOf = [.. notMemberOf],
            InTree = InTree,
        };
    }
}
