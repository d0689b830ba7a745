using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling;

/// <summary>What a server's wishes refer to, looked up by the caller: its hints name Servers and a ServerGroup, and the scheduler knows instances.</summary>
public sealed record RequestContext
{
    /// <summary>Instance IDs of the servers that <c>schedulerHints.sameHost</c> names. A name that is no server's must be refused by the caller, or no host is found.</summary>
    public ImmutableArray<string> SameHostAs { get; init; } = [];

    /// <summary>Instance IDs of the servers that <c>schedulerHints.differentHost</c> names.</summary>
    public ImmutableArray<string> DifferentHostFrom { get; init; } = [];

    /// <summary>The group that <c>schedulerHints.group</c> names.</summary>
    public ServerGroupFacts? Group { get; init; }

    /// <summary>CPU and machine type that the guest first booted with.</summary>
    public RecordedCpu? Recorded { get; init; }

    /// <summary>Names by which flavors ask for PCI devices.</summary>
    public ImmutableArray<PciAlias> PciAliases { get; init; } = [];

    /// <summary>PCI devices for its interfaces, besides those that the flavor asks for.</summary>
    public ImmutableArray<PciRequest> Devices { get; init; } = [];

    /// <summary>Networks to whose cards the guest must be near.</summary>
    public NumaNetworks Networks { get; init; } = NumaNetworks.None;

    /// <summary>Cell that the server is in, for a move.</summary>
    public string? PreferredCell { get; init; }
}

/// <summary>CPU and machine type that a guest first booted with: a host that cannot give them cannot take it.</summary>
/// <param name="Model">Named CPU model; null when it was the host's very CPU or is not known.</param>
/// <param name="Features">Features that the guest sees.</param>
/// <param name="MachineType">Machine type, for instance <c>pc-q35-7.2</c>.</param>
public sealed record RecordedCpu(string? Model, ImmutableArray<string> Features, string? MachineType);
