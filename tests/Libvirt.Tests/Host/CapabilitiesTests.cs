using Kilonova.Libvirt.Host;

namespace Kilonova.Libvirt.Tests.Host;

public sealed class CapabilitiesTests
{
    /// <summary>Two sockets with two threads a core, huge pages, one CPU offline; shortened from libvirt 9.0.</summary>
    private const string TwoCells = """
        <capabilities>
          <host>
            <uuid>e927f41a-355e-4afe-b26a-8e57547576cb</uuid>
            <cpu>
              <arch>x86_64</arch><model>Skylake-Server-IBRS</model><vendor>Intel</vendor><microcode version='33581318'/>
              <topology sockets='1' dies='1' cores='2' threads='2'/>
              <feature name='vmx'/><feature name='pdpe1gb'/>
              <pages unit='KiB' size='4'/><pages unit='KiB' size='2048'/>
            </cpu>
            <migration_features><live/><uri_transports><uri_transport>tcp</uri_transport><uri_transport>rdma</uri_transport></uri_transports></migration_features>
            <topology>
              <cells num='2'>
                <cell id='0'>
                  <memory unit='KiB'>32770000</memory>
                  <pages unit='KiB' size='4'>8000000</pages><pages unit='KiB' size='2048'>512</pages><pages unit='KiB' size='1048576'>2</pages>
                  <distances><sibling id='0' value='10'/><sibling id='1' value='21'/></distances>
                  <cpus num='4'>
                    <cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0,4'/>
                    <cpu id='1' socket_id='0' die_id='0' core_id='1' siblings='1,5'/>
                    <cpu id='4' socket_id='0' die_id='0' core_id='0' siblings='0,4'/>
                    <cpu id='5' socket_id='0' die_id='0' core_id='1' siblings='1,5'/>
                  </cpus>
                </cell>
                <cell id='1'>
                  <memory unit='KiB'>33000000</memory>
                  <cpus num='1'><cpu id='2'/></cpus>
                </cell>
              </cells>
            </topology>
            <secmodel><model>apparmor</model><doi>0</doi></secmodel>
            <secmodel><model>dac</model><doi>0</doi></secmodel>
          </host>
          <guest>
            <os_type>hvm</os_type>
            <arch name='x86_64'>
              <wordsize>64</wordsize><emulator>/usr/bin/qemu-system-x86_64</emulator>
              <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine><machine maxCpus='288'>pc-q35-7.2</machine>
              <domain type='qemu'/><domain type='kvm'/>
            </arch>
          </guest>
        </capabilities>
        """;

    private const string Guest = """
        <domainCapabilities>
          <path>/usr/bin/qemu-system-x86_64</path><domain>kvm</domain><machine>pc-q35-7.2</machine><arch>x86_64</arch>
          <vcpu max='288'/><iothreads supported='yes'/>
          <os supported='yes'>
            <enum name='firmware'><value>bios</value><value>efi</value></enum>
            <loader supported='yes'>
              <value>/usr/share/OVMF/OVMF_CODE_4M.fd</value><value>/usr/share/OVMF/OVMF_CODE_4M.ms.fd</value>
              <enum name='type'><value>rom</value><value>pflash</value></enum>
              <enum name='readonly'><value>yes</value><value>no</value></enum>
              <enum name='secure'><value>yes</value><value>no</value></enum>
            </loader>
          </os>
          <cpu>
            <mode name='host-passthrough' supported='yes'><enum name='hostPassthroughMigratable'><value>on</value></enum></mode>
            <mode name='maximum' supported='no'/>
            <mode name='host-model' supported='yes'>
              <model fallback='forbid'>EPYC-Milan</model><vendor>AMD</vendor>
              <feature policy='require' name='x2apic'/><feature policy='disable' name='svm'/>
            </mode>
            <mode name='custom' supported='yes'>
              <model usable='yes' vendor='unknown'>qemu64</model><model usable='no' vendor='Intel'>Snowridge</model>
              <model usable='unknown' vendor='AMD'>EPYC</model>
            </mode>
          </cpu>
          <memoryBacking supported='yes'><enum name='sourceType'><value>memfd</value></enum></memoryBacking>
          <devices>
            <disk supported='yes'><enum name='bus'><value>virtio</value><value>scsi</value></enum></disk>
            <tpm supported='yes'><enum name='model'><value>tpm-crb</value></enum><enum name='backendVersion'><value>2.0</value></enum></tpm>
            <rng supported='no'><enum name='model'><value>virtio</value></enum></rng>
          </devices>
          <features>
            <gic supported='no'/><vmcoreinfo supported='yes'/>
            <sev supported='yes'><cbitpos>47</cbitpos><reducedPhysBits>1</reducedPhysBits><maxGuests>15</maxGuests><maxESGuests>0</maxESGuests></sev>
          </features>
        </domainCapabilities>
        """;

