using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kilonova.Faults;

/// <summary>An authority of one proxy's own and the server certificate that it gives out.</summary>
internal sealed class ProxyCertificates : IDisposable
{
    private ProxyCertificates(X509Certificate2 authority, X509Certificate2 server)
    {
        AuthorityPem = authority.ExportCertificatePem();
        Server = server;
    }

    public string AuthorityPem { get; }

    public X509Certificate2 Server { get; }

    /// <param name="names">Addresses and names that clients may use.</param>
    public static ProxyCertificates Create(IEnumerable<string> names)
    {
        var now = DateTimeOffset.UtcNow;
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=fault proxy {Guid.NewGuid():N}", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var authority = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(30));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest("CN=fault proxy", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Distinct())
        {
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        leaf.CertificateExtensions.Add(alternatives.Build());
        using var signed = leaf.Create(authority, now.AddHours(-1), now.AddDays(29), RandomNumberGenerator.GetBytes(8));
        return new ProxyCertificates(authority, signed.CopyWithPrivateKey(key));
    }

    public void Dispose() => Server.Dispose();
}
