using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Faults;

/// <summary>The API server behind the proxy, spoken to as the one identity that the proxy stands for.</summary>
internal sealed class Upstream : IDisposable
{
    private readonly KubernetesConfig _config;
    private readonly HttpMessageInvoker _invoker;

    public Upstream(KubernetesConfig config)
    {
        config.Validate();
        _config = config;
        var tls = new SslClientAuthenticationOptions();
        if (config.CertificateAuthority is { } authority)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.ImportFromPem(authority.Read());
        }

        if (config.ClientCertificate is { } certificate)
            tls.ClientCertificates = [X509Certificate2.CreateFromPem(certificate.Read(), config.ClientKey!.Read())];
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            SslOptions = tls,
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        });
    }

    public void Dispose() => _invoker.Dispose();

    /// <summary>Sends the request on; returns at the headers of the answer.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequest request, CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(_config.Server, request.Path.ToUriComponent() + request.QueryString.ToUriComponent()))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        if (request.ContentLength is > 0 || request.Headers.TransferEncoding.Count > 0 || request.ContentType is not null)
        {
            // Whole before it is sent: what breaks on the way in must not reach the server as half a request.
            var body = new MemoryStream();
            await request.Body.CopyToAsync(body, cancel);
            message.Content = new ByteArrayContent(body.ToArray());
        }

        foreach (var (name, values) in request.Headers)
        {
            if (IsForwarded(name) && !message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        if ((_config.TokenFile is { } file ? (await File.ReadAllTextAsync(file, cancel)).Trim() : _config.Token) is { } token)
            message.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return await _invoker.SendAsync(message, cancel);
    }

    /// <summary>Whether a header belongs to the message, not to one of the connections.</summary>
    public static bool IsForwarded(string name) =>
        !name.StartsWith(':') && name.ToUpperInvariant() is not ("HOST" or "AUTHORIZATION" or "CONNECTION" or "KEEP-ALIVE" or "TRANSFER-ENCODING" or "UPGRADE" or "TE" or "CONTENT-LENGTH");
}