    [Fact]
    public void Cells_of_the_host_come_with_pages_distances_and_places_of_their_cpus()
    {
        var host = HostCapabilities.Parse(TwoCells);
        Assert.Equal(Guid.Parse("e927f41a-355e-4afe-b26a-8e57547576cb"), host.HostUuid);
        Assert.Equal(("Skylake-Server-IBRS", "Intel", "33581318"), (host.Cpu.Model, host.Cpu.Vendor, host.Cpu.Microcode));
        Assert.Equal(new HostCpuTopology(1, 1, 2, 2), host.Cpu.Topology);
        Assert.Equal(["vmx", "pdpe1gb"], host.Cpu.Features);
        Assert.Equal([4, 2048], host.Cpu.PageSizesKiB);

        var cell = host.Cells[0];
        Assert.Equal((0, 32_770_000L), (cell.Id, cell.MemoryKiB));
        Assert.Equal([new PageCount(4, 8_000_000), new PageCount(2048, 512), new PageCount(1_048_576, 2)], cell.Pages);
        Assert.Equal([new CellDistance(0, 10), new CellDistance(1, 21)], cell.Distances);
        Assert.Equal([0, 1, 4, 5], cell.Cpus.Select(cpu => cpu.Id));
        Assert.Equal((0, 0, 1), (cell.Cpus[3].Socket, cell.Cpus[3].Die, cell.Cpus[3].Core));
        Assert.Equal([1, 5], cell.Cpus[3].Siblings);

        var offline = Assert.Single(host.Cells[1].Cpus);
        Assert.Equal((2, null, null), (offline.Id, offline.Socket, offline.Core));
        Assert.Equal([2], offline.Siblings);

        Assert.Equal(["apparmor", "dac"], host.SecurityModels);
        Assert.True(host.LiveMigration);
        Assert.Equal(["tcp", "rdma"], host.MigrationTransports);
        var guest = Assert.Single(host.Guests);
        Assert.Equal(("hvm", "x86_64", 64, "/usr/bin/qemu-system-x86_64"), (guest.OsType, guest.Architecture, guest.WordSize, guest.Emulator));
        Assert.Equal([new MachineType("q35", "pc-q35-7.2", 288), new MachineType("pc-q35-7.2", null, 288)], guest.Machines);
        Assert.Equal(["qemu", "kvm"], guest.DomainTypes);
    }

    [Fact]
    public void What_a_guest_may_have_is_read_whole()
    {
        var guest = DomainCapabilities.Parse(Guest);
        Assert.Equal(
            ("/usr/bin/qemu-system-x86_64", "kvm", "pc-q35-7.2", "x86_64", 288, true),
            (guest.Emulator, guest.VirtType, guest.Machine, guest.Architecture, guest.MaxVirtualCpus, guest.IoThreads));
        Assert.Equal(["bios", "efi"], guest.Firmwares);
        Assert.Equal(2, guest.Loader.Files.Count);
        Assert.True(guest.Loader.Secure);
        Assert.Equal((true, false), (guest.Cpu.HostPassthrough, guest.Cpu.Maximum));
        Assert.Equal("EPYC-Milan", guest.Cpu.HostModel!.Model);
        Assert.Equal(["x2apic"], guest.Cpu.HostModel.Required);
        Assert.Equal(["svm"], guest.Cpu.HostModel.Disabled);
        Assert.Equal([true, false, null], guest.Cpu.Models.Select(model => model.Usable));
        Assert.True(guest.MemoryBacking.Has("sourceType", "memfd"));
        Assert.True(guest.DeviceHas("tpm", "model", "tpm-crb"));
        Assert.False(guest.DeviceHas("tpm", "model", "tpm-tis"));
        Assert.False(guest.DeviceHas("rng", "model", "virtio"));
        Assert.False(guest.DeviceHas("nonesuch", "model", "virtio"));
        Assert.True(guest.HasFeature("vmcoreinfo"));
        Assert.False(guest.HasFeature("gic"));
        Assert.Equal(new SevCapabilities(47, 1, 15, 0), guest.Sev);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<domain/>")]
    [InlineData("<capabilities/>")]
    public void What_is_no_capabilities_document_is_refused(string xml) => Assert.Throws<FormatException>(() => HostCapabilities.Parse(xml));

    [Fact]
    public void A_bare_document_means_nothing_is_supported()
    {
        var guest = DomainCapabilities.Parse("<domainCapabilities><path>/q</path></domainCapabilities>");
        Assert.False(guest.Loader.Supported);
        Assert.Empty(guest.Firmwares);
        Assert.Null(guest.Cpu.HostModel);
        Assert.Null(guest.Sev);
        Assert.Null(guest.MaxVirtualCpus);
    }
}
