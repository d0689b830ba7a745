using System.Diagnostics;
using System.Net.Sockets;
using Kilonova.Faults;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Events;
using Kilonova.Libvirt.Tests.Support;

namespace Kilonova.Libvirt.Tests;

/// <summary>The way to a real libvirtd breaks: a host notices, says so, and goes on when it can.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private PrivateLibvirtd daemon = null!;
    private ByteProxy proxy = null!;

    public async ValueTask InitializeAsync()
    {
        daemon = await PrivateLibvirtd.CreateAsync();
        proxy = ByteProxy.Start(new UnixDomainSocketEndPoint($"{daemon.Directory}/proxy"), new UnixDomainSocketEndPoint($"{daemon.Directory}/sock/libvirt-sock"), seed: 1);
    }

    public async ValueTask DisposeAsync()
    {
        if (proxy is not null)
            await proxy.DisposeAsync();
        if (daemon is not null)
            await daemon.DisposeAsync();
    }

    private async Task<LibvirtHost> ConnectAsync()
    {
        var host = new LibvirtHost($"test+unix:///default?socket={proxy.Endpoint}", new LibvirtHostOptions
        {
            MaxReconnectDelay = TimeSpan.FromMilliseconds(500),
            Connection = new LibvirtConnectionOptions { KeepAliveInterval = TimeSpan.FromSeconds(1), KeepAliveCount = 1 },
        });
        await host.ConnectAsync();
        Assert.Single(await host.Domains.ListAsync());
        return host;
    }

    [Fact]
    public async Task Latency_is_only_slow()
    {
        await using var host = await ConnectAsync();
        proxy.Latency = TimeSpan.FromMilliseconds(100);
        var watch = Stopwatch.StartNew();
        Assert.Single(await host.Domains.ListAsync());
        Assert.InRange(watch.ElapsedMilliseconds, 195, 30_000);
        Assert.True(host.IsConnected);
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("cut")]
    [InlineData("cut in mid-message")]
    [InlineData("stall")]
    [InlineData("refusal")]
    public async Task A_broken_way_is_noticed_and_another_taken(string fault)
    {
        await using var host = await ConnectAsync();
        var reconnected = ReconnectedAsync(host);
        switch (fault)
        {
            case "reset":
                proxy.Reset();
                break;
            case "cut":
                proxy.Cut();
                break;
            case "cut in mid-message":
                proxy.CutAfterBytes = 500;
                proxy.Reset();
                await Eventually.TrueAsync(() => proxy.Accepted >= 4, "connections break again and again");
                break;
            case "stall":
                proxy.Stall();
                await Eventually.TrueAsync(() => !host.IsConnected, "the silence is noticed");
                break;
            default:
                proxy.Refuses = true;
                proxy.Reset();
                await Eventually.TrueAsync(() => !host.IsConnected, "the loss is noticed");
                break;
        }

        proxy.Recover();
        await Eventually.SucceedsAsync(() => host.Domains.ListAsync());
        await reconnected.WaitAsync(TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() => host.IsConnected, "it is connected");
        Assert.Single(await host.Domains.ListAsync());
    }

    /// <summary>Whoever follows events learns that some may be missing.</summary>
    private static async Task ReconnectedAsync(LibvirtHost host)
    {
        await foreach (var next in host.Events.ReadAllAsync(CancellationToken.None))
        {
            if (next is Reconnected)
                return;
        }
    }
}
