using System.Text;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.NodeAgent.ConfigDrive;
using Kilonova.NodeAgent.Tests.Images;
using Kilonova.NodeAgent.Tests.Protocol;

namespace Kilonova.NodeAgent.Tests.ConfigDrive;

public class ConfigDriveTests
{
    private static readonly byte[] Seed = new byte[512];

    private static readonly Instance Instance = Views.Instance().Spec(spec => spec with
    {
        Hostname = "web-1",
        AvailabilityZone = "north",
        Metadata = new Dictionary<string, string> { ["role"] = "front", ["a"] = "\"<&>\"" },
        Keys = [new InstanceKey { Name = "me", PublicKey = "ssh-ed25519 AAAA me@x" }],
        Interfaces =
        [
            new InstanceInterface { Network = "outgoing", Type = NetworkType.User, MacAddress = "52:54:00:00:00:01" },
            new InstanceInterface
            {
                Network = "lan", Type = NetworkType.Bridge, Bridge = "br0", MacAddress = "52:54:00:00:00:02", Mtu = 1400,
                Address = "192.0.2.7/25", Gateway = "192.0.2.1", DnsServers = ["192.0.2.53"],
            },
            new InstanceInterface { Network = "six", Type = NetworkType.Bridge, Bridge = "br1", MacAddress = "52:54:00:00:00:03", Address = "2001:db8::7/64", Gateway = "2001:db8::1" },
        ],
    });

    [Fact]
    public void Meta_data_holds_every_field_of_the_specification() => Assert.Equal(
        """{"uuid":"11111111-2222-3333-4444-555555555555","availability_zone":"north","hostname":"web-1","launch_index":0,"name":"web","meta":{"a":"\u0022\u003C\u0026\u003E\u0022","role":"front"},"public_keys":{"me":"ssh-ed25519 AAAA me@x"},"keys":[{"name":"me","type":"ssh","data":"ssh-ed25519 AAAA me@x"}],"random_seed":"AAAA","project_id":"demo","devices":[],"dedicated_cpus":[]}""",
        GuestMetadata.MetaData(Instance, new byte[3], "latest").ToJsonString());

    [Theory]
    [InlineData("2012-08-10", "random_seed", false)]
    [InlineData("2013-04-04", "random_seed", true)]
    [InlineData("2013-10-17", "project_id", false)]
    [InlineData("2015-10-15", "project_id", true)]
    [InlineData("2016-06-30", "devices", true)]
    [InlineData("2018-08-27", "dedicated_cpus", false)]
    public void Fields_appear_with_their_version(string version, string field, bool present) =>
        Assert.Equal(present, GuestMetadata.MetaData(Instance, Seed, version).ContainsKey(field));

    [Fact]
    public void Network_data_has_a_link_and_a_network_per_interface()
    {
        var data = GuestMetadata.NetworkData(Instance);
        Assert.Equal(
            """[{"id":"nic0","vif_id":"11111111-2222-3333-4444-555555555555-0","type":"phy","mtu":null,"ethernet_mac_address":"52:54:00:00:00:01"},{"id":"nic1","vif_id":"11111111-2222-3333-4444-555555555555-1","type":"bridge","mtu":1400,"ethernet_mac_address":"52:54:00:00:00:02"},{"id":"nic2","vif_id":"11111111-2222-3333-4444-555555555555-2","type":"bridge","mtu":null,"ethernet_mac_address":"52:54:00:00:00:03"}]""",
            data["links"]!.ToJsonString());
        Assert.Equal(
            """[{"id":"network0","link":"nic0","network_id":"outgoing","type":"ipv4_dhcp"},{"id":"network1","link":"nic1","network_id":"lan","type":"ipv4","ip_address":"192.0.2.7","netmask":"255.255.255.128","routes":[{"network":"0.0.0.0","netmask":"0.0.0.0","gateway":"192.0.2.1"}],"gateway":"192.0.2.1","services":[{"type":"dns","address":"192.0.2.53"}]},{"id":"network2","link":"nic2","network_id":"six","type":"ipv6","ip_address":"2001:db8::7","netmask":"ffff:ffff:ffff:ffff::","routes":[{"network":"::","netmask":"::","gateway":"2001:db8::1"}],"gateway":"2001:db8::1","services":[]}]""",
            data["networks"]!.ToJsonString());
        Assert.Equal("""[{"type":"dns","address":"192.0.2.53"}]""", data["services"]!.ToJsonString());
    }

