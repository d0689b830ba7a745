using System.Net;
using System.Security.Cryptography;
using Kilonova.Kubernetes.Config;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Kilonova.Faults;

/// <summary>
/// Stands between one component and an API server, and makes faults on demand. It ends TLS, so a client certificate cannot pass
/// through it: it holds the component's credentials itself, and whoever shows its token is that component to the server.
/// </summary>
/// <remarks>
/// Two layers: <see cref="Connections"/> knows bytes (stall, reset, latency of the line), <see cref="Plan"/> knows requests. HTTP/2 and 1.1.
/// </remarks>
public sealed class ApiProxy : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Upstream _upstream;
    private readonly ProxyCertificates _certificates;

    private ApiProxy(WebApplication application, Upstream upstream, ProxyCertificates certificates, ByteProxy connections, Exchange exchange, KubernetesConfig config)
    {
        _application = application;
        _upstream = upstream;
        _certificates = certificates;
        Connections = connections;
        Exchanges = exchange;
        Config = config;
    }

    /// <summary>Faults of single requests.</summary>
    public FaultPlan Plan => Exchanges.Plan;

    /// <summary>Faults of whole connections.</summary>
    public ByteProxy Connections { get; }

    /// <summary>How a client reaches the server through the proxy.</summary>
    public KubernetesConfig Config { get; }

    /// <summary>What happened so far.</summary>
    public ProxyReport Report => new(Plan.Seed, Exchanges.Requests, Connections.Accepted, Connections.Open, Plan.Injected, Plan.Rules);

    internal Exchange Exchanges { get; }

    /// <summary>Starts a proxy without faults.</summary>
    /// <param name="target">The API server and the identity that the proxy has there.</param>
    /// <param name="listen">Where clients connect; null is a free port of the loopback.</param>
    /// <param name="seed">Seed of every choice.</param>
    /// <param name="names">Further names and addresses that clients may use for it.</param>
    public static async Task<ApiProxy> StartAsync(KubernetesConfig target, IPEndPoint? listen = null, int seed = 0, IReadOnlyList<string>? names = null)
    {
        listen ??= new IPEndPoint(IPAddress.Loopback, 0);
        var upstream = new Upstream(target);
        var certificates = ProxyCertificates.Create([listen.Address.ToString(), "127.0.0.1", "localhost", .. names ?? []]);
        var token = Convert.ToHexString(RandomNumberGenerator.GetBytes(24));
        var exchange = new Exchange(upstream, new FaultPlan(seed), token);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 250; // as kube-apiserver
            kestrel.Listen(IPAddress.Loopback, 0, options =>
            {
                options.Use(next => connection =>
                {
                    connection.Features.Set(new ClientConnection(connection));
                    return next(connection);
                });
                options.UseHttps(certificates.Server);
            });
        });
        var application = builder.Build();
        application.Run(exchange.RunAsync);
        await application.StartAsync();
        var address = new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        var connections = ByteProxy.Start(listen, new IPEndPoint(IPAddress.Loopback, address.Port), seed);
        var endpoint = (IPEndPoint)connections.Endpoint;
        var config = new KubernetesConfig
        {
            Server = new UriBuilder(Uri.UriSchemeHttps, endpoint.Address.Equals(IPAddress.Any) ? "127.0.0.1" : endpoint.Address.ToString(), endpoint.Port).Uri,
            CertificateAuthority = PemSource.FromText(certificates.AuthorityPem),
            Token = token,
            Namespace = target.Namespace,
            Source = $"fault proxy of {target}",
        };
        return new ApiProxy(application, upstream, certificates, connections, exchange, config);
    }

    /// <summary>Writes a kubeconfig for the component, readable by its owner only.</summary>
    public async Task WriteKubeconfigAsync(string path)
    {
        var text = $$"""
            apiVersion: v1
            kind: Config
            current-context: faults
            contexts:
            - name: faults
              context: {cluster: faults, user: faults, namespace: "{{Config.Namespace}}"}
            clusters:
            - name: faults
              cluster:
                server: {{Config.Server}}
                certificate-authority-data: {{Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(_certificates.AuthorityPem))}}
            users:
            - name: faults
              user: {token: "{{Config.Token}}"}

            """;
        await using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync();
        Exchanges.Stop();
        await _application.DisposeAsync();
        Exchanges.Dispose();
        _upstream.Dispose();
        _certificates.Dispose();
    }
}

/// <summary>The connection under a request, as a feature of it.</summary>
internal sealed record ClientConnection(ConnectionContext Context);
