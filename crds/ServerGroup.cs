using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>Servers that are to be together, or apart. A server joins when it is created.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "ServerGroup", "servergroups")]
[Resource("user", "operator", ShortNames = ["sg"])]
[Column("Policy", ".spec.policy")]
[Column("Max-Per-Host", ".spec.maxServerPerHost", Type = "integer")]
[Column("Members", ".status.members[*].server", Wide = true)]
public sealed record ServerGroup : KubernetesObject<ServerGroupSpec, ServerGroupStatus>;

/// <summary>How members of a group are placed.</summary>
[Rule("!has(self.maxServerPerHost) || self.policy == 'AntiAffinity'", "maxServerPerHost goes only with policy AntiAffinity", FieldPath = ".maxServerPerHost")]
public sealed record ServerGroupSpec : WireObject
{
    /// <summary>Policy.</summary>
    [Immutable(Instead = "create another ServerGroup")]
    public required ServerGroupPolicy Policy { get; init; }

    /// <summary>Most members on one host; 1 when absent.</summary>
    [Range(1, 1024)]
    [Immutable(Instead = "create another ServerGroup")]
    public int? MaxServerPerHost { get; init; }
}

/// <summary>Policy of a server group.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServerGroupPolicy>))]
public enum ServerGroupPolicy
{
    /// <summary>All on one host.</summary>
    Affinity,

    /// <summary>Each on another host.</summary>
    AntiAffinity,

    /// <summary>On as few hosts as can be.</summary>
    SoftAffinity,

    /// <summary>On as many hosts as can be.</summary>
    SoftAntiAffinity,
}

/// <summary>Who is in a group. Written only by guarded update.</summary>
public sealed record ServerGroupStatus : WireObject
{
    /// <summary>Generation that this speaks of; -1 before the operator has seen the group.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Members, with where they are or are about to be.</summary>
    [Items(1024)]
    public IReadOnlyList<GroupMember>? Members { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A member of a group, at one placement.</summary>
public sealed record GroupMember : WireObject
{
    /// <summary>Name of the Server.</summary>
    [Text(253, MinLength = 1)]
    public required string Server { get; init; }

    /// <summary>Instance ID.</summary>
    [Text(36, MinLength = 1)]
    public required string InstanceID { get; init; }

    /// <summary>Placement number.</summary>
    [Range(1, 1e15)]
    public long Epoch { get; init; }

    /// <summary>Random mark of the claim.</summary>
    [Text(64, MinLength = 1)]
    public required string ClaimID { get; init; }

    /// <summary>Name of the Hypervisor.</summary>
    [Text(253, MinLength = 1)]
    public required string Host { get; init; }
}
