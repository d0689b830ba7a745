using System.Collections.Immutable;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Pci;

/// <summary>The devices of a host that may be passed through: those that the agent found and the admin's specifications name (spec: PCI-01).</summary>
internal sealed class PciLayout
{
    private readonly ImmutableArray<Pool> pools;

    private PciLayout(ImmutableArray<Pool> pools) => this.pools = pools;

    public static PciLayout Of(IReadOnlyList<PciDevice> found, IReadOnlyList<PciDeviceSpec> specs)
    {
        var byKind = new Dictionary<(string Vendor, string Product, PciDeviceType Type, int? Cell, string Tags), (ImmutableArray<KeyValuePair<string, string>> Tags, List<PciFunction> Devices)>();
        foreach (var device in found)
        {
            var spec = specs.FirstOrDefault(s => Names(s, device));
            if (spec is null) continue;
            var tags = Tags(spec, device);
            var key = (device.VendorID, device.ProductID, device.Type, device.NumaNode, string.Join(';', tags));
            if (!byKind.TryGetValue(key, out var pool)) byKind[key] = pool = (tags, []);
            pool.Devices.Add(new PciFunction(device.Address, device.Parent));
        }

        return new PciLayout([.. byKind
            .OrderBy(p => p.Key.Vendor, StringComparer.Ordinal).ThenBy(p => p.Key.Product, StringComparer.Ordinal).ThenBy(p => p.Key.Type)
            .ThenBy(p => p.Key.Cell ?? int.MaxValue).ThenBy(p => p.Key.Tags, StringComparer.Ordinal)
            .Select(p => new Pool(
                new PciPool(p.Key.Vendor, p.Key.Product, TypeName(p.Key.Type), p.Key.Cell, 0) { Tags = p.Value.Tags },
                [.. p.Value.Devices.OrderBy(d => d.Address, StringComparer.Ordinal)]))]);
    }

    /// <summary>
    /// The pools without what guests have; null when nothing may be passed through. A virtual function goes with its physical one, and a physical one with any of its
    /// virtual ones.
    /// </summary>
    public PciPools? Without(IReadOnlySet<string> taken)
    {
        if (pools.IsEmpty) return null;
        var parents = new HashSet<string>(StringComparer.Ordinal);
        if (taken.Count > 0)
        {
            foreach (var device in pools.SelectMany(p => p.Devices))
                if (device.Parent is { } parent && taken.Contains(device.Address)) parents.Add(parent);
        }

        return new PciPools([.. pools.Select(p =>
        {
            var free = taken.Count == 0 ? p.Devices : p.Devices.RemoveAll(d => taken.Contains(d.Address) || parents.Contains(d.Address) || (d.Parent is { } parent && taken.Contains(parent)));
            return p.Kind with { Count = free.Length, Devices = free };
        })]);
    }

    private static bool Names(PciDeviceSpec spec, PciDevice device) =>
        (spec.VendorID is null || string.Equals(spec.VendorID, device.VendorID, StringComparison.OrdinalIgnoreCase))
        && (spec.ProductID is null || string.Equals(spec.ProductID, device.ProductID, StringComparison.OrdinalIgnoreCase))
        && (spec.Address is null || SameAddress(spec.Address, device.Address) || (device.Parent is { } parent && SameAddress(spec.Address, parent)));

    /// <summary>An address in four parts, domain, bus, slot, function, of which any may hold a star.</summary>
    private static bool SameAddress(string pattern, string address)
    {
        char[] separators = [':', '.'];
        var (wanted, parts) = (pattern.Split(separators), address.Split(separators));
        if (wanted.Length != parts.Length) return false;
        for (var i = 0; i < parts.Length; i++)
            if (wanted[i] != "*" && !Matches(wanted[i], parts[i])) return false;
        return true;
    }

    private static bool Matches(string pattern, string part) => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, part);

    private static ImmutableArray<KeyValuePair<string, string>> Tags(PciDeviceSpec spec, PciDevice device)
    {
        var tags = new List<KeyValuePair<string, string>>();
        if ((spec.PhysicalNetwork ?? device.PhysicalNetwork) is { } network) tags.Add(new("physical_network", network));
        if (spec.RemoteManaged == true) tags.Add(new("remote_managed", "true"));
        if (spec.Trusted == true) tags.Add(new("trusted", "true"));
        return [.. tags];
    }

    private static string TypeName(PciDeviceType type) => type switch
    {
        PciDeviceType.PhysicalFunction => PciPool.PhysicalFunction,
        PciDeviceType.VirtualFunction => PciPool.VirtualFunction,
        _ => PciPool.Plain,
    };

    private sealed record Pool(PciPool Kind, ImmutableArray<PciFunction> Devices);
}
