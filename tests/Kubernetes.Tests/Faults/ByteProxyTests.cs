using System.Diagnostics;
using System.Net.Sockets;
using Kilonova.Faults;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Faults;

/// <summary>The proxy of bytes before a UNIX socket, as it stands before libvirtd's.</summary>
public sealed class ByteProxyTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kilonova-bytes-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _echo = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly ByteProxy _proxy;
    private readonly Task _echoing;

    public ByteProxyTests()
    {
        var target = new UnixDomainSocketEndPoint(Path.Combine(_folder, "target"));
        _echo.Bind(target);
        _echo.Listen();
        _echoing = EchoAsync();
        _proxy = ByteProxy.Start(new UnixDomainSocketEndPoint(Path.Combine(_folder, "proxy")), target, seed: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _stop.CancelAsync();
        await _echoing;
        _echo.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task EchoAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _echo.AcceptAsync(_stop.Token);
                _ = Task.Run(async () =>
                {
                    using var stream = new NetworkStream(socket, ownsSocket: true);
                    await stream.CopyToAsync(stream, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                });
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(_proxy.Endpoint);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Sends one byte and reads what comes: the byte, or -1 at the end.</summary>
    private static async Task<int> AskAsync(NetworkStream stream, byte value)
    {
        await stream.WriteAsync(new[] { value });
        var answer = new byte[1];
        return await stream.ReadAsync(answer) == 0 ? -1 : answer[0];
    }

    /// <summary>An end, or a reset: UNIX sockets reset when the other side left something unread.</summary>
    private static async Task<bool> EndsAsync(Task<int> asked)
    {
        try
        {
            return await asked.WaitAsync(Eventually.Limit) == -1;
        }
        catch (IOException)
        {
            return true;
        }
    }

    [Fact]
    public async Task Bytes_pass_and_latency_holds_them_back()
    {
        await using var stream = await ConnectAsync();
        Assert.Equal(7, await AskAsync(stream, 7));
        _proxy.Latency = TimeSpan.FromMilliseconds(100);
        var watch = Stopwatch.StartNew();
        Assert.Equal(8, await AskAsync(stream, 8));
        Assert.InRange(watch.ElapsedMilliseconds, 195, 30_000);
    }

    [Fact]
    public async Task A_stalled_connection_stays_open_and_silent_even_after_recovery()
    {
        await using var old = await ConnectAsync();
        Assert.Equal(1, await AskAsync(old, 1));
        _proxy.Stall();
        await using var fresh = await ConnectAsync();
        await Eventually.TrueAsync(() => _proxy.Open == 2, "the new connection is accepted, in the stall");
        var onOld = AskAsync(old, 2);
        var onFresh = AskAsync(fresh, 3);
        _proxy.Recover();
        await using var later = await ConnectAsync();
        Assert.Equal(4, await AskAsync(later, 4));

        Assert.False(onOld.IsCompleted || onFresh.IsCompleted);
        Assert.Equal(3, _proxy.Open);
        _proxy.Cut();
        Assert.True(await EndsAsync(onOld) && await EndsAsync(onFresh));
        await Eventually.TrueAsync(() => _proxy.Open == 0, "no connection is left");
    }

    [Fact]
    public async Task A_cut_falls_in_the_midst_of_a_message()
    {
        _proxy.CutAfterBytes = 10;
        await using var stream = await ConnectAsync();
        await stream.WriteAsync(new byte[25]);
        var received = new MemoryStream();
        await stream.CopyToAsync(received).WaitAsync(Eventually.Limit);
        Assert.Equal(10, received.Length);
    }

    [Fact]
    public async Task A_reset_ends_every_connection_and_a_refusal_new_ones()
    {
        await using var stream = await ConnectAsync();
        Assert.Equal(1, await AskAsync(stream, 1));
        Assert.Equal(1, _proxy.Reset());
        Assert.True(await EndsAsync(AskAsync(stream, 9)));
        _proxy.Refuses = true;
        await using var refused = await ConnectAsync();
        Assert.True(await EndsAsync(AskAsync(refused, 9)));
        _proxy.Recover();
        await using var again = await ConnectAsync();
        Assert.Equal(2, await AskAsync(again, 2));
        Assert.Equal(3, _proxy.Accepted);
    }
}
