using System.Xml.Linq;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Events;
using Kilonova.Libvirt.Tests.Support;
using Kilonova.Libvirt.Tests.Xml;
using Kilonova.Libvirt.Xml;
using Kilonova.Libvirt.Xml.Devices;

namespace Kilonova.Libvirt.Tests;

/// <summary>A daemon with its QEMU driver, shared by the tests below; started by the first, since only a test can be skipped.</summary>
public sealed class QemuFixture : IAsyncDisposable
{
    internal PrivateLibvirtd Daemon { get; private set; } = null!;

    internal LibvirtHost Host { get; private set; } = null!;

    internal async Task StartAsync()
    {
        if (Host is not null)
            return;
        Requires.Program("/usr/bin/qemu-system-x86_64", "qemu-system-x86");
        Daemon = await PrivateLibvirtd.CreateAsync(drivers: true);
        var host = new LibvirtHost(Daemon.QemuUri);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await host.ConnectAsync(patience.Token);
        Host = host;
    }

    public async ValueTask DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        if (Daemon is not null)
            await Daemon.DisposeAsync();
    }
}

/// <summary>Real machines under QEMU's own emulation.</summary>
public sealed class QemuTests(QemuFixture fixture) : IClassFixture<QemuFixture>, IAsyncLifetime
{
    private DomainOperations Domains => fixture.Host.Domains;

    public async ValueTask InitializeAsync() => await fixture.StartAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_machine_is_defined_started_paused_reset_and_removed()
    {
        var log = $"{fixture.Daemon.Directory}/serial.log";
        var sample = Sample.QemuDomain("machine");
        var definition = sample with
        {
            Devices = sample.Devices with
            {
                Serials = [new CharacterDevice { Source = new FileCharacter(log, Append: true) }],
                Inputs = [new InputDevice("keyboard", "ps2")],
            },
        };
        var uuid = definition.Uuid;
        await Domains.DefineAsync(DomainXml.Write(definition), DomainDefineFlags.Validate);
        await Domains.StartAsync(uuid, DomainStartFlags.Paused);
        Assert.Equal(DomainState.Paused, (await Domains.GetStateAsync(uuid)).State);
        Assert.Equal(1, await fixture.Daemon.QemuProcessesAsync());
        await Domains.ResumeAsync(uuid);
        var error = await Assert.ThrowsAsync<LibvirtException>(() => Domains.StartAsync(uuid));
        Assert.True(error.IsOperationInvalid, error.ToString());

        var live = DomainXml.Read(await Domains.GetXmlAsync(uuid));
        Assert.Equal((definition.Name, uuid, definition.MemoryKiB, "qemu"), (live.Name, live.Uuid, live.MemoryKiB, live.Type));
        Assert.Equal(new FileCharacter(log, Append: true), live.Devices.Serials[0].Source);
        Assert.True(File.Exists(log));
        Assert.StartsWith("pc-q35-", live.Os.Machine, StringComparison.Ordinal);

        var stats = await Domains.GetStatsAsync(uuid);
        Assert.Equal((DomainState.Running, 1), (stats.State!.Value, stats.VirtualCpus!.Value));
        Assert.True(stats.CpuTimeNanoseconds > 0 && stats.ResidentKiB > 0, string.Join('\n', stats.Values));
        await Domains.ResetAsync(uuid);
        await Domains.SuspendAsync(uuid);
        Assert.Equal(
            new DomainStateInfo(DomainState.Paused, StateReason.PausedUser), await Domains.GetStateAsync(uuid));
        await Domains.DestroyAsync(uuid, graceful: true);
        Assert.Equal(0, await fixture.Daemon.QemuProcessesAsync());
        error = await Assert.ThrowsAsync<LibvirtException>(() => Domains.DestroyAsync(uuid));
        Assert.True(error.IsOperationInvalid, error.ToString());
        await Domains.UndefineAsync(uuid, DomainUndefineFlags.Everything);
        Assert.Null(await Domains.FindAsync(uuid));
    }

