using System.Net;
using System.Net.Sockets;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>A TCP proxy in front of an API server that can go silent, as a dead load balancer does, or cut its connections.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly KubernetesConfig _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private CancellationTokenSource _epoch = new();
    private volatile bool _silent;

    public FaultProxy(KubernetesConfig target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Connections { get; private set; }

    /// <summary>The target's configuration, through this proxy.</summary>
    public KubernetesConfig Config => new()
    {
        Server = new Uri($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}"),
        CertificateAuthority = _target.CertificateAuthority,
        ClientCertificate = _target.ClientCertificate,
        ClientKey = _target.ClientKey,
        Token = _target.Token,
    };

    /// <summary>Connections stay open and nothing passes any more, on new ones neither.</summary>
    public void GoSilent()
    {
        _silent = true;
        _epoch.Cancel();
    }

    /// <summary>New connections work again; those that fell silent stay so.</summary>
    public void Recover()
    {
        _epoch = new CancellationTokenSource();
        _silent = false;
    }

    /// <summary>Resets every connection.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            foreach (var socket in _sockets)
            {
                try
                {
                    socket.LingerState = new LingerOption(true, 0);
                }
                catch (Exception e) when (e is ObjectDisposedException or SocketException)
                {
                    // It ended by itself.
                }

                socket.Dispose();
            }

            _sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            Connections++;
            _ = ServeAsync(client, _epoch.Token);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken silence)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        lock (_lock)
            _sockets.AddRange([client, server]);
        if (_silent)
            return;
        try
        {
            await server.ConnectAsync(_target.Server.Host, _target.Server.Port, _stop.Token);
            await Task.WhenAny(PumpAsync(client, server, silence), PumpAsync(server, client, silence));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // A connection that was cut.
        }

        if (silence.IsCancellationRequested)
            return;
        client.Dispose();
        server.Dispose();
    }

    private static async Task PumpAsync(Socket from, Socket to, CancellationToken silence)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReceiveAsync(buffer, silence) is > 0 and var read)
            await to.SendAsync(buffer.AsMemory(0, read), silence);
    }
}
