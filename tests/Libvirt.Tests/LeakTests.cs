using System.Diagnostics;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Events;
using Kilonova.Libvirt.Tests.Support;
using Kilonova.Libvirt.Xml;

namespace Kilonova.Libvirt.Tests;

/// <summary>
/// Long runs that must leave nothing behind: connections, callbacks, descriptors and threads are counted exactly, memory by the slope
/// over the rounds after a warm-up.
/// </summary>
public sealed class LeakTests(ITestOutputHelper output)
{
    private const int Samples = 20;

    [Fact]
    public async Task Ten_thousand_definitions_leave_nothing_behind()
    {
        const int WarmUp = 4_000;
        const int Rounds = 10_000;
        // A leaked domain object is 200 bytes, an XML text 1.5 KB. Resident memory has steps of .NET's own.
        const double LiveBytesAllowed = 50;
        const double ResidentBytesAllowed = 1_500;

        await using var daemon = await PrivateLibvirtd.CreateAsync();
        await using (var holder = await Eventually.SucceedsAsync(() => LibvirtConnection.OpenAsync(daemon.TestUri)))
        {
            var before = Leaks.Measure();
            var connection = await LibvirtConnection.OpenAsync(daemon.TestUri);
            var stream = new LibvirtEventStream();
            await connection.SubscribeAsync(stream);
            var events = CountAsync(stream, 2 * (WarmUp + Rounds));
            await DefineAndUndefineAsync(connection, WarmUp);
            var watch = Stopwatch.StartNew();
            var samples = await DefineAndUndefineAsync(connection, Rounds);
            watch.Stop();
            Assert.Equal(2 * (WarmUp + Rounds), await events.WaitAsync(TimeSpan.FromSeconds(30)));
            await connection.DisposeAsync();

            await Eventually.TrueAsync(() => Leaks.Measure().LibvirtThreads <= before.LibvirtThreads, "the connection's threads end");
            var after = Leaks.Measure();
            output.WriteLine($"{Rounds} rounds in {watch.Elapsed.TotalSeconds:0.0} s; {before} -> {after}");
            Assert.Equal(0, connection.ReferencesLeft);
            after.AssertNoMoreThan(before);
            AssertSlopes(samples, LiveBytesAllowed, ResidentBytesAllowed);
        }
    }

    [Fact]
    public async Task A_thousand_reconnects_to_a_killed_daemon_leave_nothing_behind()
    {
        const int WarmUp = 40;
        const int Rounds = 1_000;
        // A leaked connection is tens of kilobytes.
        const double LiveBytesAllowed = 1_000;
        const double ResidentBytesAllowed = 16_000;

        await using var daemon = await PrivateLibvirtd.CreateAsync();
        var options = new LibvirtHostOptions
        {
            ReconnectDelay = TimeSpan.FromMilliseconds(5),
            MaxReconnectDelay = TimeSpan.FromMilliseconds(20),
        };
        // What .NET opens once, for processes and their pipes, is open before the count.
        await (await Eventually.SucceedsAsync(() => LibvirtConnection.OpenAsync(daemon.TestUri))).DisposeAsync();
        await daemon.KillAsync();
        await daemon.StartAsync();
        var before = Leaks.Measure();
        var host = new LibvirtHost(daemon.TestUri, options);
        await host.ConnectAsync();
        var events = host.Events.ReadAllAsync().GetAsyncEnumerator();
        var samples = new List<(int Round, Leaks Leaks)>();
        var watch = Stopwatch.StartNew();
        for (var round = 0; round < WarmUp + Rounds; round++)
        {
            // All three kinds of connection are open when the daemon dies.
            var definition = Sample.TestDomain($"round-{round}");
            await host.Domains.DefineAsync(DomainXml.Write(definition));
            Assert.Equal(2, (await host.Domains.ListAsync()).Count);
            await daemon.KillAsync();
            await NextAsync<ConnectionLost>(events);
            await daemon.StartAsync();
            await NextAsync<Reconnected>(events);
            if (round >= WarmUp && (round - WarmUp) % (Rounds / Samples) == 0)
                samples.Add((round, Leaks.Measure()));
        }

        watch.Stop();
        await events.DisposeAsync();
        await host.DisposeAsync();
        await Eventually.TrueAsync(() => Leaks.Measure().LibvirtThreads <= before.LibvirtThreads, "the connections' threads end");
        var after = Leaks.Measure();
        output.WriteLine($"{WarmUp + Rounds} reconnects in {watch.Elapsed.TotalSeconds:0.0} s; {before} -> {after}");
        after.AssertNoMoreThan(before);
        AssertSlopes(samples, LiveBytesAllowed, ResidentBytesAllowed);
    }

