using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A network that guests can be attached to.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Network", "networks", Scope.Cluster)]
[Resource("admin", "operator")]
[Column("Type", ".spec.type")]
[Column("Bridge", ".spec.bridge")]
[Column("MTU", ".spec.mtu", Type = "integer")]
public sealed record Network : KubernetesObject<NetworkSpec, NetworkStatus>;

/// <summary>How a network is reached from a host, and which addresses it has.</summary>
[Rule("self.type != 'Bridge' || has(self.bridge)", "bridge is required for type Bridge", FieldPath = ".bridge")]
[Rule("self.type == 'Bridge' || !has(self.bridge)", "bridge goes only with type Bridge", FieldPath = ".bridge")]
public sealed record NetworkSpec : WireObject
{
    /// <summary>How guests are attached.</summary>
    [Immutable(Instead = "create another Network")]
    public NetworkType Type { get; init; }

    /// <summary>Bridge on every host, for type <c>Bridge</c>. It must exist: uplinks and bridges are the host's own.</summary>
    [Text(15, Pattern = "^[A-Za-z0-9_][-A-Za-z0-9_.]*$", Must = "the name of a network device: at most 15 letters, digits, '-', '_' and '.'")]
    public string? Bridge { get; init; }

    /// <summary>Device on every host that guests are attached to, for type <c>Macvtap</c>.</summary>
    [Text(15, Pattern = "^[A-Za-z0-9_][-A-Za-z0-9_.]*$", Must = "the name of a network device: at most 15 letters, digits, '-', '_' and '.'")]
    [NotImplemented]
    public string? Device { get; init; }

    /// <summary>Label of the physical network, as devices for passthrough and NUMA affinity name it.</summary>
    [Text(255)]
    [NotImplemented]
    public string? PhysicalNetwork { get; init; }

    /// <summary>VLAN tag that guests' frames get.</summary>
    [Range(1, 4094)]
    [NotImplemented]
    public int? Vlan { get; init; }

    /// <summary>MTU, in bytes; the host's default when absent.</summary>
    [Range(68, 65535)]
    public int? Mtu { get; init; }

    /// <summary>Name servers that guests are told.</summary>
    [IPAddress]
    [Items(8)]
    public IReadOnlyList<string>? DnsServers { get; init; }

    /// <summary>Ranges of addresses, of which each interface gets one from each. Without any, guests find their own address.</summary>
    [Items(8, Keys = ["cidr"])]
    [NotImplemented]
    public IReadOnlyList<NetworkSubnet>? Subnets { get; init; }

    /// <summary>Whether guests are kept from using other addresses than their own; they are when subnets are given.</summary>
    [NotImplemented]
    public bool? PortSecurity { get; init; }

    /// <summary>Namespaces (projects) that may use the network; all when absent, none when empty.</summary>
    [LabelName]
    [Items(1024, Unique = true)]
    [NotImplemented]
    public IReadOnlyList<string>? AllowedNamespaces { get; init; }
}

/// <summary>How guests are attached to a network.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NetworkType>))]
public enum NetworkType
{
    /// <summary>QEMU's own user-mode network: outgoing only, no set-up on the host.</summary>
    User,

    /// <summary>A bridge on the host.</summary>
    Bridge,

    /// <summary>A port of an Open vSwitch bridge.</summary>
    [NotImplemented]
    OpenVSwitch,

    /// <summary>Straight onto a device of the host.</summary>
    [NotImplemented]
    Macvtap,

    /// <summary>A virtual function of the host's network card.</summary>
    [NotImplemented]
    Sriov,
}

/// <summary>A range of addresses of a network.</summary>
public sealed record NetworkSubnet : WireObject
{
    /// <summary>The range, for instance <c>192.0.2.0/24</c>.</summary>
    [Cidr]
    public required string Cidr { get; init; }

    /// <summary>Gateway; none when absent.</summary>
    [IPAddress]
    public string? Gateway { get; init; }

    /// <summary>Parts of the range that addresses are taken from; all but network, gateway and broadcast when absent.</summary>
    [Items(32)]
    public IReadOnlyList<AddressPool>? Pools { get; init; }

    /// <summary>Name servers that guests with an address of this range are told, instead of the network's.</summary>
    [IPAddress]
    [Items(8)]
    public IReadOnlyList<string>? DnsServers { get; init; }

    /// <summary>Routes that guests are told.</summary>
    [Items(32)]
    public IReadOnlyList<NetworkRoute>? Routes { get; init; }

    /// <summary>Whether guests are told to ask by DHCP; else their address stands in their network data.</summary>
    public bool? Dhcp { get; init; }
}

/// <summary>Addresses from one to another, both included.</summary>
public sealed record AddressPool : WireObject
{
    /// <summary>First address.</summary>
    [IPAddress]
    public required string First { get; init; }

    /// <summary>Last address.</summary>
    [IPAddress]
    public required string Last { get; init; }
}

/// <summary>A route.</summary>
public sealed record NetworkRoute : WireObject
{
    /// <summary>Where to.</summary>
    [Cidr]
    public required string Destination { get; init; }

    /// <summary>By which next hop.</summary>
    [IPAddress]
    public required string NextHop { get; init; }
}

/// <summary>What is known of a network.</summary>
public sealed record NetworkStatus : WireObject
{
    /// <summary>Addresses that can be given.</summary>
    [NotImplemented]
    public long? TotalAddresses { get; init; }

    /// <summary>Addresses that are given.</summary>
    [NotImplemented]
    public long? UsedAddresses { get; init; }

    /// <summary>Conditions.</summary>
    [Items(32, Keys = ["type"])]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
