using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>An allocated address. Its name is <c>network-address</c>, with ':' written as '-': that it could be created is the lock.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "AddressClaim", "addressclaims", Scope.Cluster)]
[Resource("operator", ShortNames = ["addr"], Selectable = [".spec.network", ".spec.instanceID"])]
[NotImplemented]
[Column("Network", ".spec.network")]
[Column("Address", ".spec.address")]
[Column("Holder", ".spec.holder")]
[Column("Epoch", ".spec.epoch", Type = "integer", Wide = true)]
public sealed record AddressClaim : KubernetesObject<AddressClaimSpec>;

/// <summary>Who holds an address.</summary>
[Rule("self == oldSelf", "spec is immutable: an address is given by creating a claim and taken back by deleting it")]
public sealed record AddressClaimSpec : WireObject
{
    /// <summary>Name of the Network.</summary>
    [Text(253, MinLength = 1)]
    public required string Network { get; init; }

    /// <summary>The address.</summary>
    [IPAddress]
    public required string Address { get; init; }

    /// <summary>MAC address of the interface.</summary>
    [MacAddress]
    public string? MacAddress { get; init; }

    /// <summary>Instance ID.</summary>
    [Text(36, MinLength = 1)]
    public required string InstanceID { get; init; }

    /// <summary>Placement number.</summary>
    [Range(1, 1e15)]
    public long Epoch { get; init; }

    /// <summary>Random mark of this very claim.</summary>
    [Text(64, MinLength = 1)]
    public required string ClaimID { get; init; }

    /// <summary>Who holds it: <c>Server/namespace/name</c> or <c>Migration/namespace/name</c>; nobody, for an address that an admin keeps free.</summary>
    [Text(330)]
    public string? Holder { get; init; }
}
