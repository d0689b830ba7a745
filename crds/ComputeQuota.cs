using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>What a project may use. The one named <c>default</c> counts; what it does not limit is not limited.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "ComputeQuota", "computequotas")]
[Resource("admin", "operator", ShortNames = ["cq"])]
[NotImplemented]
[Rule("self.metadata.name == 'default'", "metadata.name must be default: a project has one quota")]
[Column("Servers", ".spec.servers", Type = "integer")]
[Column("Used-Servers", ".status.used.servers", Type = "integer")]
[Column("Cores", ".spec.cores", Type = "integer")]
[Column("Used-Cores", ".status.used.cores", Type = "integer")]
[Column("Memory-MiB", ".spec.memoryMiB", Type = "integer")]
[Column("Used-Memory-MiB", ".status.used.memoryMiB", Type = "integer")]
public sealed record ComputeQuota : KubernetesObject<ComputeQuotaSpec, ComputeQuotaStatus>;

/// <summary>Limits of a project; none where absent.</summary>
public sealed record ComputeQuotaSpec : WireObject
{
    /// <summary>Servers.</summary>
    [Range(0, 2147483647)]
    public long? Servers { get; init; }

    /// <summary>Virtual CPUs, shared and dedicated together.</summary>
    [Range(0, 2147483647)]
    public long? Cores { get; init; }

    /// <summary>Memory, in MiB.</summary>
    [Range(0, 1e15)]
    public long? MemoryMiB { get; init; }

    /// <summary>KeyPairs.</summary>
    [Range(0, 2147483647)]
    public long? KeyPairs { get; init; }

    /// <summary>ServerGroups.</summary>
    [Range(0, 2147483647)]
    public long? ServerGroups { get; init; }

    /// <summary>Members of each ServerGroup.</summary>
    [Range(0, 2147483647)]
    public long? ServerGroupMembers { get; init; }

    /// <summary>Entries of each server's metadata.</summary>
    [Range(0, 128)]
    public long? MetadataItems { get; init; }

    /// <summary>Amounts of further resource classes, for instance <c>VGPU</c> or <c>CUSTOM_LICENCE</c>.</summary>
    [Range(0, 1e15)]
    [Entries(64, 255, KeyPattern = "^[A-Z0-9_]+$", KeysMust = "resource classes: capitals, digits and '_'")]
    public IReadOnlyDictionary<string, long>? Resources { get; init; }
}

/// <summary>What a project uses. Written only by guarded update.</summary>
public sealed record ComputeQuotaStatus : WireObject
{
    /// <summary>Generation that this speaks of; -1 before the operator has seen the quota.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Used, with what is pending.</summary>
    public QuotaUsage? Used { get; init; }

    /// <summary>Claims that count already, though their server is not bound yet.</summary>
    [Items(1024)]
    public IReadOnlyList<QuotaClaim>? Pending { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>Amounts that count towards a quota.</summary>
public sealed record QuotaUsage : WireObject
{
    /// <summary>Servers.</summary>
    public long? Servers { get; init; }

    /// <summary>Virtual CPUs.</summary>
    public long? Cores { get; init; }

    /// <summary>Memory, in MiB.</summary>
    public long? MemoryMiB { get; init; }

    /// <summary>KeyPairs.</summary>
    public long? KeyPairs { get; init; }

    /// <summary>ServerGroups.</summary>
    public long? ServerGroups { get; init; }

    /// <summary>Amounts of further resource classes.</summary>
    [Range(0, 1e15)]
    [Entries(64, 0)]
    public IReadOnlyDictionary<string, long>? Resources { get; init; }
}

/// <summary>A claim on a quota.</summary>
public sealed record QuotaClaim : WireObject
{
    /// <summary>Instance ID.</summary>
    [Text(36, MinLength = 1)]
    public required string InstanceID { get; init; }

    /// <summary>Placement number.</summary>
    [Range(1, 1e15)]
    public long Epoch { get; init; }

    /// <summary>Random mark of this very claim.</summary>
    [Text(64, MinLength = 1)]
    public required string ClaimID { get; init; }

    /// <summary>What it takes.</summary>
    public required QuotaUsage Amount { get; init; }
}
