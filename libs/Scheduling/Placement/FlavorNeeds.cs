using System.Collections.Immutable;
using System.Globalization;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// What flavor and image ask of providers, by Nova's rules (spec: S7, flavor to resources; FLV-07 to FLV-09). <c>resources:CLASS</c> replaces the amount of a class, 0 takes it
/// out; <c>trait:NAME</c> is <c>required</c> or <c>forbidden</c>, in the image too; <c>resourcesN:CLASS</c> and <c>traitN:NAME</c> make a group N that comes from one provider.
/// </summary>
public sealed record FlavorNeeds
{
    /// <summary>Amounts of no group, in canonical order, each positive.</summary>
    public ImmutableArray<ResourceAmount> Resources { get; private init; } = [];

    /// <summary>Traits that the host must have.</summary>
    public ImmutableArray<string> RequiredTraits { get; private init; } = [];

    /// <summary>Traits that the host must not have.</summary>
    public ImmutableArray<string> ForbiddenTraits { get; private init; } = [];

    /// <summary>Groups, in order of their suffixes.</summary>
    public ImmutableArray<RequestGroup> Groups { get; private init; } = [];

    /// <summary>Whether groups may share a provider: <c>none</c> or <c>isolate</c>.</summary>
    public string? GroupPolicy { get; private init; }

    /// <summary>NUMA topology of the guest; null when it needs none.</summary>
    public GuestTopology? Topology { get; private init; }

    /// <summary>What is wrong, so that no host can ever do; null when nothing is.</summary>
    public string? Invalid { get; private init; }

    /// <summary>Reads flavor and image.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>What they ask.</returns>
    public static FlavorNeeds Of(FlavorSpec flavor, ImageSpec? image)
    {
        ArgumentNullException.ThrowIfNull(flavor);
        if (flavor.ExtraSpecs is not { Count: > 0 } && image?.Properties is not { Count: > 0 })
            return new FlavorNeeds { Resources = SchedulingRequest.Canonical(Basic(flavor, image)) };

        var topology = TopologyConstraints.Of(flavor, image);
        var reader = new Reader(topology.Value, topology.Error?.Message);
        foreach (var (resourceClass, amount) in Basic(flavor, image)) reader.Amounts("")[resourceClass] = amount;
        reader.TakeGuest(flavor, image);
        foreach (var (key, value) in (flavor.ExtraSpecs ?? Nothing).OrderBy(e => e.Key, StringComparer.Ordinal)) reader.Take(key, value, inFlavor: true);
        foreach (var (key, value) in (image?.Properties ?? Nothing).OrderBy(e => e.Key, StringComparer.Ordinal)) reader.Take(key, value, inFlavor: false);
        return reader.Result();
    }

    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>VCPU, MEMORY_MB, and DISK_GB = root + ephemeral + swap rounded up to GiB. A root disk of 0 is counted with the least size that the image states.</summary>
    private static ResourceAmount[] Basic(FlavorSpec flavor, ImageSpec? image)
    {
        var root = flavor.RootGiB > 0 ? flavor.RootGiB : image?.MinDiskGiB ?? 0;
        var disk = Math.Max(root, 0) + Math.Max(flavor.EphemeralGiB ?? 0, 0) + ((Math.Max(flavor.SwapMiB ?? 0, 0) + 1023) / 1024);
        return [new(ResourceClass.Vcpu, flavor.Vcpus), new(ResourceClass.MemoryMb, flavor.MemoryMiB), new(ResourceClass.DiskGb, disk)];
    }

    private sealed class Reader(GuestTopology? topology, string? wrong)
    {
        private readonly SortedDictionary<string, Dictionary<string, long>> amounts = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, (SortedSet<string> Required, SortedSet<string> Forbidden)> traits = new(StringComparer.Ordinal);
        private string? policy;
        private string? invalid = wrong;

