using System.Net;
using System.Net.Sockets;

namespace Kilonova.Faults;

/// <summary>
/// Passes bytes between two sockets, TCP or UNIX, and does with them what networks and dying peers do: delay, reset, cut, or
/// keep the connection open and pass nothing.
/// </summary>
public sealed class ByteProxy : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly EndPoint _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<ByteConnection> _open = [];
    private readonly Random _random;
    private readonly Task _accepting;
    private int _accepted;

    private ByteProxy(Socket listener, EndPoint target, int seed)
    {
        _listener = listener;
        _target = target;
        _random = new Random(seed);
        Endpoint = listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Endpoint { get; }

    /// <summary>Connections that were accepted.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections that are open, stalled ones among them.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    /// <summary>Every chunk of bytes, in either direction, is held back for this long, plus up to as much again.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>A connection is cut after so many bytes from the target, in the midst of whatever they are.</summary>
    public long? CutAfterBytes { get; set; }

    /// <summary>New connections are accepted and nothing passes on them.</summary>
    public bool IsStalled { get; private set; }

    /// <summary>New connections are closed at once.</summary>
    public bool Refuses { get; set; }

    /// <summary>Listens and forwards. A UNIX socket's old file is replaced.</summary>
    public static ByteProxy Start(EndPoint listen, EndPoint target, int seed = 0)
    {
        var listener = NewSocket(listen);
        try
        {
            if (listen is UnixDomainSocketEndPoint unix)
                File.Delete(unix.ToString());
            listener.Bind(listen);
            listener.Listen(512);
            return new ByteProxy(listener, target, seed);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Half-open: connections stay open and nothing passes any more, on new ones neither.</summary>
    public void Stall()
    {
        IsStalled = true;
        foreach (var connection in Connections())
            connection.Stall();
    }

    /// <summary>New connections work again and are fast; those that stalled stay so until they are reset or cut.</summary>
    public void Recover()
    {
        IsStalled = false;
        Refuses = false;
        Latency = TimeSpan.Zero;
        CutAfterBytes = null;
    }

    /// <summary>Resets every connection: what is under way is lost in both directions.</summary>
    /// <returns>How many.</returns>
    public int Reset() => End(reset: true);

    /// <summary>Closes every connection as a peer does that ends: what it sent arrives, then the end.</summary>
    /// <returns>How many.</returns>
    public int Cut() => End(reset: false);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Reset();
        await _accepting;
        if (Endpoint is UnixDomainSocketEndPoint unix)
            File.Delete(unix.ToString());
        _stop.Dispose();
    }

    /// <summary>How long the next chunk is held back.</summary>
    internal TimeSpan NextDelay()
    {
        if (Latency == TimeSpan.Zero)
            return TimeSpan.Zero;
        lock (_lock)
            return Latency * (1 + _random.NextDouble());
    }

    private static Socket NewSocket(EndPoint endpoint) =>
        endpoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private List<ByteConnection> Connections()
    {
        lock (_lock)
            return [.. _open];
    }

    private int End(bool reset)
    {
        var connections = Connections();
        foreach (var connection in connections)
            connection.End(reset);
        return connections.Count;
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                if (_stop.IsCancellationRequested)
                    return;
                continue; // a client that was gone before it was accepted
            }

            Interlocked.Increment(ref _accepted);
            if (Refuses)
                client.Dispose();
            else
                _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var connection = new ByteConnection(this, client, NewSocket(_target));
        lock (_lock)
            _open.Add(connection);
        if (IsStalled)
            connection.Stall();
        await connection.RunAsync(_target, _stop.Token);
        lock (_lock)
            _open.Remove(connection);
    }
}
