using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Kilonova.Libvirt.Tests.Support;
using Kilonova.Libvirt.Xml;
using Kilonova.Libvirt.Xml.Devices;

namespace Kilonova.Libvirt.Tests.Xml;

public sealed class DomainXmlTests
{
    /// <summary>The files are reviewed as code. <c>KILONOVA_GOLDEN=write</c> writes them anew.</summary>
    [Theory]
    [MemberData(nameof(GoldenDefinitions.Names), MemberType = typeof(GoldenDefinitions))]
    public void A_definition_is_written_as_in_its_golden_file(string name)
    {
        var file = Path.Combine(Path.GetDirectoryName(ThisFile())!, "Golden", $"{name}.xml");
        var written = DomainXml.Write(GoldenDefinitions.All[name]);
        if (Environment.GetEnvironmentVariable("KILONOVA_GOLDEN") == "write")
            File.WriteAllText(file, written);
        Assert.Equal(File.ReadAllText(file), written);
    }

    [Theory]
    [MemberData(nameof(GoldenDefinitions.Names), MemberType = typeof(GoldenDefinitions))]
    public void What_is_written_is_read_back_whole(string name)
    {
        var written = DomainXml.Write(GoldenDefinitions.All[name]);
        Assert.Equal(written, DomainXml.Write(DomainXml.Read(written)));
    }

    [Fact]
    public void User_text_cannot_leave_its_place()
    {
        var evil = "x</title><devices><emulator>/bin/sh</emulator></devices>&\"'";
        var read = DomainXml.Read(DomainXml.Write(Sample.QemuDomain("a") with { Title = evil, Description = evil }));
        Assert.Equal((evil, evil, null), (read.Title, read.Description, read.Devices.Emulator));

        Assert.Throws<ArgumentException>(() => DomainXml.Write(Sample.QemuDomain("a") with { Title = "bell\u0007" }));
    }

    [Fact]
    public void Amounts_are_read_in_any_unit()
    {
        static long Memory(string element) => DomainXml.Read(
            $"<domain type='qemu'><name>a</name><uuid>11111111-2222-3333-4444-555555555555</uuid>{element}<os><type>hvm</type></os></domain>").MemoryKiB;

        Assert.Equal(1024, Memory("<memory>1024</memory>"));
        Assert.Equal(1024, Memory("<memory unit='bytes'>1048576</memory>"));
        Assert.Equal(2048, Memory("<memory unit='MiB'>2</memory>"));
        Assert.Equal(4_194_304, Memory("<memory unit='G'>4</memory>"));
        Assert.Throws<FormatException>(() => Memory("<memory unit='parsec'>4</memory>"));
        Assert.Throws<FormatException>(() => Memory("<memory>lots</memory>"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<domain")]
    [InlineData("<network/>")]
    [InlineData("<domain><name>a</name></domain>")]
    [InlineData("<domain><uuid>11111111-2222-3333-4444-555555555555</uuid></domain>")]
    [InlineData("<domain><name>a</name><uuid>11111111-2222-3333-4444-555555555555</uuid></domain>")]
    public void What_is_no_domain_is_refused(string xml) => Assert.Throws<FormatException>(() => DomainXml.Read(xml));

    [Fact]
    public void Devices_that_the_model_does_not_have_are_seen_but_not_written()
    {
        var read = DomainXml.Read("""
            <domain type='qemu'>
              <name>a</name><uuid>11111111-2222-3333-4444-555555555555</uuid><memory>1024</memory><os><type>hvm</type></os>
              <devices>
                <disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vda'/></disk>
                <interface type='direct'><source dev='eth0'/></interface>
                <hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/></source></hostdev>
                <serial type='null'/>
              </devices>
            </domain>
            """);
        Assert.Equal(new OtherDisk("volume"), read.Devices.Disks[0].Source);
        Assert.Equal(new OtherInterface("direct"), read.Devices.Interfaces[0].Source);
        Assert.Equal(new OtherHostDevice("usb"), read.Devices.HostDevices[0]);
        Assert.Equal(new OtherCharacter("null"), read.Devices.Serials[0].Source);
        Assert.Throws<NotSupportedException>(() => DomainXml.Write(read));
    }

    [Fact]
    public void Metadata_keeps_its_namespace()
    {
        XNamespace space = "https://example.org/instance/1";
        var read = DomainXml.Read(DomainXml.Write(GoldenDefinitions.All["plain"]));
        var element = Assert.Single(read.Metadata);
        Assert.Equal(space + "instance", element.Name);
        Assert.Equal("3", element.Element(space + "epoch")!.Value);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
