using System.Globalization;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Events;
using Kilonova.Libvirt.Tests.Support;
using Kilonova.Libvirt.Xml;

namespace Kilonova.Libvirt.Tests;

/// <summary>The pool of connections to a daemon that comes and goes.</summary>
public sealed class LibvirtHostTests : IAsyncLifetime
{
    private static readonly LibvirtHostOptions Options = new()
    {
        ReconnectDelay = TimeSpan.FromMilliseconds(5),
        MaxReconnectDelay = TimeSpan.FromMilliseconds(50),
    };

    private PrivateLibvirtd daemon = null!;

    public async ValueTask InitializeAsync() => daemon = await PrivateLibvirtd.CreateAsync();

    public async ValueTask DisposeAsync()
    {
        if (daemon is not null)
            await daemon.DisposeAsync();
    }

    [Fact]
    public async Task A_restart_of_the_daemon_is_announced_and_survived()
    {
        await using var host = new LibvirtHost(daemon.TestUri, Options);
        await host.ConnectAsync();
        await using var events = host.Events.ReadAllAsync().GetAsyncEnumerator();
        var before = Sample.TestDomain("before");
        await host.Domains.DefineAsync(DomainXml.Write(before));
        Assert.Equal(LifecycleChange.Defined, (await NextAsync<DomainLifecycleEvent>(events)).Change);

        await daemon.KillAsync();
        Assert.Equal("the daemon closed it", (await NextAsync<ConnectionLost>(events)).Reason);
        var error = await Assert.ThrowsAsync<LibvirtException>(() => host.Domains.ListAsync());
        Assert.True(error.IsConnectionLost && !host.IsConnected, error.ToString());
        Assert.NotNull(host.LastError);

        await daemon.StartAsync();
        Assert.True((await NextAsync<Reconnected>(events)).Downtime > TimeSpan.Zero);
        Assert.True(host.IsConnected);
        await host.ConnectAsync();

        // Events and all kinds of calls work again on new connections.
        var after = Sample.TestDomain("after");
        await host.Domains.DefineAsync(DomainXml.Write(after));
        Assert.Equal(after.Uuid, (await NextAsync<DomainLifecycleEvent>(events)).Domain.Uuid);
        Assert.NotNull(await host.Domains.FindAsync(after.Uuid));
    }

    [Fact]
    public async Task A_call_in_flight_when_the_daemon_dies_fails_at_once()
    {
        await using var host = new LibvirtHost(daemon.TestUri, Options);
        await host.ConnectAsync();
        await host.Domains.ListAsync();
        await daemon.FreezeAsync();
        var call = host.Domains.ListAsync();
        await daemon.KillAsync();
        var error = await Assert.ThrowsAsync<LibvirtException>(() => call.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(error.IsConnectionLost && !error.IsTimeout, error.ToString());
    }

    [Fact]
    public async Task It_waits_for_a_daemon_that_is_not_there_yet()
    {
        await daemon.KillAsync();
        await using var host = new LibvirtHost(daemon.TestUri, Options);
        var connecting = host.ConnectAsync();
        await Eventually.TrueAsync(
            () => host.LastError?.Contains("libvirt-sock", StringComparison.Ordinal) == true, "the error names the socket");
        Assert.False(connecting.IsCompleted);
        await daemon.StartAsync();
        await connecting.WaitAsync(TimeSpan.FromSeconds(30));

        using var cancelled = new CancellationTokenSource();
        await using var other = new LibvirtHost(daemon.TestUri + "-missing", Options);
        var hopeless = other.ConnectAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hopeless);
    }

    [Fact]
    public async Task Attempts_to_connect_come_ever_more_slowly()
    {
        var time = new ManualTime();
        var options = new LibvirtHostOptions
        {
            ReconnectDelay = TimeSpan.FromMilliseconds(100),
            MaxReconnectDelay = TimeSpan.FromMilliseconds(300),
        };
        await daemon.KillAsync();
        await using var host = new LibvirtHost(daemon.TestUri, options, time);
        host.Start();
        foreach (var delay in (int[])[100, 200, 300, 300])
        {
            // The other timer, of the attempt itself, is thirty seconds away.
            await Eventually.TrueAsync(() => time.UntilNext == TimeSpan.FromMilliseconds(delay), $"the next attempt is {delay} ms away");
            time.Advance(TimeSpan.FromMilliseconds(delay));
        }
    }

