using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Tests.Support;
using Kilonova.Libvirt.Xml;

namespace Kilonova.Libvirt.Tests;

/// <summary>Calls into a daemon that holds its sockets open and answers nothing (SIGSTOP).</summary>
public sealed class TimeoutTests : IAsyncLifetime
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);
    private readonly ManualTime time = new();
    private PrivateLibvirtd daemon = null!;

    public async ValueTask InitializeAsync() => daemon = await PrivateLibvirtd.CreateAsync();

    public async ValueTask DisposeAsync()
    {
        if (daemon is not null)
            await daemon.DisposeAsync();
    }

    [Fact]
    public async Task A_call_past_its_time_out_abandons_its_connection_and_no_thread_of_the_pool()
    {
        var connection = await OpenAsync();
        await daemon.FreezeAsync();
        var poolThreads = ThreadPool.ThreadCount;
        var calls = Enumerable.Range(0, 6).Select(_ => connection.Domains.ListAsync()).ToArray();
        await Eventually.TrueAsync(() => time.Pending == 4, "four calls are in flight, two wait behind the limiter");
        Assert.DoesNotContain(calls, call => call.IsCompleted);

        time.Advance(CallTimeout);
        var errors = new List<LibvirtException>();
        foreach (var call in calls)
            errors.Add(await Assert.ThrowsAsync<LibvirtException>(() => call));
        Assert.All(errors, error => Assert.True(error.IsConnectionLost, error.ToString()));
        // The last two never reached libvirt.
        Assert.Equal([true, true, true, true, false, false], errors.Select(error => error.IsTimeout));
        Assert.Contains("virConnectListAllDomains did not return within 30 s", errors[0].Message, StringComparison.Ordinal);
        Assert.False(connection.IsUsable);
        Assert.True(ThreadPool.ThreadCount <= poolThreads + 1, $"{poolThreads} -> {ThreadPool.ThreadCount} pool threads");

        var refused = await Assert.ThrowsAsync<LibvirtException>(() => connection.Domains.ListAsync());
        Assert.True(refused.IsConnectionLost, refused.ToString());

        // Disposing does not wait for the hanging calls; once they come back, the connection closes itself.
        await connection.DisposeAsync();
        Assert.False(connection.Closed.IsCompleted);
        await daemon.ThawAsync();
        await connection.Closed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, connection.ReferencesLeft);
    }

    [Fact]
    public async Task A_host_replaces_the_connection_and_refuses_calls_when_too_many_hang()
    {
        await using var host = new LibvirtHost(daemon.TestUri, new LibvirtHostOptions { MaxAbandonedConnections = 2 }, time);
        await ConnectAsync(host);
        await host.Domains.ListAsync();
        var idleTimers = time.Pending;
        await daemon.FreezeAsync();

        // The second call hangs in opening a new connection: that counts too.
        for (var hanging = 1; hanging <= 2; hanging++)
        {
            var call = host.Domains.ListAsync();
            await Eventually.TrueAsync(() => time.Pending == idleTimers + 1, "the call is in flight");
            time.Advance(CallTimeout);
            Assert.True((await Assert.ThrowsAsync<LibvirtException>(() => call)).IsTimeout);
        }

        var refused = await Assert.ThrowsAsync<LibvirtException>(() => host.Domains.ListAsync());
        Assert.Contains("2 connections", refused.Message, StringComparison.Ordinal);
        Assert.True(host.IsConnected);

        await daemon.ThawAsync();
        var domains = await Eventually.SucceedsAsync(() => host.Domains.ListAsync());
        Assert.Single(domains);
    }

    [Fact]
    public async Task Cancelling_counts_while_a_call_is_queued_and_not_after()
    {
        await using var connection = await OpenAsync();
        await daemon.FreezeAsync();
        using var cancel = new CancellationTokenSource();
        var started = Enumerable.Range(0, 4).Select(_ => connection.Domains.ListAsync(cancellationToken: cancel.Token)).ToArray();
        await Eventually.TrueAsync(() => time.Pending == 4, "four calls are in flight");
        var queued = connection.Domains.DefineAsync(DomainXml.Write(Sample.TestDomain("queued")), cancellationToken: cancel.Token);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        await daemon.ThawAsync();
        foreach (var call in started)
            Assert.Single(await call);
        Assert.Null(await connection.Domains.FindByNameAsync("queued"));
    }

    [Fact]
    public async Task Opening_a_connection_that_nobody_answers_times_out()
    {
        await (await OpenAsync()).DisposeAsync();
        await daemon.FreezeAsync();
        var opening = LibvirtConnection.OpenAsync(daemon.TestUri, new LibvirtConnectionOptions { CallTimeout = CallTimeout }, time);
        await Eventually.TrueAsync(() => time.Pending == 1, "opening is in flight");
        time.Advance(CallTimeout);
        Assert.True((await Assert.ThrowsAsync<LibvirtException>(() => opening)).IsTimeout);
    }

    [Fact]
    public async Task Keep_alive_finds_a_daemon_that_hangs()
    {
        await using var connection = await Eventually.SucceedsAsync(() => LibvirtConnection.OpenAsync(
            daemon.TestUri, new LibvirtConnectionOptions { KeepAliveInterval = TimeSpan.FromSeconds(1), KeepAliveCount = 1 }));
        await daemon.FreezeAsync();
        Assert.Equal("the daemon does not answer keep-alive", await connection.Lost.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private Task<LibvirtConnection> OpenAsync() => Eventually.SucceedsAsync(
        () => LibvirtConnection.OpenAsync(daemon.TestUri, new LibvirtConnectionOptions { CallTimeout = CallTimeout }, time));

    /// <summary>The first attempts may come before the daemon listens; their back-off stands still with the clock.</summary>
    private async Task ConnectAsync(LibvirtHost host)
    {
        await (await OpenAsync()).DisposeAsync();
        await host.ConnectAsync();
    }
}
