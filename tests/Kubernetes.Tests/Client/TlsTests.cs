using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Client;

/// <summary>Whom the client believes to be the API server, and as whom it comes.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("kilonova-tls-").FullName;

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Loopback(SubjectAlternativeNameBuilder names) => names.AddIpAddress(IPAddress.Loopback);

    private static async Task<ServerVersion> AskAsync(KubernetesConfig config)
    {
        using var client = new KubernetesClient(config, new() { MaxAttempts = 1 });
        return await client.GetVersionAsync();
    }

    private static async Task RefusedAsync(KubernetesConfig config)
    {
        var error = await Assert.ThrowsAsync<KubernetesConnectionException>(() => AskAsync(config));
        Assert.Contains("certificate", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_server_of_the_given_authority_with_the_right_name_is_believed_and_spoken_to_in_http2()
    {
        await using var server = await TlsServer.StartAsync(_authority, Loopback);
        Assert.Equal("HTTP/2", (await AskAsync(server.Config(_authority))).Major);
    }

    [Fact]
    public async Task Another_name_is_refused_unless_it_is_stated()
    {
        await using var server = await TlsServer.StartAsync(_authority, names => names.AddDnsName("kubernetes.default"));
        await RefusedAsync(server.Config(_authority));

        var stated = server.Config(_authority);
        stated = new KubernetesConfig { Server = stated.Server, CertificateAuthority = stated.CertificateAuthority, TlsServerName = "kubernetes.default" };
        Assert.Equal("kubernetes.default", (await AskAsync(stated)).Minor);
    }

    [Fact]
    public async Task Another_authority_is_refused_and_so_is_the_systems_trust()
    {
        using var other = new TestAuthority();
        await using var server = await TlsServer.StartAsync(_authority, Loopback);
        await RefusedAsync(server.Config(other));
        await RefusedAsync(new KubernetesConfig { Server = server.Config(other).Server });
        // A bundle in the course of a rotation.
        Assert.NotNull(await AskAsync(new KubernetesConfig { Server = server.Config(other).Server, CertificateAuthority = PemSource.FromText(other.Pem + "\n" + _authority.Pem) }));
        Assert.NotNull(await AskAsync(new KubernetesConfig { Server = server.Config(other).Server, SkipTlsVerify = true, AllowInsecure = true }));
    }

    [Fact]
    public async Task An_expired_certificate_is_refused()
    {
        await using var server = await TlsServer.StartAsync(_authority, Loopback, expired: true);
        await RefusedAsync(server.Config(_authority));
    }

    [Fact]
    public async Task An_address_that_stands_in_the_common_name_only_is_refused()
    {
        await using var server = await TlsServer.StartAsync(_authority, names: null, name: "127.0.0.1");
        await RefusedAsync(server.Config(_authority));
    }

    [Theory]
    [InlineData("EC PKCS#8")]
    [InlineData("EC SEC1")]
    [InlineData("RSA PKCS#8")]
    [InlineData("RSA PKCS#1")]
    public async Task Client_certificates_of_every_form_are_shown(string form)
    {
        using AsymmetricAlgorithm key = form.StartsWith("EC", StringComparison.Ordinal) ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : RSA.Create(2048);
        using var leaf = _authority.Issue(key, "me", null);
        var pem = form switch
        {
            "EC SEC1" => ((ECDsa)key).ExportECPrivateKeyPem(),
            "RSA PKCS#1" => ((RSA)key).ExportRSAPrivateKeyPem(),
            _ => key.ExportPkcs8PrivateKeyPem(),
        };
        await using var server = await TlsServer.StartAsync(_authority, Loopback);
        var config = server.Config(_authority);
        config = new KubernetesConfig
        {
            Server = config.Server,
            CertificateAuthority = config.CertificateAuthority,
            ClientCertificate = PemSource.FromText(leaf.ExportCertificatePem()),
            ClientKey = PemSource.FromText(pem),
        };

        Assert.Equal("CN=me", (await AskAsync(config)).GitVersion);
    }

    [Fact]
    public async Task Rotated_files_are_taken_up_and_half_rotated_ones_are_waited_for()
    {
        var time = new ManualTime();
        string certificate = Path.Combine(_folder, "tls.crt"), key = Path.Combine(_folder, "tls.key");
        Write("one", certificate, key);
        await using var server = await TlsServer.StartAsync(_authority, Loopback);
        var config = new KubernetesConfig
        {
            Server = server.Config(_authority).Server,
            CertificateAuthority = PemSource.FromText(_authority.Pem),
            ClientCertificate = PemSource.FromFile(certificate),
            ClientKey = PemSource.FromFile(key),
        };
        using var client = new KubernetesClient(config, new() { Time = time, MaxAttempts = 1 });
        Assert.Equal("CN=one", (await client.GetVersionAsync()).GitVersion);

        Write("two", certificate, null);
        Assert.Equal("CN=one", (await client.GetVersionAsync()).GitVersion);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=one", (await client.GetVersionAsync()).GitVersion);
        Write("two", certificate, key);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=two", (await client.GetVersionAsync()).GitVersion);

        void Write(string name, string toCertificate, string? toKey)
        {
            using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var leaf = _authority.Issue(pair, name, null);
            File.WriteAllText(toCertificate, leaf.ExportCertificatePem());
            if (toKey is not null)
                File.WriteAllText(toKey, pair.ExportPkcs8PrivateKeyPem());
        }
    }

    [Fact]
    public void Unusable_material_is_told_with_its_source()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = _authority.Issue(key, "me", null);
        Assert.Contains("ca.pem: holds no certificate", Told(new() { Server = new Uri("https://x"), CertificateAuthority = PemSource.FromText("", "ca.pem") }), StringComparison.Ordinal);
        Assert.Contains("missing.pem", Told(new() { Server = new Uri("https://x"), CertificateAuthority = PemSource.FromFile("/missing.pem") }), StringComparison.Ordinal);
        Assert.Contains("k: not the private key of c", Told(new() { Server = new Uri("https://x"), ClientCertificate = PemSource.FromText(leaf.ExportCertificatePem(), "c"), ClientKey = PemSource.FromText(other.ExportPkcs8PrivateKeyPem(), "k") }), StringComparison.Ordinal);

        static string Told(KubernetesConfig config) => Assert.Throws<KubernetesConfigException>(() => new KubernetesClient(config).Dispose()).Message;
    }
}