        public Dictionary<string, long> Amounts(string suffix) => amounts.TryGetValue(suffix, out var known) ? known : amounts[suffix] = new(StringComparer.Ordinal);

        public void Take(string key, string value, bool inFlavor)
        {
            if (inFlavor && key == "group_policy")
            {
                if (value is "none" or "isolate") policy = value;
                else invalid ??= $"group_policy: must be none or isolate, is {value}";
                return;
            }

            var colon = key.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0) return;
            var name = key[(colon + 1)..];
            if (inFlavor && Suffix(key.AsSpan(0, colon), "resources") is { } group) TakeAmount(key, group, name, value);
            else if (Suffix(key.AsSpan(0, colon), "trait") is { } traitGroup && (inFlavor || traitGroup.Length == 0)) TakeTrait(key, traitGroup, name, value);
        }

        public FlavorNeeds Result()
        {
            var (required, forbidden) = traits.TryGetValue("", out var found) ? found : ([], []);
            var suffixes = amounts.Keys.Union(traits.Keys).Where(s => s.Length > 0).Order(StringComparer.Ordinal).ToList();
            if (suffixes.Count > 1 && policy is null) invalid ??= $"group_policy: is required with more than one group of resources ({string.Join(", ", suffixes)})";
            if (required.Overlaps(forbidden)) invalid ??= $"trait:{required.Intersect(forbidden).First()}: is both required and forbidden";
            return new FlavorNeeds
            {
                Resources = SchedulingRequest.Canonical(Amounts("").Select(a => new ResourceAmount(a.Key, a.Value))),
                RequiredTraits = [.. required],
                ForbiddenTraits = [.. forbidden],
                Groups = [.. suffixes.Select(GroupOf)],
                GroupPolicy = policy,
                Topology = topology,
                Invalid = invalid,
            };
        }

        private RequestGroup GroupOf(string suffix)
        {
            var (required, forbidden) = traits.TryGetValue(suffix, out var found) ? found : ([], []);
            return new RequestGroup
            {
                Suffix = suffix,
                Resources = SchedulingRequest.Canonical(Amounts(suffix).Select(a => new ResourceAmount(a.Key, a.Value))),
                RequiredTraits = [.. required.Select(t => ImmutableArray.Create(t))],
                ForbiddenTraits = [.. forbidden],
            };
        }

        private void TakeAmount(string key, string group, string resourceClass, string value)
        {
            if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var amount)) Amounts(group)[resourceClass] = amount;
            else invalid ??= $"{key}: must be a whole number, is {value}";
        }

        private void TakeTrait(string key, string group, string trait, string value)
        {
            if (!traits.TryGetValue(group, out var sets)) traits[group] = sets = (new(StringComparer.Ordinal), new(StringComparer.Ordinal));
            if (value == "required") sets.Required.Add(trait);
            else if (value == "forbidden") sets.Forbidden.Add(trait);
            else invalid ??= $"{key}: must be required or forbidden, is {value}";
        }

        /// <summary>What the guest's hardware asks of the host.</summary>
        public void TakeGuest(FlavorSpec flavor, ImageSpec? image)
        {
            var guest = GuestNeeds.Of(flavor, image);
            foreach (var (resourceClass, amount) in guest.Resources) Amounts("")[resourceClass] = amount;
            foreach (var trait in guest.RequiredTraits) TakeTrait("", "", trait, "required");
            foreach (var trait in guest.ForbiddenTraits) TakeTrait("", "", trait, "forbidden");
            invalid ??= guest.Invalid;
        }

        private static string? Suffix(ReadOnlySpan<char> key, string prefix)
        {
            if (!key.StartsWith(prefix, StringComparison.Ordinal) || key.Length - prefix.Length > 64) return null;
            foreach (var c in key[prefix.Length..])
                if (!char.IsAsciiLetterOrDigit(c) && c is not '_' and not '-') return null;
            return key[prefix.Length..].ToString();
        }
    }
}
