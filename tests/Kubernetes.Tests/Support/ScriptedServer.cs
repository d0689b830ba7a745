using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>
/// An HTTP server on a real socket that answers as the test says, for what a real API server does not do on demand: break
/// off, stay silent, refuse, send halves.
/// </summary>
internal sealed class ScriptedServer : IHttpApplication<HttpContext>, IAsyncDisposable
{
    private readonly KestrelServer _server;
    private Func<HttpContext, Task> _handler = _ => throw new InvalidOperationException("no handler");

    private ScriptedServer(KestrelServer server) => _server = server;

    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Keeps no record of requests.</summary>
    public bool Forgets { get; set; }

    public Uri Address { get; private set; } = null!;

    public static async Task<ScriptedServer> StartAsync(Func<HttpContext, Task> handler)
    {
        var options = new KestrelServerOptions { AllowSynchronousIO = true };
        options.Listen(IPAddress.Loopback, 0);
        var kestrel = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
        var server = new ScriptedServer(kestrel) { _handler = handler };
        await kestrel.StartAsync(server, CancellationToken.None);
        server.Address = new Uri(kestrel.Features.Get<Microsoft.AspNetCore.Hosting.Server.Features.IServerAddressesFeature>()!.Addresses.Single());
        return server;
    }

    /// <summary>A client with short back-offs.</summary>
    public KubernetesClient Client(Func<KubernetesClientOptions, KubernetesClientOptions>? change = null, string? token = null, string? tokenFile = null)
    {
        var options = new KubernetesClientOptions { RetryDelay = TimeSpan.FromMilliseconds(1), MaxRetryDelay = TimeSpan.FromSeconds(2) };
        return new KubernetesClient(new KubernetesConfig { Server = Address, AllowInsecure = true, Token = token, TokenFile = tokenFile }, change?.Invoke(options) ?? options);
    }

    public static async Task JsonAsync(HttpContext context, string json, int code = 200)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(json));
    }

    public static Task StatusAsync(HttpContext context, int code, string reason, string message, string details = "{}") =>
        JsonAsync(context, $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{{reason}}","message":"{{message}}","details":{{details}},"code":{{code}}}""", code);

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public async Task ProcessRequestAsync(HttpContext context)
    {
        if (!Forgets)
            Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        await _handler(context);
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _server.StopAsync(now.Token);
        _server.Dispose();
    }
}
