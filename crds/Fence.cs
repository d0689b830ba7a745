using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>Evidence that a host is off, in one boot of it. Its name is the Hypervisor's. Agents have no access to it.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Fence", "fences", Scope.Cluster)]
[Resource("admin, operator", "fence agent")]
[NotImplemented]
[Column("Boot", ".spec.bootID")]
[Column("Method", ".spec.method")]
[Column("Off", ".status.off", Type = "boolean")]
[Column("Verified", ".status.verified", Type = "boolean")]
[Column("Message", ".status.message", Wide = true)]
public sealed record Fence : KubernetesObject<FenceSpec, FenceStatus>;

/// <summary>Which host is to be off, and how that is made sure.</summary>
[Rule("self.method == 'Manual' || has(self.credentialsSecret)", "credentialsSecret is required unless method is Manual", FieldPath = ".credentialsSecret")]
public sealed record FenceSpec : WireObject
{
    /// <summary>Identity of the host; see status.hostID of its Hypervisor.</summary>
    [Text(36, MinLength = 1)]
    [Immutable(Instead = "delete the Fence and create another")]
    public required string HostID { get; init; }

    /// <summary>Boot of the host that is off: what it runs in a later boot is not meant.</summary>
    [Text(64, MinLength = 1)]
    [Immutable(Instead = "delete the Fence and create another")]
    public required string BootID { get; init; }

    /// <summary>How it is made sure.</summary>
    [Immutable(Instead = "delete the Fence and create another")]
    public FenceMethod Method { get; init; }

    /// <summary>Address of the management controller.</summary>
    [Text(253)]
    public string? Address { get; init; }

    /// <summary>Secret of the fence agent's namespace, with user and password of the management controller.</summary>
    [ObjectName]
    public string? CredentialsSecret { get; init; }

    /// <summary>The host never comes back: what is left of it is released, and an agent that comes up with its identity is refused.</summary>
    public bool? Permanent { get; init; }

    /// <summary>Why, in the words of who asked.</summary>
    [Text(1024)]
    public string? Reason { get; init; }
}

/// <summary>How it is made sure that a host is off.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FenceMethod>))]
public enum FenceMethod
{
    /// <summary>An admin says so. Moves that rest on it are marked unverified.</summary>
    Manual,

    /// <summary>Redfish.</summary>
    Redfish,

    /// <summary>IPMI.</summary>
    Ipmi,
}

/// <summary>What the fence agent found.</summary>
public sealed record FenceStatus : WireObject
{
    /// <summary>Generation that this speaks of; -1 before the fence agent has seen the fence.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>The host is off.</summary>
    public bool? Off { get; init; }

    /// <summary>The management controller said so.</summary>
    public bool? Verified { get; init; }

    /// <summary>Since when it is off.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? Since { get; init; }

    /// <summary>What the management controller said.</summary>
    [Text(1024)]
    public string? Message { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
