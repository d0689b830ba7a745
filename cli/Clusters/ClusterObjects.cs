using Kilonova.Crds;
using Kilonova.Crds.Meta;

namespace Kilonova.Cli.Clusters;

/// <summary>Everything that a decision rests on, from files or from a cluster.</summary>
internal sealed record ClusterObjects
{
    /// <summary>Hosts.</summary>
    public IReadOnlyList<Hypervisor> Hypervisors { get; init; } = [];

    /// <summary>Their ledgers.</summary>
    public IReadOnlyList<ResourceProvider> Providers { get; init; } = [];

    /// <summary>Aggregates.</summary>
    public IReadOnlyList<Aggregate> Aggregates { get; init; } = [];

    /// <summary>Flavors.</summary>
    public IReadOnlyList<Flavor> Flavors { get; init; } = [];

    /// <summary>Images.</summary>
    public IReadOnlyList<Image> Images { get; init; } = [];

    /// <summary>Networks, for the NUMA cells that they are near.</summary>
    public IReadOnlyList<Network> Networks { get; init; } = [];

    /// <summary>Server groups.</summary>
    public IReadOnlyList<ServerGroup> Groups { get; init; } = [];

    /// <summary>Servers, in the order in which they were found; each has a namespace and an identity.</summary>
    public IReadOnlyList<Server> Servers { get; init; } = [];

    /// <summary>Guests of each host that burden its disks, besides those of <see cref="Servers"/>.</summary>
    public IReadOnlyDictionary<string, int> Burdens { get; init; } = new Dictionary<string, int>();

    /// <summary>Names of the hosts that are not heard of.</summary>
    public IReadOnlySet<string> Down { get; init; } = new HashSet<string>();

    /// <summary>What was found and does not count, for people.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>A Server with an identity: one that no API server has given a UID is known by its name.</summary>
    public static Server Identified(Server server) =>
        server.Metadata.Uid is not null ? server : server with { Metadata = server.Metadata with { Uid = KeyOf(server.Metadata) } };

    /// <summary><c>namespace/name</c>, or the name in the cluster's scope.</summary>
    public static string KeyOf(ObjectMeta metadata) => metadata.Namespace is { } ns ? $"{ns}/{metadata.Name}" : metadata.Name!;
}
