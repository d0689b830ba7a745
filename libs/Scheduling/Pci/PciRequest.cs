using System.Collections.Immutable;

namespace Kilonova.Scheduling.Pci;

/// <summary>How near a device must be to the guest's NUMA cells (<c>hw:pci_numa_affinity_policy</c>; spec: PCI-06).</summary>
public enum PciNumaPolicy
{
    /// <summary>In a cell of the guest, or in none that is known.</summary>
    Legacy,

    /// <summary>In a cell of the guest.</summary>
    Required,

    /// <summary>In a socket of the guest.</summary>
    Socket,

    /// <summary>As near as can be had.</summary>
    Preferred,
}

/// <summary>What a device must be: every property, compared without regard to case.</summary>
/// <param name="Properties"><c>vendor_id</c>, <c>product_id</c>, <c>dev_type</c> (<c>type-PCI</c>, <c>type-PF</c>, <c>type-VF</c>), and tags such as <c>physical_network</c>.</param>
public sealed record PciMatch(ImmutableArray<KeyValuePair<string, string>> Properties)
{
    internal string? this[string key]
    {
        get
        {
            foreach (var (name, value) in Properties)
                if (name == key) return value;
            return null;
        }
    }
}

/// <summary>Devices that a guest asks for.</summary>
/// <param name="Count">How many; positive.</param>
/// <param name="Matches">What they must be; one of these is enough.</param>
/// <param name="Policy">How near they must be.</param>
/// <param name="Alias">Alias that the flavor names, for messages.</param>
public sealed record PciRequest(int Count, ImmutableArray<PciMatch> Matches, PciNumaPolicy Policy = PciNumaPolicy.Legacy, string? Alias = null)
{
    internal bool Wants(string property, string value)
    {
        foreach (var match in Matches)
            if (string.Equals(match[property], value, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
