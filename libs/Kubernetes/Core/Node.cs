using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Core;

/// <summary>A node of the cluster; only what placement beside the kubelet needs, the rest is kept as it came.</summary>
[Kind("", "v1", "Node", "nodes", Scope.Cluster)]
public sealed record Node : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public NodeSpec? Spec { get; init; }

    /// <summary>What the kubelet reports.</summary>
    public NodeStatus? Status { get; init; }
}

/// <summary>What is wanted of a node.</summary>
public sealed record NodeSpec : WireObject
{
    /// <summary>No new pods.</summary>
    public bool? Unschedulable { get; init; }

    /// <summary>Taints.</summary>
    public IReadOnlyList<Taint>? Taints { get; init; }
}

/// <summary>A taint.</summary>
public sealed record Taint : WireObject
{
    /// <summary>Key.</summary>
    public required string Key { get; init; }

    /// <summary>Value.</summary>
    public string? Value { get; init; }

    /// <summary><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>.</summary>
    public required string Effect { get; init; }
}

/// <summary>What the kubelet reports.</summary>
public sealed record NodeStatus : WireObject
{
    /// <summary>Resources of the machine, as quantities.</summary>
    public IReadOnlyDictionary<string, string>? Capacity { get; init; }

    /// <summary>Resources for pods, as quantities.</summary>
    public IReadOnlyDictionary<string, string>? Allocatable { get; init; }

    /// <summary>Addresses.</summary>
    public IReadOnlyList<NodeAddress>? Addresses { get; init; }

    /// <summary>Identity of machine and boot.</summary>
    public NodeSystemInfo? NodeInfo { get; init; }
}

/// <summary>An address of a node.</summary>
public sealed record NodeAddress : WireObject
{
    /// <summary>For instance <c>InternalIP</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The address.</summary>
    public required string Address { get; init; }
}

/// <summary>Identity of a node's machine and boot.</summary>
public sealed record NodeSystemInfo : WireObject
{
    /// <summary>Machine ID.</summary>
    public string? MachineID { get; init; }

    /// <summary>SMBIOS system UUID.</summary>
    public string? SystemUUID { get; init; }

    /// <summary>Boot ID.</summary>
    public string? BootID { get; init; }
}