    [Fact]
    public void The_EC2_tree_names_instance_and_keys()
    {
        var data = GuestMetadata.Ec2MetaData(Instance);
        Assert.Equal("i-11111111", (string?)data["instance-id"]);
        Assert.Equal("192.0.2.7", (string?)data["local-ipv4"]);
        Assert.Equal("tiny", (string?)data["instance-type"]);
        Assert.Equal("0=me", (string?)data["public-keys"]!["0"]!["_name"]);
    }

    [Fact]
    public void Every_version_has_its_files()
    {
        var paths = GuestMetadata.Files(Instance, [1], Seed).Select(file => file.Path).ToList();
        foreach (var path in new[]
        {
            "openstack/latest/meta_data.json", "openstack/latest/user_data", "openstack/latest/network_data.json", "openstack/latest/vendor_data.json",
            "openstack/latest/vendor_data2.json", "openstack/2012-08-10/meta_data.json", "ec2/2009-04-04/meta-data.json", "ec2/latest/user-data",
        })
        {
            Assert.Contains(path, paths);
        }

        Assert.DoesNotContain("openstack/2012-08-10/network_data.json", paths);
        Assert.DoesNotContain("openstack/latest/user_data", GuestMetadata.Files(Instance, null, Seed).Select(file => file.Path));
    }

    [Fact]
    public void Equal_content_gives_equal_bytes() => Assert.Equal(Volume(), Volume());

    [Theory]
    [InlineData("Rock Ridge", "rockridge")]
    [InlineData("Joliet", "joliet,!rockridge")]
    public void Other_programs_read_back_what_was_written(string tree, string options)
    {
        using var directory = new TemporaryDirectory();
        var iso = directory.File("config.iso");
        File.WriteAllBytes(iso, Volume());
        var target = Directory.CreateDirectory(directory.File("out")).FullName;
        QemuImg.Run("bsdtar", "--options", options, "-x", "-f", iso, "-C", target);

        var files = GuestMetadata.Files(Instance, Encoding.UTF8.GetBytes("#!/bin/sh\necho hello\n"), Seed);
        Assert.Equal(files.Select(file => file.Path).Order(StringComparer.Ordinal), Directory.EnumerateFiles(target, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(target, path)).Order(StringComparer.Ordinal));
        foreach (var file in files)
            Assert.True(file.Content.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(target, file.Path))), $"{tree}: {file.Path} differs");
    }

    [Fact]
    public void The_volume_is_labelled_as_cloud_init_looks_for_it()
    {
        using var directory = new TemporaryDirectory();
        var iso = directory.File("config.iso");
        File.WriteAllBytes(iso, Volume());
        QemuImg.Run("sh", "-c", $"test \"$(blkid -p -s LABEL -o value {iso})\" = config-2 && test \"$(blkid -p -s TYPE -o value {iso})\" = iso9660");
    }

    [Fact]
    public void Large_directories_and_files_cross_sectors()
    {
        using var directory = new TemporaryDirectory();
        var files = Enumerable.Range(0, 200).Select(i => new IsoFile($"content/{i:0000}-with-a-long-name.txt", [.. Enumerable.Repeat((byte)i, i * 100)])).ToList();
        var iso = directory.File("large.iso");
        File.WriteAllBytes(iso, IsoVolume.Create("config-2", files, DateTimeOffset.UnixEpoch));
        var target = Directory.CreateDirectory(directory.File("out")).FullName;
        QemuImg.Run("bsdtar", "-x", "-f", iso, "-C", target);
        foreach (var file in files)
            Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(target, file.Path)));
    }

    private static byte[] Volume() =>
        IsoVolume.Create("config-2", GuestMetadata.Files(Instance, Encoding.UTF8.GetBytes("#!/bin/sh\necho hello\n"), Seed), new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
}