    [Fact]
    public async Task A_machine_outlives_the_daemon_and_is_found_again()
    {
        var definition = Sample.QemuDomain("survivor");
        await Domains.DefineAsync(DomainXml.Write(definition));
        await Domains.StartAsync(definition.Uuid);
        await fixture.Daemon.KillAsync();
        Assert.Equal(1, await fixture.Daemon.QemuProcessesAsync());
        await fixture.Daemon.StartAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var next in fixture.Host.Events.ReadAllAsync(patience.Token))
        {
            if (next is Reconnected)
                break;
        }

        Assert.Equal(DomainState.Running, (await Domains.GetStateAsync(definition.Uuid)).State);
        try
        {
            await Domains.DestroyAsync(definition.Uuid);
        }
        catch (LibvirtException error) when (error.IsOperationInvalid)
        {
            // A destroy that meets the daemon just as it takes the machine over makes that fail, which kills the machine: the call then finds
            // it not running.
        }

        Assert.Equal(DomainState.ShutOff, (await Domains.GetStateAsync(definition.Uuid)).State);
        Assert.Equal(0, await fixture.Daemon.QemuProcessesAsync());
        await Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.Everything);
    }

    [Fact]
    public async Task A_managed_save_is_rewritten_and_restored()
    {
        XNamespace space = "https://example.org/test/1";
        var definition = Sample.QemuDomain("saved") with
        {
            Metadata = [new XElement(space + "instance", new XAttribute(XNamespace.Xmlns + "t", space), new XAttribute("epoch", 1))],
        };
        var uuid = definition.Uuid;
        await Domains.DefineAsync(DomainXml.Write(definition));
        await Domains.StartAsync(uuid);
        await Domains.SaveAsync(uuid);
        Assert.True(await Domains.HasSaveAsync(uuid));
        Assert.Equal(
            new DomainStateInfo(DomainState.ShutOff, StateReason.ShutOffSaved), await Domains.GetStateAsync(uuid));

        var saved = await Domains.GetSaveXmlAsync(uuid);
        await Domains.SetSaveXmlAsync(uuid, saved.Replace("epoch=\"1\"", "epoch=\"2\"", StringComparison.Ordinal));
        await Domains.StartAsync(uuid);
        Assert.Contains("epoch=\"2\"", await Domains.GetMetadataAsync(uuid, space.NamespaceName), StringComparison.Ordinal);
        await Domains.DestroyAsync(uuid);
        await Domains.UndefineAsync(uuid, DomainUndefineFlags.Everything);
    }

    [Fact]
    public async Task A_device_comes_and_goes_with_its_event()
    {
        var sample = Sample.QemuDomain("hotplug");
        var definition = sample with
        {
            Devices = sample.Devices with
            {
                Controllers = [.. sample.Devices.Controllers, new Controller("pci", 0, "pcie-root"), new Controller("pci", 1, "pcie-root-port")],
            },
        };
        await Domains.DefineAsync(DomainXml.Write(definition));
        await Domains.StartAsync(definition.Uuid);
        await using var connection = await fixture.Host.OpenDedicatedAsync();
        var stream = new LibvirtEventStream();
        await connection.SubscribeAsync(stream, DomainEventKinds.Devices);
        await connection.Domains.AttachDeviceAsync(
            definition.Uuid, "<rng model='virtio'><backend model='builtin'/><alias name='ua-rng'/></rng>", DomainAffect.Live);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var events = stream.ReadAllAsync(patience.Token).GetAsyncEnumerator(patience.Token);
        Assert.True(await events.MoveNextAsync());
        var added = Assert.IsType<DomainDeviceEvent>(events.Current);
        Assert.Equal((DeviceChange.Added, "ua-rng"), (added.Change, added.DeviceAlias));
        await Domains.DestroyAsync(definition.Uuid);
        await Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.Everything);
    }

    [Fact]
    public async Task Reboots_and_finished_jobs_are_told()
    {
        var definition = Sample.QemuDomain("jobs");
        await using var connection = await fixture.Host.OpenDedicatedAsync();
        var stream = new LibvirtEventStream();
        await connection.SubscribeAsync(stream, DomainEventKinds.Reboot | DomainEventKinds.Jobs);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var events = stream.ReadAllAsync(patience.Token).GetAsyncEnumerator(patience.Token);

        await Domains.DefineAsync(DomainXml.Write(definition));
        await Domains.StartAsync(definition.Uuid);
        await Domains.ResetAsync(definition.Uuid);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(definition.Uuid, Assert.IsType<DomainRebootEvent>(events.Current).Domain.Uuid);

        await Domains.SaveAsync(definition.Uuid);
        do
            Assert.True(await events.MoveNextAsync());
        while (events.Current is DomainMigrationIterationEvent);
        var statistics = Assert.IsType<DomainJobCompletedEvent>(events.Current).Statistics;
        Assert.True(statistics["memory_total"].AsInt64 >= definition.MemoryKiB * 1024, string.Join('\n', statistics));
        await Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.Everything);
    }

    [Fact]
    public async Task Capabilities_are_read_as_this_host_reports_them()
    {
        var host = await fixture.Host.Host.GetCapabilitiesAsync();
        Assert.Equal("x86_64", host.Cpu.Architecture);
        var guest = Assert.Single(host.Guests, guest => guest.Architecture == "x86_64" && guest.OsType == "hvm");
        Assert.Contains("qemu", guest.DomainTypes);
        Assert.Contains(guest.Machines, machine => machine.Name == "q35" && machine.Canonical!.StartsWith("pc-q35-", StringComparison.Ordinal));

        var capabilities = await fixture.Host.Host.GetDomainCapabilitiesAsync("qemu", "q35", "x86_64");
        Assert.Equal(("qemu", "x86_64", guest.Emulator), (capabilities.VirtType, capabilities.Architecture, capabilities.Emulator));
        Assert.True(capabilities.DeviceHas("disk", "bus", "virtio"));
        Assert.False(capabilities.Cpu.HostPassthrough);
        Assert.Contains(capabilities.Cpu.Models, model => model is { Name: "qemu64", Usable: true });

        var version = await fixture.Host.Host.GetVersionAsync();
        Assert.Equal("QEMU", version.Driver);
        Assert.True(version.Hypervisor.Major >= 7, version.ToString());
        Assert.True(await fixture.Host.Host.GetFreeMemoryAsync() > 0);
        if (host.Cells is [var cell, ..])
        {
            var pages = await fixture.Host.Host.GetFreePagesAsync([.. cell.Pages.Select(page => (int)page.SizeKiB)], cell.Id, 1);
            Assert.Equal(cell.Pages.Count, Assert.Single(pages).Count);
        }
    }

    /// <summary>libvirt's own schema judges what we write, and libvirt reads it as we mean it.</summary>
    [Theory]
    [MemberData(nameof(GoldenDefinitions.Names), MemberType = typeof(GoldenDefinitions))]
    public async Task Golden_definitions_are_valid_for_libvirt(string name)
    {
        var definition = GoldenDefinitions.All[name];
        LibvirtException? refused = null;
        try
        {
            await Domains.DefineAsync(DomainXml.Write(definition), DomainDefineFlags.Validate);
        }
        catch (LibvirtException error)
        {
            refused = error;
        }

        // A host without the hardware or firmware may refuse to run it, but the schema must hold.
        Assert.NotEqual(LibvirtErrorCode.XmlInvalidSchema, refused?.Code);
        if (GoldenDefinitions.NeedsHardware.Contains(name))
            return;
        Assert.True(refused is null, refused?.ToString());
        var back = DomainXml.Read(await Domains.GetXmlAsync(definition.Uuid, DomainXmlFlags.Inactive));
        Assert.Equal((definition.Name, definition.MemoryKiB, definition.VirtualCpus), (back.Name, back.MemoryKiB, back.VirtualCpus));
        Assert.Equal(
            definition.Devices.Disks.Select(d => d.Source?.ToXml().ToString()), back.Devices.Disks.Select(d => d.Source?.ToXml().ToString()));
        Assert.Equal(
            definition.Devices.Interfaces.Select(i => (i.Source, i.Mac, i.Model, i.Mtu)),
            back.Devices.Interfaces.Select(i => (i.Source, i.Mac, i.Model, i.Mtu)));
        await Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.Everything);
    }
}
