using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Kilonova.Crds;

namespace Kilonova.NodeAgent.ConfigDrive;

/// <summary>
/// What a guest is told about itself, in OpenStack's and EC2's words (spec: META-2, META-3, META-4, META-6). Pure: the same Instance, user data and seed
/// give the same bytes. The config drive holds all of it.
/// </summary>
internal static class GuestMetadata
{
    /// <summary>Versions of the OpenStack tree, oldest first.</summary>
    public static readonly IReadOnlyList<string> OpenStackVersions =
    [
        "2012-08-10", "2013-04-04", "2013-10-17", "2015-10-15", "2016-06-30", "2016-10-06", "2017-02-22", "2018-08-27", "2020-10-14", "latest",
    ];

    private static readonly IReadOnlyList<string> Ec2Versions = ["2009-04-04", "latest"];

    /// <summary>All files of the config drive.</summary>
    /// <param name="instance">The Instance.</param>
    /// <param name="userData">User data, as the guest is to get it; null when there is none.</param>
    /// <param name="seed">Random bytes for the guest.</param>
    public static IReadOnlyList<IsoFile> Files(Instance instance, byte[]? userData, byte[] seed)
    {
        var files = new List<IsoFile>();
        var network = Bytes(NetworkData(instance));
        var empty = Bytes([]);
        foreach (var version in OpenStackVersions)
        {
            var folder = $"openstack/{version}";
            files.Add(new IsoFile($"{folder}/meta_data.json", Bytes(MetaData(instance, seed, version))));
            if (userData is not null)
                files.Add(new IsoFile($"{folder}/user_data", userData));
            if (Since(version, "2013-10-17"))
                files.Add(new IsoFile($"{folder}/vendor_data.json", empty));
            if (Since(version, "2015-10-15"))
                files.Add(new IsoFile($"{folder}/network_data.json", network));
            if (Since(version, "2016-10-06"))
                files.Add(new IsoFile($"{folder}/vendor_data2.json", empty));
        }

        foreach (var version in Ec2Versions)
        {
            files.Add(new IsoFile($"ec2/{version}/meta-data.json", Bytes(Ec2MetaData(instance))));
            if (userData is not null)
                files.Add(new IsoFile($"ec2/{version}/user-data", userData));
        }

        return files;
    }

