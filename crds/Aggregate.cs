using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A set of hosts with metadata, and perhaps an availability zone.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Aggregate", "aggregates", Scope.Cluster)]
[Resource("admin", "operator", ShortNames = ["agg"], Selectable = [".spec.availabilityZone"])]
[Column("Zone", ".spec.availabilityZone")]
[Column("Hosts", ".status.hosts", Wide = true)]
[Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")]
[Column("Reason", ".status.conditions[?(@.type==\"Ready\")].reason", Wide = true)]
[Column("Message", ".status.conditions[?(@.type==\"Ready\")].message", Wide = true)]
public sealed record Aggregate : KubernetesObject<AggregateSpec, AggregateStatus>;

/// <summary>Members and metadata of an aggregate.</summary>
public sealed record AggregateSpec : WireObject
{
    /// <summary>Names of Hypervisors.</summary>
    [Text(63, MinLength = 1, Pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    [Items(5000, Unique = true)]
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>Labels of Hypervisors that are members too; all must be equal.</summary>
    [Text(63)]
    [Entries(16, 316)]
    public IReadOnlyDictionary<string, string>? HostSelector { get; init; }

    /// <summary>Availability zone of the members. A host is in one zone at most.</summary>
    [ZoneName]
    public string? AvailabilityZone { get; init; }

    /// <summary>Metadata that filters and weighers read, for instance <c>cpu_allocation_ratio: "8.0"</c> or <c>ssd: "true"</c>.</summary>
    [Text(255)]
    [Entries(128, 255)]
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Images that members fetch into their caches before a server asks for them.</summary>
    [Items(64)]
    [NotImplemented]
    public IReadOnlyList<ObjectReference>? PrecacheImages { get; init; }

    /// <summary>CPU model and features that guests of the members get at most, so that they can move among them.</summary>
    [NotImplemented]
    public CpuBaseline? CpuBaseline { get; init; }
}

/// <summary>A CPU model that all members can give.</summary>
public sealed record CpuBaseline : WireObject
{
    /// <summary>Named CPU model, for instance <c>Cascadelake-Server</c>.</summary>
    [Text(255, MinLength = 1)]
    public required string Model { get; init; }

    /// <summary>Features on top, each <c>+name</c> or <c>-name</c>.</summary>
    [Text(64, Pattern = "^[-+][a-z0-9._-]+$")]
    [Items(256)]
    public IReadOnlyList<string>? Features { get; init; }
}

/// <summary>What became of an aggregate.</summary>
public sealed record AggregateStatus : WireObject
{
    /// <summary>Generation that this speaks of; -1 before the operator has seen the aggregate.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Members that exist.</summary>
    [Text(63)]
    [Items(5000)]
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>Conditions: <c>Ready</c>, with conflicts of zones and hosts that do not exist.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
