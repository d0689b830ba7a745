using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>
/// Placement's resource provider of one host (same name as the Hypervisor): raw facts by the agent in the specification, the ledger of what is promised
/// there by the operator in the status.
/// </summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "ResourceProvider", "resourceproviders", Scope.Cluster)]
[Resource("agent of the host", "operator", ShortNames = ["rp"], Selectable = [".spec.hostID"])]
[Column("Host-ID", ".spec.hostID")]
[Column("Over-Allocated", ".status.conditions[?(@.type==\"OverAllocated\")].status")]
public sealed record ResourceProvider : KubernetesObject<ResourceProviderSpec, ResourceProviderStatus>;

/// <summary>What is there, before ratios and reservations.</summary>
public sealed record ResourceProviderSpec : WireObject
{
    /// <summary>Identity of the host; see <see cref="HypervisorStatus.HostID"/>.</summary>
    [Text(64, MinLength = 1)]
    public required string HostID { get; init; }

    /// <summary>What there is of each resource class.</summary>
    [Items(64, Keys = ["resourceClass"])]
    public IReadOnlyList<InventoryFact>? Inventories { get; init; }

    /// <summary>Traits that the agent found.</summary>
    [Trait]
    [Items(1024, Unique = true)]
    public IReadOnlyList<string>? Traits { get; init; }
}

/// <summary>How much there is of a resource class.</summary>
public sealed record InventoryFact : WireObject
{
    /// <summary>Resource class, for instance <c>VCPU</c>, <c>MEMORY_MB</c> (MiB), <c>DISK_GB</c> (GiB).</summary>
    [ResourceClass]
    public required string ResourceClass { get; init; }

    /// <summary>Total.</summary>
    [Range(0, 1e15)]
    public long Total { get; init; }

    /// <summary>Largest amount for one guest; the total when absent.</summary>
    [Range(1, 1e15)]
    public long? MaxUnit { get; init; }

    /// <summary>Smallest amount for one guest; 1 when absent.</summary>
    [Range(1, 1e15)]
    public long? MinUnit { get; init; }

    /// <summary>Amounts are multiples of this; 1 when absent.</summary>
    [Range(1, 1e15)]
    public long? StepSize { get; init; }
}

/// <summary>What is promised on a host. Written only by guarded update.</summary>
public sealed record ResourceProviderStatus : WireObject
{
    /// <summary>Who was promised what.</summary>
    [Items(4096)]
    public IReadOnlyList<Allocation>? Allocations { get; init; }

    /// <summary>Conditions: <c>OverAllocated</c>.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>One promise. Names are short: a host holds hundreds in one object.</summary>
public sealed record Allocation : WireObject
{
    /// <summary>Instance ID.</summary>
    [Text(36, MinLength = 1)]
    public required string Id { get; init; }

    /// <summary>Placement number.</summary>
    public long Epoch { get; init; }

    /// <summary>Random mark of this very claim.</summary>
    [Text(64, MinLength = 1)]
    public required string ClaimID { get; init; }

    /// <summary>Who holds it: <c>Server/namespace/name</c> or <c>Migration/namespace/name</c>.</summary>
    [Text(330, MinLength = 1)]
    public required string Holder { get; init; }

    /// <summary>Amount per resource class.</summary>
    [Range(0, 1e15)]
    [Entries(32, 0)]
    public required IReadOnlyDictionary<string, long> Resources { get; init; }

    /// <summary>Host CPUs that are pinned, as a CPU list in the order of the guest's CPUs' sorted set.</summary>
    [Text(4096)]
    public string? Cpus { get; init; }
}
