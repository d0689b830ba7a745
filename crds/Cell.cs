using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A set of hosts with its own API server; <c>local</c> is this one, <c>cell0</c> holds what no host could take.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Cell", "cells", Scope.Cluster)]
[Resource("admin (the operator creates local and cell0)", "operator")]
[Column("Disabled", ".spec.disabled", Type = "boolean")]
[Column("Hosts", ".status.hosts", Type = "integer")]
[Column("Servers", ".status.servers", Type = "integer")]
[Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")]
public sealed record Cell : KubernetesObject<CellSpec, CellStatus>;

/// <summary>What the admin says of a cell.</summary>
public sealed record CellSpec : WireObject
{
    /// <summary>No new guests in this cell.</summary>
    public bool? Disabled { get; init; }

    /// <summary>Secret of the operator's namespace with a kubeconfig (key <c>kubeconfig</c>) of the cell's API server; absent for this cluster.</summary>
    [ObjectName]
    [NotImplemented]
    public string? KubeconfigSecret { get; init; }

    /// <summary>
    /// Raised by an admin after the cell's store was restored from a copy: until every host has said what it runs, nothing is scheduled, started or
    /// destroyed there.
    /// </summary>
    [Range(0, 1e15)]
    public long? Generation { get; init; }

    /// <summary>Hosts that need not answer after a restore, since they never will.</summary>
    [Text(63)]
    [Items(1024, Unique = true)]
    public IReadOnlyList<string>? WaivedHosts { get; init; }
}

/// <summary>What became of a cell.</summary>
public sealed record CellStatus : WireObject
{
    /// <summary>Hosts in it.</summary>
    public int? Hosts { get; init; }

    /// <summary>Servers in it.</summary>
    public int? Servers { get; init; }

    /// <summary>Generation of which every host has answered, or was waived: nothing is held for it any more.</summary>
    public long? CompletedGeneration { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
