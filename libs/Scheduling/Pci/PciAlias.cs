using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;

namespace Kilonova.Scheduling.Pci;

/// <summary>A name by which flavors ask for devices (Nova: <c>pci.alias</c>).</summary>
/// <param name="Name">Name.</param>
/// <param name="Matches">What devices must be; one of these is enough.</param>
/// <param name="Policy">How near they must be where flavor and image do not say; <see cref="PciNumaPolicy.Legacy"/> when null.</param>
public sealed record PciAlias(string Name, ImmutableArray<PciMatch> Matches, PciNumaPolicy? Policy = null)
{
    private const string Key = "pci_passthrough:alias";

    /// <summary>What a flavor asks for with <c>pci_passthrough:alias</c>, a list of <c>NAME:COUNT</c> (spec: PCI-03).</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <param name="aliases">Names that are known.</param>
    /// <returns>The requests, in order; or the error.</returns>
    public static Checked<ImmutableArray<PciRequest>> Requests(FlavorSpec flavor, ImageSpec? image, IReadOnlyList<PciAlias> aliases)
    {
        ArgumentNullException.ThrowIfNull(aliases);
        var policy = PciConstraints.Policy(flavor, image);
        if (policy.Error is { } error) return error;
        if (new GuestProperties(flavor, image).Flavor(Key) is not { } text) return ImmutableArray<PciRequest>.Empty;
        var requests = ImmutableArray.CreateBuilder<PciRequest>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !GuestProperties.TryWhole(part[(colon + 1)..], out var count) || count is < 1 or > int.MaxValue)
                return new RequestError("PciInvalidAlias", $"Invalid PCI alias definition: '{part}' is not of the form NAME:COUNT");
            var name = part[..colon].Trim();
            if (aliases.FirstOrDefault(a => a.Name == name) is not { } alias) return new RequestError("PciRequestAliasNotDefined", $"PCI alias {name} is not defined");
            requests.Add(new PciRequest((int)count, alias.Matches, policy.Value ?? alias.Policy ?? PciNumaPolicy.Legacy, name));
        }

        return requests.ToImmutable();
    }
}
