using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;

namespace Kilonova.Crds;

/// <summary>
/// Placement's resource provider of one host (same name as the Hypervisor): raw facts by the agent in the specification, the ledger of what is promised
/// there by the operator in the status.
/// </summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "ResourceProvider", "resourceproviders", Scope.Cluster)]
public sealed record ResourceProvider : KubernetesObject<ResourceProviderSpec, ResourceProviderStatus>;

/// <summary>What is there, before ratios and reservations.</summary>
public sealed record ResourceProviderSpec : WireObject
{
    /// <summary>Identity of the host; see <see cref="HypervisorStatus.HostID"/>.</summary>
    public required string HostID { get; init; }

    /// <summary>What there is of each resource class.</summary>
    public IReadOnlyList<InventoryFact>? Inventories { get; init; }

    /// <summary>Traits that the agent found.</summary>
    public IReadOnlyList<string>? Traits { get; init; }
}

/// <summary>How much there is of a resource class.</summary>
public sealed record InventoryFact : WireObject
{
    /// <summary>Resource class, for instance <c>VCPU</c>, <c>MEMORY_MB</c> (MiB), <c>DISK_GB</c> (GiB).</summary>
    public required string ResourceClass { get; init; }

    /// <summary>Total.</summary>
    public long Total { get; init; }

    /// <summary>Largest amount for one guest; the total when absent.</summary>
    public long? MaxUnit { get; init; }

    /// <summary>Smallest amount for one guest; 1 when absent.</summary>
    public long? MinUnit { get; init; }

    /// <summary>Amounts are multiples of this; 1 when absent.</summary>
    public long? StepSize { get; init; }
}

/// <summary>What is promised on a host. Written only by guarded update.</summary>
public sealed record ResourceProviderStatus : WireObject
{
    /// <summary>Who was promised what.</summary>
    public IReadOnlyList<Allocation>? Allocations { get; init; }

    /// <summary>Conditions: <c>OverAllocated</c>.</summary>
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>One promise. Names are short: a host holds hundreds in one object.</summary>
public sealed record Allocation : WireObject
{
    /// <summary>Instance ID.</summary>
    public required string Id { get; init; }

    /// <summary>Placement number.</summary>
    public long Epoch { get; init; }

    /// <summary>Random mark of this very claim.</summary>
    public required string ClaimID { get; init; }

    /// <summary>Who holds it: <c>Server/namespace/name</c> or <c>Migration/namespace/name</c>.</summary>
    public required string Holder { get; init; }

    /// <summary>Amount per resource class.</summary>
    public required IReadOnlyDictionary<string, long> Resources { get; init; }

    /// <summary>Host CPUs that are pinned, as a CPU list in the order of the guest's CPUs' sorted set.</summary>
    public string? Cpus { get; init; }
}
