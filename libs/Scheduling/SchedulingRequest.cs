using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling;

/// <summary>A host that must not be tried.</summary>
/// <param name="Host">Name of the Hypervisor.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record ExcludedHost(string Host, string Reason);

/// <summary>What a server asks of a host, compiled once from the server, its flavor and its image, and the same for every decision until one of them changes.</summary>
public sealed record SchedulingRequest
{
    /// <summary>Instance ID. Hosts whose ledger holds any entry of it are no candidates.</summary>
    public required string InstanceID { get; init; }

    /// <summary>What is claimed, in canonical order of classes; amounts are positive.</summary>
    public required ImmutableArray<ResourceAmount> Resources { get; init; }

    /// <summary>Availability zone; any when absent.</summary>
    public string? AvailabilityZone { get; init; }

    /// <summary>Hosts that must not be tried.</summary>
    public ImmutableArray<ExcludedHost> ExcludedHosts { get; init; } = [];

    /// <summary>Traits that the host itself must have, whichever of its providers serves the request.</summary>
    public ImmutableArray<string> RootRequiredTraits { get; init; } = [];

    /// <summary>Traits that the host itself must not have.</summary>
    public ImmutableArray<string> RootForbiddenTraits { get; init; } = [];

    /// <summary>Traits that a host must have.</summary>
    public ImmutableArray<string> RequiredTraits { get; init; } = [];

    /// <summary>Traits that a host must not have.</summary>
    public ImmutableArray<string> ForbiddenTraits { get; init; } = [];

    /// <summary>For each of these, a host must be a member of one of its aggregates.</summary>
    public ImmutableArray<ImmutableArray<string>> InAggregates { get; init; } = [];

    /// <summary>Aggregates that a host must not be a member of.</summary>
    public ImmutableArray<string> NotInAggregates { get; init; } = [];

    /// <summary>Groups of resources that each come from one provider of the host's tree, besides <see cref="Resources"/>, which may come from any.</summary>
    public ImmutableArray<RequestGroup> Groups { get; init; } = [];

    /// <summary>Whether groups may come from the same provider: <c>none</c>; or not: <c>isolate</c>.</summary>
    public string? GroupPolicy { get; init; }

    /// <summary>Hosts to be placed on, by name; any when null.</summary>
    public ImmutableArray<string>? OnlyHosts { get; init; }

    /// <summary>Whether filters are passed over, for hosts that an admin forces.</summary>
    public bool SkipFilters { get; init; }

    /// <summary>Whether the server stays where it is and only gets another image: filters that are not about images are passed over.</summary>
    public bool Rebuild { get; init; }

    /// <summary>Whether hosts that hold an entry of this instance are candidates too: for resizes in place and for questions of capacity.</summary>
    public bool MayStay { get; init; }

    /// <summary>Cell that the server is in, for moves that may leave it; null otherwise.</summary>
    public string? PreferredCell { get; init; }

    /// <summary>Project of the server: its namespace.</summary>
    public string? Project { get; init; }

    /// <summary>Name of the flavor.</summary>
    public string? FlavorName { get; init; }

    /// <summary>Image as <c>namespace/name</c>; null when there is none.</summary>
    public string? ImageName { get; init; }

    /// <summary>Instances on whose hosts it is to be; empty for no wish.</summary>
    public ImmutableArray<string> SameHostAs { get; init; } = [];

    /// <summary>Instances on whose hosts it is not to be.</summary>
    public ImmutableArray<string> DifferentHostFrom { get; init; } = [];

    /// <summary>Range of addresses of hosts to be placed on, for instance <c>192.0.2.0/24</c>.</summary>
    public string? HostCidr { get; init; }

    /// <summary>Condition on hosts, in JSON.</summary>
    public string? Query { get; init; }

    /// <summary>Its server group.</summary>
    public ServerGroupFacts? Group { get; init; }

    /// <summary>CPU and machine type that the guest first booted with; null before that.</summary>
    public RecordedCpu? Recorded { get; init; }

    /// <summary>What it asks of a host's NUMA cells and PCI devices.</summary>
    public NumaWishes Numa { get; init; } = NumaWishes.None;

    /// <summary>What is wrong with flavor or image so that no host can ever take it; null when nothing is.</summary>
    public string? Invalid { get; init; }

    /// <summary>Flavor that was asked for.</summary>
    public FlavorSpec? Flavor { get; init; }

    /// <summary>Image that the root disk is made from.</summary>
    public ImageSpec? Image { get; init; }

