using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kilonova.NodeAgent.Tests.Images;

/// <summary>A real HTTP server, small enough to misbehave on purpose.</summary>
internal sealed class ImageServer : IDisposable
{
    private readonly TcpListener listener;
    private readonly CancellationTokenSource stop = new();

    public ImageServer(IPAddress? address = null)
    {
        listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Files by path.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>Requests so far, <c>path status</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Set: bodies wait for it.</summary>
    public TaskCompletionSource? Hold { get; set; }

    /// <summary>How many answers are cut short after half of the body.</summary>
    public int CutShort { get; set; }

    /// <summary>How many answers are 503.</summary>
    public int Unavailable { get; set; }

    /// <summary>Connections whose peer went away while the body was held back.</summary>
    public int Abandoned { get; private set; }

    public string Url(string path) => $"http://{listener.LocalEndpoint}{path}";

    public void Dispose()
    {
        stop.Cancel();
        listener.Stop();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, leaveOpen: true);
            var path = (await reader.ReadLineAsync())!.Split(' ')[1];
            string? known = null;
            while (await reader.ReadLineAsync() is { Length: > 0 } header)
            {
                if (header.StartsWith("If-None-Match:", StringComparison.OrdinalIgnoreCase))
                    known = header.Split(':', 2)[1].Trim();
            }

            var found = Files.TryGetValue(path, out var body);
            var tag = found ? $"\"{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(body!))[..8]}\"" : null;
            var status = Unavailable > 0 ? 503 : !found ? 404 : known == tag ? 304 : 200;
            if (status == 503)
                Unavailable--;
            Requests.Enqueue($"{path} {status}");
            var head = $"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {(status == 200 ? body!.Length : 0)}\r\n{(tag is null ? "" : $"ETag: {tag}\r\n")}\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
            if (status != 200)
                return;
            if (Hold is { } hold)
            {
                var gone = stream.ReadAsync(new byte[1]).AsTask();
                if (await Task.WhenAny(hold.Task, gone) == gone)
                {
                    Abandoned++;
                    return;
                }
            }

            var length = CutShort > 0 ? body!.Length / 2 : body!.Length;
            if (CutShort > 0)
                CutShort--;
            await stream.WriteAsync(body.AsMemory(0, length));
        }
        catch (IOException)
        {
            // The client went away.
        }
    }
}