    /// <summary><c>meta_data.json</c> of a version.</summary>
    public static JsonObject MetaData(Instance instance, byte[] seed, string version)
    {
        var spec = instance.Spec;
        var keys = Keys(spec);
        var document = new JsonObject
        {
            ["uuid"] = instance.Metadata.Name,
            ["availability_zone"] = spec.AvailabilityZone ?? "nova",
            ["hostname"] = Hostname(instance),
            ["launch_index"] = 0,
            ["name"] = spec.Server.Name,
        };
        if (spec.Metadata is { Count: > 0 } metadata)
            document["meta"] = new JsonObject(metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        if (keys.Count > 0)
        {
            document["public_keys"] = new JsonObject(keys.Select(key => KeyValuePair.Create(key.Name, (JsonNode?)key.PublicKey)));
            document["keys"] = new JsonArray([.. keys.Select(key => new JsonObject { ["name"] = key.Name, ["type"] = "ssh", ["data"] = key.PublicKey })]);
        }

        if (Since(version, "2013-04-04"))
            document["random_seed"] = Convert.ToBase64String(seed);
        if (Since(version, "2015-10-15"))
            document["project_id"] = spec.Server.Namespace;
        if (Since(version, "2016-06-30"))
            document["devices"] = new JsonArray();
        if (Since(version, "2020-10-14"))
            document["dedicated_cpus"] = new JsonArray();
        return document;
    }

    /// <summary><c>network_data.json</c>.</summary>
    public static JsonObject NetworkData(Instance instance)
    {
        var links = new List<JsonNode?>();
        var networks = new List<JsonNode?>();
        var servers = new List<string>();
        foreach (var (index, nic) in (instance.Spec.Interfaces ?? []).Index())
        {
            var link = $"nic{index}";
            links.Add(new JsonObject
            {
                ["id"] = link,
                ["vif_id"] = $"{instance.Metadata.Name}-{index}",
                ["type"] = nic.Type == NetworkType.Bridge ? "bridge" : "phy",
                ["mtu"] = nic.Mtu,
                ["ethernet_mac_address"] = nic.MacAddress,
            });
            networks.Add(Network(nic, link, $"network{index}"));
            servers.AddRange(nic.DnsServers ?? []);
        }

        return new JsonObject { ["links"] = new JsonArray([.. links]), ["networks"] = new JsonArray([.. networks]), ["services"] = NameServers(servers.Distinct()) };
    }

    /// <summary>The EC2 tree, as one document.</summary>
    public static JsonObject Ec2MetaData(Instance instance)
    {
        var spec = instance.Spec;
        var hostname = Hostname(instance);
        var address = spec.Interfaces?.Select(nic => nic.Address).FirstOrDefault(text => text?.Contains('.', StringComparison.Ordinal) == true)?.Split('/')[0];
        var document = new JsonObject
        {
            ["ami-id"] = spec.Image?.Uid is { } uid ? $"ami-{uid}" : "None",
            ["ami-launch-index"] = 0,
            ["block-device-mapping"] = new JsonObject { ["ami"] = "vda", ["root"] = "/dev/vda" },
            ["hostname"] = hostname,
            ["instance-action"] = "none",
            ["instance-id"] = Ec2ID(instance.Metadata.Name!),
            ["instance-type"] = spec.Flavor?.Name,
            ["local-hostname"] = hostname,
            ["local-ipv4"] = address ?? "",
            ["placement"] = new JsonObject { ["availability-zone"] = spec.AvailabilityZone ?? "nova" },
            ["public-hostname"] = hostname,
            ["public-ipv4"] = "",
            ["reservation-id"] = Ec2ID(instance.Metadata.Name!).Replace("i-", "r-", StringComparison.Ordinal),
            ["security-groups"] = new JsonArray(),
        };
        if (Keys(spec) is { Count: > 0 } keys)
        {
            document["public-keys"] = new JsonObject(keys.Select((key, index) =>
                KeyValuePair.Create(index.ToString(System.Globalization.CultureInfo.InvariantCulture), (JsonNode?)new JsonObject { ["_name"] = $"{index}={key.Name}", ["openssh-key"] = key.PublicKey })));
        }

        return document;
    }

    private static JsonObject Network(InstanceInterface nic, string link, string id)
    {
        var network = new JsonObject { ["id"] = id, ["link"] = link, ["network_id"] = nic.Network };
        if (nic.Address is null || !IPNetwork.TryParse(Subnet(nic.Address), out var subnet) || !IPAddress.TryParse(nic.Address.Split('/')[0], out var address))
        {
            network["type"] = "ipv4_dhcp";
            return network;
        }

        var six = address.AddressFamily == AddressFamily.InterNetworkV6;
        network["type"] = six ? "ipv6" : "ipv4";
        network["ip_address"] = address.ToString();
        network["netmask"] = Mask(subnet.PrefixLength, six);
        var any = six ? "::" : "0.0.0.0";
        network["routes"] = nic.Gateway is { } gateway ? new JsonArray(new JsonObject { ["network"] = any, ["netmask"] = any, ["gateway"] = gateway }) : new JsonArray();
        if (nic.Gateway is not null)
            network["gateway"] = nic.Gateway;
        network["services"] = NameServers(nic.DnsServers ?? []);
        return network;
    }

    private static JsonArray NameServers(IEnumerable<string> addresses) =>
        new([.. addresses.Select(address => new JsonObject { ["type"] = "dns", ["address"] = address })]);

    // IPNetwork wants the address of the network; an interface's address has host bits.
    private static string Subnet(string address)
    {
        var parts = address.Split('/');
        if (parts.Length != 2 || !IPAddress.TryParse(parts[0], out var ip) || !int.TryParse(parts[1], out var prefix))
            return "";
        var bytes = ip.GetAddressBytes();
        if (prefix < 0 || prefix > bytes.Length * 8)
            return "";
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return $"{new IPAddress(bytes)}/{prefix}";
    }

    private static string Mask(int prefix, bool six)
    {
        var bytes = new byte[six ? 16 : 4];
        for (var bit = 0; bit < prefix; bit++)
            bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return new IPAddress(bytes).ToString();
    }

    private static List<InstanceKey> Keys(InstanceSpec spec) => [.. (spec.Keys ?? []).DistinctBy(key => key.Name)];

    private static string Hostname(Instance instance) => instance.Spec.Hostname ?? instance.Spec.Server.Name;

    // EC2 IDs have eight hexadecimal digits.
    private static string Ec2ID(string instanceID) => "i-" + instanceID.Replace("-", "", StringComparison.Ordinal)[..8];

    private static bool Since(string version, string first) => version == "latest" || string.CompareOrdinal(version, first) >= 0;

    private static byte[] Bytes(JsonObject document) => System.Text.Encoding.UTF8.GetBytes(document.ToJsonString());
}