    /// <summary>
    /// Whether a request of another server asks the very same, so that what is decided for one on a snapshot is decided for the other: but for the hosts where each has an entry. In
    /// doubt it does not.
    /// </summary>
    /// <param name="other">The other request.</param>
    /// <returns>True when it does.</returns>
    public bool AsksTheSameAs(SchedulingRequest other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(Flavor, other.Flavor) && ReferenceEquals(Image, other.Image) && ReferenceEquals(Group, other.Group) && ReferenceEquals(Recorded, other.Recorded)
            && (AvailabilityZone, Project, FlavorName, ImageName) == (other.AvailabilityZone, other.Project, other.FlavorName, other.ImageName)
            && (HostCidr, Query, PreferredCell, GroupPolicy, Invalid) == (other.HostCidr, other.Query, other.PreferredCell, other.GroupPolicy, other.Invalid)
            && (SkipFilters, Rebuild, MayStay) == (other.SkipFilters, other.Rebuild, other.MayStay)
            && Resources.SequenceEqual(other.Resources) && ExcludedHosts.SequenceEqual(other.ExcludedHosts)
            && RootRequiredTraits.SequenceEqual(other.RootRequiredTraits) && RootForbiddenTraits.SequenceEqual(other.RootForbiddenTraits)
            && RequiredTraits.SequenceEqual(other.RequiredTraits) && ForbiddenTraits.SequenceEqual(other.ForbiddenTraits)
            && NotInAggregates.SequenceEqual(other.NotInAggregates) && SameHostAs.SequenceEqual(other.SameHostAs) && DifferentHostFrom.SequenceEqual(other.DifferentHostFrom)
            && (OnlyHosts is { } only ? other.OnlyHosts is { } others && only.SequenceEqual(others) : other.OnlyHosts is null)
            && (InAggregates == other.InAggregates || InAggregates.Length + other.InAggregates.Length == 0)
            && (Groups == other.Groups || Groups.Length + other.Groups.Length == 0)
            && (ReferenceEquals(Numa, other.Numa) || (Equals(Numa.Topology, other.Numa.Topology) && Numa.Devices.Length + other.Numa.Devices.Length == 0 && Equals(Numa.Networks, other.Numa.Networks)));
    }

    /// <summary>Compiles the request of a server.</summary>
    /// <param name="server">The server, with its identity (<c>status.instanceID</c>, else its UID).</param>
    /// <param name="flavor">Its flavor.</param>
    /// <param name="image">Its image; null when it has none.</param>
    /// <param name="excluded">Hosts that must not be tried, besides <c>status.failedHosts</c>.</param>
    /// <param name="context">What the server's wishes refer to.</param>
    /// <returns>The request.</returns>
    public static SchedulingRequest For(Server server, FlavorSpec flavor, ImageSpec? image, IEnumerable<ExcludedHost>? excluded = null, RequestContext? context = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(flavor);
        var failed = (server.Status?.FailedHosts ?? []).Select(f => new ExcludedHost(f.Host, $"failed to build this server ({f.Reason}): {f.Message}"));
        var hints = server.Spec.SchedulerHints;
        var needs = FlavorNeeds.Of(flavor, image);
        var devices = PciAlias.Requests(flavor, image, context?.PciAliases ?? []);
        return new SchedulingRequest
        {
            InstanceID = server.Status?.InstanceID ?? server.Metadata.Uid ?? throw new ArgumentException("A server has a UID.", nameof(server)),
            Resources = needs.Resources,
            RequiredTraits = needs.RequiredTraits,
            ForbiddenTraits = needs.ForbiddenTraits,
            Groups = needs.Groups,
            GroupPolicy = needs.GroupPolicy,
            Invalid = needs.Invalid ?? devices.Error?.Message ?? GuestHardware.CheckCpuTopology(flavor, image)?.Message,
            Numa = new NumaWishes(needs.Topology, [.. devices.Value.IsDefault ? [] : devices.Value, .. context?.Devices ?? []], context?.Networks ?? NumaNetworks.None),
            AvailabilityZone = server.Spec.AvailabilityZone,
            ExcludedHosts = [.. failed.Concat(excluded ?? []).DistinctBy(e => e.Host)],
            Project = server.Metadata.Namespace,
            FlavorName = server.Spec.Flavor,
            ImageName = server.Spec.Image is { } reference ? $"{reference.Namespace ?? server.Metadata.Namespace}/{reference.Name}" : null,
            HostCidr = hints?.HostCidr,
            Query = hints?.Query,
            OnlyHosts = hints?.RequestedHost is { } requested ? [requested] : null,
            SameHostAs = context?.SameHostAs ?? [],
            DifferentHostFrom = context?.DifferentHostFrom ?? [],
            Group = context?.Group,
            Recorded = context?.Recorded,
            PreferredCell = context?.PreferredCell,
            Flavor = flavor,
            Image = image,
        };
    }

    /// <summary>What a flavor claims of hosts, groups apart (<see cref="FlavorNeeds"/>).</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>Amounts in canonical order; what is 0 is left out.</returns>
    public static ImmutableArray<ResourceAmount> ResourcesOf(FlavorSpec flavor, ImageSpec? image) => FlavorNeeds.Of(flavor, image).Resources;

    /// <summary>Brings amounts into canonical order and leaves out what is not positive.</summary>
    /// <param name="amounts">Amounts, each class once.</param>
    /// <returns>The same, in canonical order.</returns>
    public static ImmutableArray<ResourceAmount> Canonical(IEnumerable<ResourceAmount> amounts) =>
        [.. amounts.Where(a => a.Amount > 0).OrderBy(a => a.ResourceClass, Comparer<string>.Create(ResourceClass.Compare))];
}
