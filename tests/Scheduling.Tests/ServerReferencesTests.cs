using Kilonova.Crds;
using Kilonova.Crds.Meta;

namespace Kilonova.Scheduling.Tests;

/// <summary>What a Server names is found, or is said to be missing by name.</summary>
public class ServerReferencesTests
{
    private static readonly Objects Known = new();

    [Fact]
    public void Flavor_and_image_are_found() =>
        Assert.Equal(new ServerReferences.Found(Objects.Small, Objects.Own), ServerReferences.Of(Server("small", "own"), Known));

    [Theory]
    [InlineData("large", "own", null, "FlavorNotFound", "Flavor \"large\" does not exist.")]
    [InlineData("small", "none", null, "ImageNotFound", "Image \"none\" does not exist in namespace \"demo\", or is not public.")]
    [InlineData("small", "private", "other", "ImageNotFound", "Image \"private\" does not exist in namespace \"other\", or is not public.")]
    public void What_is_missing_is_named(string flavor, string image, string? from, string reason, string message)
    {
        var missing = Assert.IsType<ServerReferences.Missing>(ServerReferences.Of(Server(flavor, image, from), Known));
        Assert.Equal((reason, message + " The server goes on when it does."), (missing.Reason, missing.Message));
    }

    [Fact]
    public void A_public_image_of_another_namespace_is_found() =>
        Assert.IsType<ServerReferences.Found>(ServerReferences.Of(Server("small", "public", "other"), Known));

    [Fact]
    public void Hints_become_identities_and_a_group_without_the_server_itself()
    {
        var server = Server("small", "own") with { Metadata = new ObjectMeta { Name = "web", Namespace = "demo", Uid = "uid-web" } };
        server = server with { Spec = server.Spec with { SchedulerHints = new SchedulerHints { Group = "apart", SameHost = ["one"], DifferentHost = ["two"] } } };
        Assert.Null(ServerReferences.Hints(server, Known, out var context));
        Assert.Equal(["id-one"], context.SameHostAs);
        Assert.Equal(["uid-two"], context.DifferentHostFrom);
        Assert.Equal([new GroupMemberFacts("id-one", "node-a")], context.Group!.Members);
    }

    [Theory]
    [InlineData("nobody", null, null, "ServerNotFound", "Server \"nobody\", which schedulerHints.sameHost names,")]
    [InlineData(null, "nobody", null, "ServerNotFound", "Server \"nobody\", which schedulerHints.differentHost names,")]
    [InlineData(null, null, "none", "ServerGroupNotFound", "ServerGroup \"none\"")]
    public void A_hint_that_names_nothing_is_refused(string? same, string? different, string? group, string reason, string beginning)
    {
        var hints = new SchedulerHints { Group = group, SameHost = same is null ? null : [same], DifferentHost = different is null ? null : [different] };
        var server = Server("small", "own");
        var missing = ServerReferences.Hints(server with { Spec = server.Spec with { SchedulerHints = hints } }, Known, out _)!;
        Assert.Equal(reason, missing.Reason);
        Assert.StartsWith(beginning + " ", missing.Message, StringComparison.Ordinal);
    }

    private static Server Server(string flavor, string image, string? from = null) => new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "demo" },
        Spec = new ServerSpec { Flavor = flavor, Image = new ObjectReference { Name = image, Namespace = from } },
    };

    private sealed class Objects : IFlavorCatalog, IServerDirectory
    {
        public static readonly Flavor Small = new() { Metadata = new ObjectMeta { Name = "small" }, Spec = new FlavorSpec { Vcpus = 1, MemoryMiB = 128 } };

        public static readonly Image Own = Picture("demo", "own", ImageVisibility.Private);

        public Flavor? Flavor(string name) => name == "small" ? Small : null;

        public Image? Image(string @namespace, string name) => (@namespace, name) switch
        {
            ("demo", "own") => Own,
            ("other", "private") => Picture(@namespace, name, ImageVisibility.Private),
            ("other", "public") => Picture(@namespace, name, ImageVisibility.Public),
            _ => null,
        };

        public Server? Server(string @namespace, string name) => (@namespace, name) switch
        {
            ("demo", "one") => ServerReferencesTests.Server("small", "own") with { Status = new ServerStatus { InstanceID = "id-one" } },
            ("demo", "two") => ServerReferencesTests.Server("small", "own") with { Metadata = new ObjectMeta { Name = name, Namespace = @namespace, Uid = "uid-two" } },
            _ => null,
        };

        public ServerGroup? ServerGroup(string @namespace, string name) => name != "apart" ? null : new()
        {
            Metadata = new ObjectMeta { Name = name, Namespace = @namespace },
            Spec = new ServerGroupSpec { Policy = ServerGroupPolicy.AntiAffinity },
            Status = new ServerGroupStatus
            {
                Members =
                [
                    new GroupMember { Server = "one", InstanceID = "id-one", Epoch = 1, ClaimID = "c", Host = "node-a" },
                    new GroupMember { Server = "web", InstanceID = "uid-web", Epoch = 1, ClaimID = "c", Host = "node-b" },
                ],
            },
        };

        private static Image Picture(string @namespace, string name, ImageVisibility visibility) =>
            new() { Metadata = new ObjectMeta { Name = name, Namespace = @namespace }, Spec = new ImageSpec { Visibility = visibility } };
    }
}
