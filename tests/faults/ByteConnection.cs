using System.Net;
using System.Net.Sockets;

namespace Kilonova.Faults;

/// <summary>One connection through a <see cref="ByteProxy"/>.</summary>
internal sealed class ByteConnection(ByteProxy proxy, Socket client, Socket server) : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stalled = new();

    /// <summary>Ends when either side ends, or when it is told to; a stalled one when it is told to.</summary>
    public async Task RunAsync(EndPoint target, CancellationToken stop)
    {
        try
        {
            if (!_stalled.IsCancellationRequested)
            {
                await server.ConnectAsync(target, stop);
                await Task.WhenAny(_ended.Task, Task.WhenAll(PumpAsync(client, server, null, stop), PumpAsync(server, client, proxy.CutAfterBytes, stop)));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The target is not there, or the connection was ended while it was made.
        }

        if (_stalled.IsCancellationRequested)
            await _ended.Task;
    }

    public void Stall() => _stalled.Cancel();

    public void End(bool reset)
    {
        foreach (var socket in (Socket[])[client, server])
        {
            try
            {
                if (reset)
                    socket.LingerState = new LingerOption(true, 0);
                else
                    socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException)
            {
                // It ended by itself, or was never connected.
            }

            socket.Dispose();
        }

        _ended.TrySetResult();
    }

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
        _stalled.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to, long? limit, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _stalled.Token);
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, either.Token) is > 0 and var read)
            {
                if (proxy.NextDelay() is var delay && delay > TimeSpan.Zero)
                    await Task.Delay(delay, either.Token);
                if (limit is { } left && read >= left)
                {
                    await SendAsync(to, buffer.AsMemory(0, (int)left), either.Token);
                    End(reset: false);
                    return;
                }

                limit -= read;
                await SendAsync(to, buffer.AsMemory(0, read), either.Token);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            if (_stalled.IsCancellationRequested)
                return;
            // One side broke: the other learns of it as a reset.
            End(reset: true);
        }
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        while (bytes.Length > 0)
            bytes = bytes[await to.SendAsync(bytes, cancel)..];
    }
}
