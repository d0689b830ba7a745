using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Kubernetes.Client;

/// <summary>
/// The connections to the API server. When a certificate or CA file changes, new requests get new connections;
/// those in use, watches among them, go on until they end.
/// </summary>
internal sealed class Transport : IDisposable
{
    private readonly Lock _lock = new();
    private readonly KubernetesConfig _config;
    private readonly KubernetesClientOptions _options;
    private readonly bool _rotates;
    private Generation _current;
    private HttpMessageInvoker? _retired;
    private long _checkedAt;

    public Transport(KubernetesConfig config, KubernetesClientOptions options)
    {
        _config = config;
        _options = options;
        _rotates = (config.CertificateAuthority?.File ?? config.ClientCertificate?.File ?? config.ClientKey?.File) is not null;
        _current = Connect(Material.Read(config, null));
        _checkedAt = options.Time.GetTimestamp();
    }

    /// <summary>The connections to send a request on that carries this credential.</summary>
    /// <exception cref="KubernetesConfigException">The credential's certificate cannot be used.</exception>
    public HttpMessageInvoker For(Credential credential)
    {
        if (!_rotates && credential.Certificate is null)
            return _current.Invoker;
        lock (_lock)
        {
            var isOther = credential.Certificate is not null && (credential.Certificate, credential.Key) != (_current.Material.Certificate, _current.Material.Key);
            if (isOther || _options.Time.GetElapsedTime(_checkedAt) >= _options.CredentialCheckInterval)
                Renew(credential);
            return _current.Invoker;
        }
    }

    public void Dispose()
    {
        _current.Invoker.Dispose();
        _retired?.Dispose();
    }

    private void Renew(Credential credential)
    {
        _checkedAt = _options.Time.GetTimestamp();
        Generation next;
        try
        {
            var material = Material.Read(_config, credential);
            if (material == _current.Material)
                return;
            next = Connect(material);
        }
        catch (KubernetesConfigException) when (credential.Certificate is null)
        {
            // Certificate and key are two files: between their replacements they do not match. The next look decides.
            return;
        }

        // The one before the last has long ended: watches last minutes, certificates hours.
        _retired?.Dispose();
        _retired = _current.Invoker;
        _current = next;
    }

    private Generation Connect(Material material)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = _options.KeepAlive,
            KeepAlivePingTimeout = _options.KeepAlive,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionLifetime = _options.ConnectionLifetime,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            AutomaticDecompression = DecompressionMethods.GZip,
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
        };
        handler.UseProxy = _config.Proxy is not null;
        if (_config.Proxy is { } proxy)
            handler.Proxy = new WebProxy(proxy) { Credentials = Login(proxy) };
        if (_config.Server.Scheme == Uri.UriSchemeHttps)
            handler.SslOptions = Tls(material);
        return new Generation(material, new HttpMessageInvoker(handler));
    }

    private static NetworkCredential? Login(Uri proxy)
    {
        var parts = proxy.UserInfo.Split(':', 2);
        return parts[0].Length == 0 ? null : new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var addresses = await _options.Resolve(context.DnsEndPoint.Host, cancel).ConfigureAwait(false);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancel).ConfigureAwait(false);
            // A peer that vanished is noticed under HTTP/1.1 as well, where there are no pings.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)Math.Ceiling(_options.KeepAlive.TotalSeconds));
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private SslClientAuthenticationOptions Tls(Material material)
    {
        var tls = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (material.Authority is { } authority)
        {
            var roots = Certificates(authority, _config.CertificateAuthority!.Origin);
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

#pragma warning disable CA5359 // SkipTlsVerify is stated twice by the user, see KubernetesConfig.Validate
        tls.RemoteCertificateValidationCallback = _config.SkipTlsVerify ? static (_, _, _, _) => true : static (_, certificate, chain, errors) => Verify(certificate, chain, errors);
#pragma warning restore CA5359

        if (material.Certificate is { } certificate)
        {
            var chain = Certificates(certificate, _config.ClientCertificate?.Origin ?? _config.Exec!.Origin);
            X509Certificate2 leaf;
            try
            {
                leaf = X509Certificate2.CreateFromPem(certificate, material.Key!);
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                throw new KubernetesConfigException($"{_config.ClientKey?.Origin ?? "clientKeyData"}: not the private key of {_config.ClientCertificate?.Origin ?? _config.Exec!.Origin}: {e.Message}", e);
            }

            chain.RemoveAt(0);
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true);
        }

        return tls;
    }

    /// <summary>
    /// The platform's verdict, in words; and no certificate without alternative names, for which the platform falls back to
    /// the common name.
    /// </summary>
    private static bool Verify(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None && certificate is X509Certificate2 { Extensions: { } extensions } && extensions.OfType<X509SubjectAlternativeNameExtension>().Any())
            return true;
        var causes = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            causes.Add($"it is not for this name: {certificate?.Subject}");
        foreach (var status in chain?.ChainStatus ?? [])
            causes.Add($"{status.Status}: {status.StatusInformation.Trim()}");
        if (errors == SslPolicyErrors.None)
            causes.Add("it has no subject alternative names");
        throw new AuthenticationException($"the server's certificate is refused: {(causes.Count > 0 ? string.Join("; ", causes) : errors.ToString())}");
    }

    private static X509Certificate2Collection Certificates(string pem, string source)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new KubernetesConfigException($"{source}: {e.Message}", e);
        }

        return certificates.Count > 0 ? certificates : throw new KubernetesConfigException($"{source}: holds no certificate");
    }

    /// <summary>The texts that a set of connections was made from; equal texts need no new connections.</summary>
    private sealed record Material(string? Authority, string? Certificate, string? Key)
    {
        public static Material Read(KubernetesConfig config, Credential? credential) =>
            new(config.CertificateAuthority?.Read(), credential?.Certificate ?? config.ClientCertificate?.Read(), credential?.Key ?? config.ClientKey?.Read());
    }

    private sealed record Generation(Material Material, HttpMessageInvoker Invoker);
}
