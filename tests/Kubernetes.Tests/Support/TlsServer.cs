using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kilonova.Kubernetes.Config;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
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

    public static async Task<TlsServer> StartAsync(TestAuthority authority, Action<SubjectAlternativeNameBuilder>? names, bool expired = false, string name = "server")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = authority.Issue(key, name, names, expired);
        var certificate = leaf.CopyWithPrivateKey(key);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        })));
        var application = builder.Build();
        application.Run(context => context.Response.WriteAsync($$"""{"major":"{{context.Request.Protocol}}","minor":"{{context.Request.Host.Host}}","gitVersion":"{{context.Connection.ClientCertificate?.Subject}}"}"""));
        await application.StartAsync();
        var address = application.Services.GetService(typeof(Microsoft.AspNetCore.Hosting.Server.IServer)) is Microsoft.AspNetCore.Hosting.Server.IServer server
            ? server.Features.Get<IServerAddressesFeature>()!.Addresses.Single()
            : throw new InvalidOperationException("no server");
        return new TlsServer(application) { Port = new Uri(address).Port };
    }

    public KubernetesConfig Config(TestAuthority authority, string host = "127.0.0.1") =>
        new() { Server = new Uri($"https://{host}:{Port}"), CertificateAuthority = PemSource.FromText(authority.Pem) };

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();
}
