using Kilonova.Crds;
using Kilonova.Operator.Servers;
using Kilonova.Operator.Tests.Protocol;

namespace Kilonova.Operator.Tests.Servers;

/// <summary>What a Server refers to, and the work order that is made of it.</summary>
public sealed class ServerOrderTests
{
    private readonly Catalog _catalog = new();

    [Theory]
    [InlineData("flavor", "FlavorNotFound")]
    [InlineData("image", "ImageNotFound")]
    [InlineData("key", "KeyPairNotFound")]
    [InlineData("network", "NetworkNotFound")]
    [InlineData("server", "ServerNotFound")]
    [InlineData("group", "ServerGroupNotFound")]
    public void What_is_missing_is_named(string what, string reason)
    {
        _catalog.Missing = what;
        var missing = Assert.IsType<Resolution.Missing>(ServerResolver.Resolve(Full(), _catalog));
        Assert.Equal(reason, missing.Reason);
    }

    [Fact]
    public void An_image_of_another_project_must_be_public()
    {
        var server = Full() with { Spec = Full().Spec with { Image = new() { Name = "guest", Namespace = "other" } } };
        Assert.Equal("ImageNotFound", Assert.IsType<Resolution.Missing>(ServerResolver.Resolve(server, _catalog)).Reason);
        _catalog.Visibility = ImageVisibility.Public;
        Assert.IsType<Resolution.Complete>(ServerResolver.Resolve(server, _catalog));
    }

    [Fact]
    public void The_order_holds_everything_so_that_the_agent_reads_nothing_else()
    {
        var order = Order(Full());
        Assert.Equal((1, "claim-1", 1, "web", "nova"), (order.Epoch, order.ClaimID, order.ServerGeneration, order.Hostname, order.AvailabilityZone));
        Assert.Equal(("small", 2, 512, 4), (order.Flavor!.Name, order.Flavor.Vcpus, order.Flavor.MemoryMiB, order.Flavor.RootGiB));
        Assert.Equal(("project/guest", "image-uid", "file:///guest", DiskFormat.Qcow2, "sha256:00"), (order.Image!.Name, order.Image.Uid, order.Image.Url, order.Image.Format, order.Image.Checksum));
        Assert.Equal("ssh-ed25519 AAAA", Assert.Single(order.Keys!).PublicKey);
        Assert.Equal([NetworkType.User, NetworkType.User], order.Interfaces!.Select(i => i.Type));
        Assert.Equal("52:54:00:00:00:01", order.Interfaces![1].MacAddress);
        Assert.Equal("blue", order.Metadata!["colour"]);
        Assert.Equal((Given.Id, $"req-{Given.Id}-1"), (order.SecretName, order.RequestID));
    }

    [Fact]
    public void A_hosts_order_follows_the_wishes_that_a_running_guest_can_follow_and_keeps_what_it_was_built_from()
    {
        var order = Order(Full());
        var changed = Full() with
        {
            Metadata = Full().Metadata with { Generation = 2 },
            Spec = Full().Spec with { PowerState = WantedPowerState.Stopped, OnGuestShutdown = OnGuestShutdown.Restart, Metadata = new Dictionary<string, string> { ["colour"] = "red" }, Hostname = "other" },
        };
        var followed = InstanceOrder.Follow(order, changed);
        Assert.Equal((WantedPowerState.Stopped, OnGuestShutdown.Restart, "red", 2), (followed.PowerState, followed.OnGuestShutdown, followed.Metadata!["colour"], followed.ServerGeneration));
        Assert.Equal(("web", order.Flavor, order.Image), (followed.Hostname, followed.Flavor, followed.Image));
        Assert.Same(followed, InstanceOrder.Follow(followed, changed));
        Assert.Same(order, InstanceOrder.Follow(order, Full()));
    }

    [Fact]
    public void MAC_addresses_are_stable_local_unicast_and_apart()
    {
        Assert.Equal(MacAddress.For("id", 0), MacAddress.For("id", 0));
        var all = Enumerable.Range(0, 1000).SelectMany(i => new[] { MacAddress.For($"id-{i}", 0), MacAddress.For($"id-{i}", 1) }).ToList();
        Assert.Equal(2000, all.Distinct().Count());
        Assert.All(all, mac =>
        {
            Assert.Matches("^[0-9a-f]{2}(:[0-9a-f]{2}){5}$", mac);
            var first = Convert.ToByte(mac[..2], 16);
            Assert.Equal(0x02, first & 0x03);
        });
    }

    private InstanceSpec Order(Server server) => InstanceOrder.Of(server, Given.Id, Assert.IsType<Resolution.Complete>(ServerResolver.Resolve(server, _catalog)), hasUserData: true);

    private static Server Full()
    {
        var server = Given.Server(1, "a");
        return server with
        {
            Status = server.Status! with { AvailabilityZone = "nova" },
            Spec = new ServerSpec
            {
                Flavor = "small",
                Image = new() { Name = "guest" },
                KeyPairs = ["admin"],
                Networks = [new() { Network = "net" }, new() { Network = "net", MacAddress = "52:54:00:00:00:01" }],
                Metadata = new Dictionary<string, string> { ["colour"] = "blue" },
                UserData = "#!/bin/sh",
                SchedulerHints = new() { SameHost = ["other"], Group = "web" },
            },
        };
    }

    private sealed class Catalog : ICatalog
    {
        public string? Missing { get; set; }

        public ImageVisibility Visibility { get; set; }

        public Flavor? Flavor(string name) => Missing == "flavor" ? null : new() { Metadata = new() { Name = name }, Spec = new() { Vcpus = 2, MemoryMiB = 512, RootGiB = 4 } };

        public Image? Image(string @namespace, string name) => Missing == "image" ? null : new()
        {
            Metadata = new() { Name = name, Namespace = @namespace, Uid = "image-uid" },
            Spec = new() { Visibility = Visibility, Source = new() { Url = "file:///guest" }, Checksum = "sha256:00" },
        };

        public KeyPair? KeyPair(string @namespace, string name) => Missing == "key" ? null : new() { Metadata = new() { Name = name }, Spec = new() { PublicKey = "ssh-ed25519 AAAA" } };

        public Network? Network(string name) => Missing == "network" ? null : new() { Metadata = new() { Name = name }, Spec = new() { Type = NetworkType.User } };

        public Server? Server(string @namespace, string name) => Missing == "server" ? null : new() { Metadata = new() { Name = name, Namespace = @namespace, Uid = "uid-of-" + name }, Spec = new() { Flavor = "small" } };

        public ServerGroup? ServerGroup(string @namespace, string name) => Missing == "group" ? null : new() { Metadata = new() { Name = name, Namespace = @namespace }, Spec = new() { Policy = ServerGroupPolicy.AntiAffinity } };
    }
}
