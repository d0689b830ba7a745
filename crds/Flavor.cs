using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A size of server. Immutable but for description, access and extra specs; servers keep what they were built with.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Flavor", "flavors", Scope.Cluster)]
[Resource("admin", ShortNames = ["flv"])]
[Column("vCPUs", ".spec.vcpus", Type = "integer")]
[Column("Memory-MiB", ".spec.memoryMiB", Type = "integer")]
[Column("Root-GiB", ".spec.rootGiB", Type = "integer")]
[Column("Description", ".spec.description", Wide = true)]
public sealed record Flavor : KubernetesObject<FlavorSpec>;

/// <summary>What servers of a flavor get.</summary>
public sealed record FlavorSpec : WireObject
{
    /// <summary>Virtual CPUs.</summary>
    [Range(1, 4096)]
    [Immutable(Instead = "create another Flavor")]
    public int Vcpus { get; init; }

    /// <summary>Memory, in MiB.</summary>
    [Range(1, 2147483647)]
    [Immutable(Instead = "create another Flavor")]
    public long MemoryMiB { get; init; }

    /// <summary>Root disk, in GiB. 0 means the image's own size; the scheduler then counts the image's minDiskGiB, or no disk when the image states none, so 0 is for tests and for servers that boot from a volume.</summary>
    [Range(0, 2147483647)]
    [Immutable(Instead = "create another Flavor")]
    public long RootGiB { get; init; }

    /// <summary>Ephemeral disk, in GiB: empty, local, gone with the server, not in snapshots.</summary>
    [Range(0, 2147483647)]
    [NotImplemented]
    [Immutable(Instead = "create another Flavor")]
    public long? EphemeralGiB { get; init; }

    /// <summary>Swap disk, in MiB.</summary>
    [Range(0, 2147483647)]
    [NotImplemented]
    [Immutable(Instead = "create another Flavor")]
    public long? SwapMiB { get; init; }

    /// <summary>Description, for people.</summary>
    [Text(65535)]
    public string? Description { get; init; }

    /// <summary>
    /// Extra specs, as Nova has them, for instance <c>hw:cpu_policy: dedicated</c>, <c>resources:CUSTOM_LICENCE: "1"</c> or
    /// <c>trait:HW_CPU_X86_AVX2: required</c>. A change is for new servers only.
    /// </summary>
    [Text(255)]
    [Entries(128, 255, KeyPattern = "^[-a-zA-Z0-9_:. ]+$", KeysMust = "made of letters, digits, '-', '_', ':', '.' and spaces")]
    [NotImplemented]
    public IReadOnlyDictionary<string, string>? ExtraSpecs { get; init; }

    /// <summary>Namespaces (projects) that may use the flavor; all when absent, none when empty.</summary>
    [LabelName]
    [Items(1024, Unique = true)]
    [NotImplemented]
    public IReadOnlyList<string>? AllowedNamespaces { get; init; }
}
