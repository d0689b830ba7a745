using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Kilonova.Kubernetes.Health;

/// <summary>
/// Serves <see cref="HealthEndpoints"/> by Kestrel alone, without host, configuration or routing: a process that runs on
/// every node pays for them in memory.
/// </summary>
public sealed class HealthServer : IAsyncDisposable
{
    private readonly KestrelServer _server;

    private HealthServer(KestrelServer server, IPEndPoint endpoint)
    {
        _server = server;
        Endpoint = endpoint;
    }

    /// <summary>Where it listens; the port that was given, or the one that was free when 0 was given.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>Starts listening on <paramref name="endpoint"/>.</summary>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<HealthServer> StartAsync(IPEndPoint endpoint, HealthEndpoints endpoints, ILoggerFactory? loggerFactory = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(endpoints);
        var logs = loggerFactory ?? NullLoggerFactory.Instance;
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxConcurrentConnections = 64;
        options.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
        var server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions { IOQueueCount = 1 }), logs), logs);
        try
        {
            await server.StartAsync(new Application(endpoints), cancel).ConfigureAwait(false);
        }
        catch
        {
            server.Dispose();
            throw;
        }

        var address = server.Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new HealthServer(server, new IPEndPoint(endpoint.Address, new Uri(address).Port));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _server.StopAsync(now.Token).ConfigureAwait(false);
        _server.Dispose();
    }

    private sealed class Application(HealthEndpoints endpoints) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public async Task ProcessRequestAsync(HttpContext context)
        {
            if (!await endpoints.HandleAsync(context).ConfigureAwait(false))
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        }

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
