using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kilonova.Kubernetes.Config;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>A certificate authority of a test.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _certificate;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=test authority {Guid.NewGuid():N}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(10));
    }

    private TestAuthority(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>An authority that this one vouches for.</summary>
    public TestAuthority Intermediate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=intermediate {Guid.NewGuid():N}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var signed = request.Create(_certificate, DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(9), RandomNumberGenerator.GetBytes(8));
        return new TestAuthority(signed.CopyWithPrivateKey(key));
    }

    public X509Certificate2 Certificate => _certificate;

    public string Pem => _certificate.ExportCertificatePem();

    /// <summary>A leaf whose key is not attached; <paramref name="key"/> is.</summary>
    public X509Certificate2 Issue(AsymmetricAlgorithm key, string name, Action<SubjectAlternativeNameBuilder>? names, bool expired = false)
    {
        var subject = new X500DistinguishedName($"CN={name}");
        var request = key is ECDsa ec ? new CertificateRequest(subject, ec, HashAlgorithmName.SHA256) : new CertificateRequest(subject, (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        if (names is not null)
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            names(alternatives);
            request.CertificateExtensions.Add(alternatives.Build());
        }

        var until = DateTimeOffset.UtcNow.AddDays(expired ? -1 : 5);
        return request.Create(_certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_certificate.GetECDsaPrivateKey()!), DateTimeOffset.UtcNow.AddDays(-5), until, RandomNumberGenerator.GetBytes(8));
    }

    public void Dispose() => _certificate.Dispose();
}

/// <summary>An HTTPS server that answers every request with its version, the host asked for, and the client's certificate.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private TlsServer(WebApplication application) => _application = application;

    public int Port { get; private set; }

    /// <summary>Names that clients sent in TLS.</summary>
    public ConcurrentQueue<string?> ServerNames { get; } = new();

    /// <summary>Certificates that clients sent along with their own.</summary>
    public ConcurrentQueue<string> Intermediates { get; } = new();

    /// <summary>Address at which the last connection came.</summary>
    public IPAddress? LastAddress { get; private set; }

    public static async Task<TlsServer> StartAsync(TestAuthority authority, Action<SubjectAlternativeNameBuilder>? names, bool expired = false, string name = "server", IPAddress? address = null, HttpProtocols protocols = HttpProtocols.Http1AndHttp2)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = authority.Issue(key, name, names, expired);
        return await StartAsync(leaf.CopyWithPrivateKey(key), address, protocols);
    }

    public static async Task<TlsServer> StartAsync(X509Certificate2 certificate, IPAddress? address = null, HttpProtocols protocols = HttpProtocols.Http1AndHttp2)
    {
        TlsServer? server = null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address ?? IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            listen.Use(next => connection =>
            {
                server!.LastAddress = (connection.LocalEndPoint as IPEndPoint)?.Address.MapToIPv4();
                return next(connection);
            });
            listen.UseHttps(https =>
            {
                https.ServerCertificateSelector = (_, asked) =>
                {
                    server!.ServerNames.Enqueue(asked);
                    return certificate;
                };
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (_, chain, _) =>
                {
                    foreach (var sent in chain?.ChainPolicy.ExtraStore ?? [])
                        server!.Intermediates.Enqueue(sent.Subject);
                    return true;
                };
            });
        }));
        var application = builder.Build();
        application.Run(context => context.Response.WriteAsync($$"""{"major":"{{context.Request.Protocol}}","minor":"{{context.Request.Host.Host}}","gitVersion":"{{context.Connection.ClientCertificate?.Subject}}"}"""));
        server = new TlsServer(application);
        await application.StartAsync();
        var listening = ((Microsoft.AspNetCore.Hosting.Server.IServer)application.Services.GetService(typeof(Microsoft.AspNetCore.Hosting.Server.IServer))!).Features.Get<IServerAddressesFeature>()!;
        server.Port = new Uri(listening.Addresses.Single()).Port;
        return server;
    }

    public KubernetesConfig Config(TestAuthority authority, string host = "127.0.0.1") =>
        new() { Server = new Uri($"https://{host}:{Port}"), CertificateAuthority = PemSource.FromText(authority.Pem) };

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();
}
