using System.Xml.Linq;
using Kilonova.Crds;
using Kilonova.Libvirt.Xml;
using Kilonova.NodeAgent.Domains;
using Kilonova.NodeAgent.State;
using Kilonova.NodeAgent.Tests.Images;
using Kilonova.NodeAgent.Tests.Protocol;

namespace Kilonova.NodeAgent.Tests.Domains;

public class GuestDefinitionTests
{
    private static readonly HostProfile Emulated = new() { DomainType = "qemu", Architecture = "x86_64", Machine = "pc-i440fx-7.2", Emulator = "/usr/bin/qemu-system-x86_64", CpuMode = "custom", CpuModel = "qemu64" };
    private static readonly HostProfile Kvm = Emulated with { DomainType = "kvm", CpuMode = "host-model", CpuModel = "EPYC", Machine = "pc-q35-7.2" };
    private static readonly HostProfile TestDriver = new() { DomainType = "test", Architecture = "i686" };
    private static readonly InstanceFiles Files = new("/var/lib/kilonova/instances/" + Views.ID);

    private static readonly Instance Instance = Views.Instance(epoch: 3).Spec(spec => spec with
    {
        Server = spec.Server with { Name = "web" },
        Flavor = new InstanceFlavor { Name = "small", Vcpus = 2, MemoryMiB = 2048, RootGiB = 20 },
        Interfaces =
        [
            new InstanceInterface { Network = "outgoing", Type = NetworkType.User, MacAddress = "52:54:00:00:00:01", Mtu = 1400 },
            new InstanceInterface { Network = "lan", Type = NetworkType.Bridge, Bridge = "br0", MacAddress = "52:54:00:00:00:02", Mtu = 1400 },
        ],
    });

    [Theory]
    [InlineData("emulated")]
    [InlineData("kvm-q35")]
    [InlineData("test-driver")]
    public void The_XML_is_the_reviewed_one(string name)
    {
        var profile = name switch { "emulated" => Emulated, "kvm-q35" => Kvm, _ => TestDriver };
        var xml = DomainXml.Write(GuestDefinition.Of(Instance, Files, profile, machine: null));
        var golden = Path.Combine(AppContext.BaseDirectory, "Domains", "Golden", name + ".xml");
        Assert.Equal(File.Exists(golden) ? File.ReadAllText(golden) : "(no file)", xml);
    }

    [Theory]
    [InlineData("emulated")]
    [InlineData("kvm-q35")]
    public void Libvirts_schema_accepts_it(string name)
    {
        QemuImg.RequireTool("xmllint");
        QemuImg.Run("virt-xml-validate", Path.Combine(AppContext.BaseDirectory, "Domains", "Golden", name + ".xml"), "domain");
    }

    [Fact]
    public void The_machine_type_of_the_first_boot_is_kept() =>
        Assert.Equal("pc-i440fx-6.0", GuestDefinition.Of(Instance, Files, Emulated, "pc-i440fx-6.0").Os.Machine);

    [Fact]
    public void What_tenants_write_stays_text()
    {
        var hostile = Instance.Spec(spec => spec with { Server = spec.Server with { Name = "</title><devices>&" }, Flavor = spec.Flavor! with { Name = "<!--]]>" } });
        var xml = XElement.Parse(DomainXml.Write(GuestDefinition.Of(hostile, Files, Emulated, null)));
        Assert.Equal("demo/</title><devices>&", xml.Element("title")!.Value);
        Assert.Single(xml.Elements("devices"));
    }

    [Theory]
    [InlineData("yes", 1)]
    [InlineData("True", 1)]
    [InlineData("no", 0)]
    [InlineData(null, 0)]
    public void The_guest_agents_channel_is_there_when_the_image_has_the_agent(string? property, int channels)
    {
        var image = Instance.Spec.Image! with { Properties = property is null ? null : new Dictionary<string, string> { ["hw_qemu_guest_agent"] = property } };
        Assert.Equal(channels, GuestDefinition.Of(Instance.Spec(spec => spec with { Image = image }), Files, Emulated, null).Devices.Channels.Count);
    }

    [Fact]
    public void Metadata_comes_back_as_it_was_written()
    {
        var metadata = DomainMetadata.Of(Instance);
        Assert.Equal(metadata, DomainMetadata.Read(metadata.ToXml().ToString()));
        Assert.Null(DomainMetadata.Read(null));
        Assert.Null(DomainMetadata.Read("<instance id='x'/>"));
        Assert.Null(DomainMetadata.Read("not XML"));
    }

    [Theory]
    [InlineData("kilonova-" + Views.ID, Views.ID)]
    [InlineData("kilonova-web", null)]
    [InlineData("kilonova-probe-0123456789abcdef", null)]
    [InlineData("instance-00000001", null)]
    public void Only_our_names_are_taken_for_ours(string domain, string? id) => Assert.Equal(id, GuestDefinition.InstanceID(domain));
}