    [Fact]
    public async Task Events_under_load_arrive_complete_and_in_order_per_domain()
    {
        const int Domains = 100;
        const int Rounds = 10;
        await using var host = new LibvirtHost(daemon.TestUri, Options);
        await host.ConnectAsync();
        var perDomain = new Dictionary<Guid, List<LifecycleChange>>();
        var reading = Task.Run(async () =>
        {
            var undefined = 0;
            await foreach (var next in host.Events.ReadAllAsync())
            {
                var change = Assert.IsType<DomainLifecycleEvent>(next);
                if (!perDomain.TryGetValue(change.Domain.Uuid, out var changes))
                    perDomain[change.Domain.Uuid] = changes = [];
                changes.Add(change.Change);
                if (change.Change == LifecycleChange.Undefined && ++undefined == Domains)
                    break;
            }
        });

        await Parallel.ForAsync(0, Domains, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, token) =>
        {
            var definition = Sample.TestDomain(i.ToString(CultureInfo.InvariantCulture));
            await host.Domains.DefineAsync(DomainXml.Write(definition), cancellationToken: token);
            for (var round = 0; round < Rounds; round++)
            {
                await host.Domains.StartAsync(definition.Uuid, cancellationToken: token);
                await host.Domains.DestroyAsync(definition.Uuid, cancellationToken: token);
            }

            await host.Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.None, token);
        });

        await reading.WaitAsync(TimeSpan.FromSeconds(30));
        LifecycleChange[] expected =
        [
            LifecycleChange.Defined,
            .. Enumerable.Repeat((LifecycleChange[])[LifecycleChange.Started, LifecycleChange.Stopped], Rounds).SelectMany(pair => pair),
            LifecycleChange.Undefined,
        ];
        Assert.Equal(Domains, perDomain.Count);
        Assert.All(perDomain.Values, changes => Assert.Equal(expected, changes));
    }

    [Fact]
    public async Task A_reader_that_is_too_slow_hears_how_much_it_missed()
    {
        await using var host = new LibvirtHost(daemon.TestUri, Options with { EventCapacity = 10 });
        await host.ConnectAsync();
        for (var i = 0; i < 25; i++)
            await host.Domains.DefineAsync(DomainXml.Write(Sample.TestDomain($"lost-{i}")));

        await Eventually.TrueAsync(() => host.Events.Lost == 15, "ten events are kept, fifteen dropped");
        await using var events = host.Events.ReadAllAsync().GetAsyncEnumerator();
        await NextAsync<DomainLifecycleEvent>(events);
        Assert.Equal(15, (await NextAsync<EventsLost>(events)).Count);
        for (var i = 0; i < 9; i++)
            await NextAsync<DomainLifecycleEvent>(events);
        await host.Domains.DefineAsync(DomainXml.Write(Sample.TestDomain("next")));
        Assert.Equal("next", (await NextAsync<DomainLifecycleEvent>(events)).Domain.Name);
    }

    [Fact]
    public async Task A_quiet_host_has_few_connections_and_a_busy_one_at_most_five()
    {
        await using var host = new LibvirtHost(daemon.TestUri, Options);
        await host.ConnectAsync();
        Assert.Equal(1, host.UsableConnections);
        await host.Domains.ListAsync();
        await host.Domains.DefineAsync(DomainXml.Write(Sample.TestDomain("one")));
        Assert.Equal(3, host.UsableConnections);

        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (i, token) =>
            await host.Domains.DefineAsync(DomainXml.Write(Sample.TestDomain($"many-{i}")), cancellationToken: token));
        Assert.Equal(202, (await host.Domains.ListAsync()).Count);
        Assert.Equal(5, host.UsableConnections);
    }

    private static async Task<T> NextAsync<T>(IAsyncEnumerator<LibvirtEvent> events)
        where T : LibvirtEvent
    {
        Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        return Assert.IsType<T>(events.Current);
    }
}
