using System.Xml.Linq;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Events;
using Kilonova.Libvirt.Tests.Support;
using Kilonova.Libvirt.Xml;

namespace Kilonova.Libvirt.Tests;

/// <summary>Domains from definition to removal on libvirt's own test driver, inside this process.</summary>
public sealed class TestDriverTests : IAsyncLifetime
{
    private const string Uri = "test:///default";
    private LibvirtConnection connection = null!;

    public async ValueTask InitializeAsync()
    {
        Requires.Libvirt();
        connection = await LibvirtConnection.OpenAsync(Uri);
    }

    public async ValueTask DisposeAsync()
    {
        if (connection is null)
            return;
        await connection.DisposeAsync();
        Assert.Equal(0, connection.ReferencesLeft);
    }

    [Fact]
    public async Task A_domain_goes_through_its_life()
    {
        var definition = Sample.TestDomain("life");
        var uuid = definition.Uuid;
        var domains = connection.Domains;

        Assert.Equal(new DomainIdentity(uuid, "life", null), await domains.DefineAsync(DomainXml.Write(definition)));
        Assert.Equal(DomainState.ShutOff, (await domains.GetStateAsync(uuid)).State);

        await domains.StartAsync(uuid);
        Assert.Equal(DomainState.Running, (await domains.GetStateAsync(uuid)).State);
        Assert.NotNull((await domains.FindAsync(uuid))!.Id);

        await domains.SuspendAsync(uuid);
        Assert.Equal(DomainState.Paused, (await domains.GetStateAsync(uuid)).State);
        await domains.ResumeAsync(uuid);

        await domains.DestroyAsync(uuid);
        Assert.Equal(
            new DomainStateInfo(DomainState.ShutOff, StateReason.ShutOffDestroyed), await domains.GetStateAsync(uuid));

        await domains.UndefineAsync(uuid, DomainUndefineFlags.None);
        Assert.Null(await domains.FindAsync(uuid));
        Assert.Null(await domains.FindByNameAsync("life"));
    }

    [Fact]
    public async Task Events_arrive_in_order()
    {
        var stream = new LibvirtEventStream();
        await connection.SubscribeAsync(stream, DomainEventKinds.Lifecycle);
        var definition = Sample.TestDomain("events");
        await connection.Domains.DefineAsync(DomainXml.Write(definition));
        await connection.Domains.StartAsync(definition.Uuid);
        await connection.Domains.DestroyAsync(definition.Uuid);
        await connection.Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.None);

        var changes = new List<LifecycleChange>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await foreach (var next in stream.ReadAllAsync(patience.Token))
        {
            if (next is DomainLifecycleEvent change && change.Domain.Uuid == definition.Uuid)
                changes.Add(change.Change);
            if (changes is [.., LifecycleChange.Undefined])
                break;
        }

        Assert.Equal(
            [LifecycleChange.Defined, LifecycleChange.Started, LifecycleChange.Stopped, LifecycleChange.Undefined], changes);
    }

    [Fact]
    public async Task What_libvirt_refuses_is_an_error_with_its_code()
    {
        var missing = Guid.NewGuid();
        var error = await Assert.ThrowsAsync<LibvirtException>(() => connection.Domains.StartAsync(missing));
        Assert.True(error.IsNoDomain, error.ToString());
        Assert.Equal("virDomainCreateWithFlags", error.Operation);

        var definition = Sample.TestDomain("twice");
        await connection.Domains.DefineAsync(DomainXml.Write(definition));
        error = await Assert.ThrowsAsync<LibvirtException>(() => connection.Domains.DestroyAsync(definition.Uuid));
        Assert.True(error.IsOperationInvalid, error.ToString());
        await connection.Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.None);

        error = await Assert.ThrowsAsync<LibvirtException>(() => connection.Domains.DefineAsync("<domain"));
        Assert.True(error.IsBadXml, error.ToString());
    }

    [Fact]
    public async Task Metadata_and_autostart_are_kept()
    {
        XNamespace space = "https://example.org/test/1";
        var definition = Sample.TestDomain("metadata") with
        {
            Metadata = [new XElement(space + "instance", new XAttribute(XNamespace.Xmlns + "t", space), new XAttribute("epoch", 1))],
        };
        var domains = connection.Domains;
        await domains.DefineAsync(DomainXml.Write(definition));

        Assert.Contains("epoch=\"1\"", await domains.GetMetadataAsync(definition.Uuid, space.NamespaceName), StringComparison.Ordinal);
        await domains.SetMetadataAsync(definition.Uuid, space.NamespaceName, "t", "<instance epoch='2'/>");
        Assert.Contains("epoch=\"2\"", await domains.GetMetadataAsync(definition.Uuid, space.NamespaceName), StringComparison.Ordinal);
        await domains.SetMetadataAsync(definition.Uuid, space.NamespaceName, "t", null);
        Assert.Null(await domains.GetMetadataAsync(definition.Uuid, space.NamespaceName));

        Assert.False(await domains.GetAutostartAsync(definition.Uuid));
        await domains.SetAutostartAsync(definition.Uuid, true);
        Assert.True(await domains.GetAutostartAsync(definition.Uuid));
        await domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.None);
    }

    [Fact]
    public async Task Figures_come_for_all_domains_at_once_and_for_one()
    {
        var all = await connection.Domains.GetAllStatsAsync(DomainStatsKinds.State, DomainListFlags.Active);
        Assert.Contains(all, stats => stats.Domain.Name == "test" && stats.State == DomainState.Running);

        var test = await connection.Domains.FindByNameAsync("test");
        var one = await connection.Domains.GetStatsAsync(test!.Uuid, DomainStatsKinds.State);
        Assert.Equal(DomainState.Running, one.State);
        var info = await connection.Domains.GetInfoAsync(test.Uuid);
        Assert.Equal((DomainState.Running, 8_388_608L, 2), (info.State, info.MaxMemoryKiB, info.VirtualCpus));
        Assert.Contains(test, await connection.Domains.ListAsync(DomainListFlags.Active));
        Assert.DoesNotContain(test, await connection.Domains.ListAsync(DomainListFlags.Inactive));
    }

    [Fact]
    public async Task The_host_says_what_it_is()
    {
        var node = await connection.Host.GetNodeInfoAsync();
        Assert.Equal((16, 2, 2, 2, 2), (node.Cpus, node.NumaCells, node.SocketsPerCell, node.CoresPerSocket, node.ThreadsPerCore));
        Assert.Equal("i686", node.CpuModel);
        Assert.Equal(3_145_728, node.MemoryKiB);

        var version = await connection.Host.GetVersionAsync();
        Assert.Equal("TEST", version.Driver, ignoreCase: true);
        Assert.True(version.Daemon >= new Version(9, 0, 0), version.ToString());
        Assert.Equal(System.Net.Dns.GetHostName(), await connection.Host.GetHostnameAsync());

        var capabilities = await connection.Host.GetCapabilitiesAsync();
        Assert.Equal("i686", capabilities.Cpu.Architecture);
        Assert.Equal(2, capabilities.Cells.Count);
    }
}