    [Fact]
    public async Task Closing_amid_events_leaves_no_reference()
    {
        await using var daemon = await PrivateLibvirtd.CreateAsync();
        await using var busy = await Eventually.SucceedsAsync(() => LibvirtConnection.OpenAsync(daemon.TestUri));
        // libvirtd 9.0 stops sending events to anyone if its last subscriber leaves while it sends: one has to stay.
        await busy.SubscribeAsync(new LibvirtEventStream(1), DomainEventKinds.Lifecycle);
        var before = Leaks.Measure();
        using var enough = new CancellationTokenSource();
        var noise = Parallel.ForAsync(0, 4, async (worker, _) =>
        {
            var definition = Sample.TestDomain($"noise-{worker}");
            while (!enough.IsCancellationRequested)
            {
                await busy.Domains.DefineAsync(DomainXml.Write(definition), cancellationToken: CancellationToken.None);
                await busy.Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.None, CancellationToken.None);
            }
        });
        for (var round = 0; round < 200; round++)
        {
            var connection = await LibvirtConnection.OpenAsync(daemon.TestUri);
            var stream = new LibvirtEventStream();
            await connection.SubscribeAsync(stream, DomainEventKinds.Lifecycle);
            await using (var events = stream.ReadAllAsync().GetAsyncEnumerator())
                Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
            await connection.DisposeAsync();
            Assert.Equal(0, connection.ReferencesLeft);
        }

        await enough.CancelAsync();
        await noise;
        var after = Leaks.Measure();
        Assert.Equal((before.Descriptors, before.Cookies), (after.Descriptors, after.Cookies));
    }

    private void AssertSlopes(List<(int Round, Leaks Leaks)> samples, double liveBytesAllowed, double residentBytesAllowed)
    {
        var live = Leaks.PerRound(samples, leaks => leaks.LiveBytes);
        var resident = Leaks.PerRound(samples, leaks => leaks.ResidentBytes);
        output.WriteLine($"per round: {live:0.0} bytes live, {resident:0.0} resident");
        output.WriteLine("live KiB: " + string.Join(' ', samples.Select(sample => sample.Leaks.LiveBytes / 1024)));
        Assert.True(live <= liveBytesAllowed, $"{live:0.0} live bytes per round");
        Assert.True(resident <= residentBytesAllowed, $"{resident:0.0} resident bytes per round");
    }

    private static async Task<List<(int Round, Leaks Leaks)>> DefineAndUndefineAsync(LibvirtConnection connection, int rounds)
    {
        var samples = new List<(int Round, Leaks Leaks)>();
        for (var round = 0; round < rounds; round++)
        {
            var definition = Sample.TestDomain($"round-{round}");
            await connection.Domains.DefineAsync(DomainXml.Write(definition));
            Assert.Contains(definition.Name, await connection.Domains.GetXmlAsync(definition.Uuid), StringComparison.Ordinal);
            await connection.Domains.UndefineAsync(definition.Uuid, DomainUndefineFlags.None);
            if (round % (rounds / Samples) == 0)
                samples.Add((round, Leaks.Measure()));
        }

        return samples;
    }

    private static async Task<int> CountAsync(LibvirtEventStream stream, int expected)
    {
        var count = 0;
        await foreach (var next in stream.ReadAllAsync())
        {
            Assert.IsNotType<EventsLost>(next);
            if (next is DomainLifecycleEvent && ++count == expected)
                break;
        }

        return count;
    }

    private static async Task NextAsync<T>(IAsyncEnumerator<LibvirtEvent> events)
        where T : LibvirtEvent
    {
        do
        {
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        }
        while (events.Current is not T);
    }
}
