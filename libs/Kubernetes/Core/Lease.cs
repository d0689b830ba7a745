using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Core;

/// <summary>A lease: who holds something, and when that was last confirmed.</summary>
[Kind("coordination.k8s.io", "v1", "Lease", "leases")]
public sealed record Lease : KubernetesObject
{
    /// <summary>The lease.</summary>
    public LeaseSpec? Spec { get; init; }
}

/// <summary>Content of a lease. Compare times only with times of the same writer: clocks differ.</summary>
public sealed record LeaseSpec : WireObject
{
    /// <summary>Who holds it; empty or absent when nobody does.</summary>
    public string? HolderIdentity { get; init; }

    /// <summary>How long after a renewal others must wait, in seconds.</summary>
    public int? LeaseDurationSeconds { get; init; }

    /// <summary>When the holder took it.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    /// <summary>When the holder last renewed it.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    /// <summary>How often the holder changed.</summary>
    public int? LeaseTransitions { get; init; }
}
