using System.Net;
using Kilonova.Faults;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Kubernetes.Tests.Support;

/// <summary>Ways to an API server that lead through a proxy of bytes: TLS and identities stay as they are.</summary>
internal static class Through
{
    public static ByteProxy ProxyOf(KubernetesConfig target) =>
        ByteProxy.Start(new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Parse(target.Server.Host), target.Server.Port));

    /// <summary>The target's configuration, through the proxy.</summary>
    public static KubernetesConfig Of(KubernetesConfig target, ByteProxy proxy) => new()
    {
        Server = new UriBuilder(target.Server) { Host = "127.0.0.1", Port = ((IPEndPoint)proxy.Endpoint).Port }.Uri,
        CertificateAuthority = target.CertificateAuthority,
        ClientCertificate = target.ClientCertificate,
        ClientKey = target.ClientKey,
        Token = target.Token,
    };
}
