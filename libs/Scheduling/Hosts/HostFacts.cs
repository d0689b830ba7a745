using Kilonova.Crds;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Hosts;

/// <summary>Everything that the scheduler knows of one host. Always the whole: applying it replaces what was known.</summary>
public sealed record HostFacts
{
    /// <summary>A host whose agent has not renewed its Lease for this long is down: three missed renewals.</summary>
    public static readonly TimeSpan HeartbeatExpiry = TimeSpan.FromSeconds(60);

    /// <summary>Name of the Hypervisor.</summary>
    public required string Name { get; init; }

    /// <summary>What the host may promise.</summary>
    public required EffectiveInventory Inventory { get; init; }

    /// <summary>What it has promised: the entries of its ledger.</summary>
    public IReadOnlyList<Allocation> Allocations { get; init; } = [];

    /// <summary>Whether its agent is heard of, as the caller judges from the Lease, and it is not forced down.</summary>
    public bool Up { get; init; } = true;

    /// <summary>Whether the admin wants no new guests here.</summary>
    public bool Disabled { get; init; }

    /// <summary>The admin's reason.</summary>
    public string? DisabledReason { get; init; }

    /// <summary>Why the host is held back for a reason of ours, for instance that it has yet to answer after a restore; null when it is not.</summary>
    public string? Blocked { get; init; }

    /// <summary>Traits of the host.</summary>
    public IReadOnlyList<string> Traits { get; init; } = [];

    /// <summary>Aggregates that it is a member of, each once, in order of their names.</summary>
    public IReadOnlyList<AggregateFacts> Aggregates { get; init; } = [];

    /// <summary>Availability zones; none means the default zone.</summary>
    public IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Multipliers of weighers that its aggregates override, by metadata key (<c>ram_weight_multiplier</c>, …).</summary>
    public IReadOnlyDictionary<string, double>? WeightMultipliers { get; init; }

    /// <summary>GiB that can really be had after what thin disks may still grow to; null when not known (Nova: <c>disk_available_least</c>).</summary>
    public long? DiskAvailableLeastGiB { get; init; }

    /// <summary>What kind of host it is.</summary>
    public HostCapabilities Capabilities { get; init; } = HostCapabilities.Unknown;

    /// <summary>What goes on on it.</summary>
    public HostActivity Activity { get; init; } = HostActivity.None;

    /// <summary>NUMA cells and devices with what guests have of them, where they are known otherwise than from <see cref="Inventory"/> and <see cref="Allocations"/>.</summary>
    public HostTopology? Topology { get; init; }

    /// <summary>Gathers the facts of a host from its objects.</summary>
    /// <param name="hypervisor">The host's Hypervisor.</param>
    /// <param name="provider">Its ResourceProvider; null when there is none yet, and then the host is held back.</param>
    /// <param name="aggregates">Aggregates that it is a member of (<see cref="AggregateMetadata.Includes"/>).</param>
    /// <param name="up">Whether its Lease is fresh. A host that is forced down is down whatever this says.</param>
    /// <param name="blocked">Why it is held back; null when it is not.</param>
    /// <param name="activity">What goes on on it; nothing when absent.</param>
    /// <param name="capabilities">What kind of host it is, when that was read before (<see cref="HostCapabilities.Of"/>); read now when absent.</param>
    /// <returns>The facts.</returns>
    public static HostFacts Of(
        Hypervisor hypervisor, ResourceProvider? provider, IReadOnlyList<Aggregate> aggregates, bool up, string? blocked = null,
        HostActivity? activity = null, HostCapabilities? capabilities = null)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(aggregates);
        var inventory = EffectiveInventory.Of(provider?.Spec, hypervisor.Spec, aggregates);
        return new HostFacts
        {
            Name = hypervisor.Metadata.Name ?? throw new ArgumentException("A Hypervisor has a name.", nameof(hypervisor)),
            Inventory = inventory,
            Allocations = provider?.Status?.Allocations ?? [],
            Up = up && hypervisor.Spec.ForcedDown != true,
            Disabled = hypervisor.Spec.Disabled == true,
            DisabledReason = hypervisor.Spec.DisabledReason,
            Blocked = blocked ?? (hypervisor.Metadata.DeletionTimestamp is not null ? "it is being deleted" : provider is null ? "its agent has reported no inventory yet" : null),
            Traits = inventory.Traits,
            Aggregates = FactsOf(aggregates),
            Zones = AggregateMetadata.Zones(aggregates),
            WeightMultipliers = AggregateMetadata.Multipliers(aggregates),
            Capabilities = capabilities ?? HostCapabilities.Of(hypervisor),
            Activity = activity ?? HostActivity.None,
        };
    }

    private static AggregateFacts[] FactsOf(IReadOnlyList<Aggregate> aggregates)
    {
        if (aggregates.Count == 0) return [];
        var facts = new AggregateFacts[aggregates.Count];
        for (var i = 0; i < facts.Length; i++) facts[i] = AggregateFacts.Of(aggregates[i]);
        Array.Sort(facts, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return facts;
    }
}
