using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kilonova.Crds;

namespace Kilonova.NodeAgent.Identity;

/// <summary>The certificate that the agent is known by, with its key, in one PEM text: so that both are replaced at once.</summary>
/// <param name="NotBefore">Beginning of its life: when it was issued, or got here if that is later (signers date certificates back).</param>
/// <param name="NotAfter">End of its life.</param>
internal sealed record HostCertificate(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>When to renew it: two thirds of its life are over, and the last third is there for an API server or operator that is away.</summary>
    public DateTimeOffset RenewAt => NotBefore + ((NotAfter - NotBefore) * (2.0 / 3));

    /// <summary>A new key and what to ask for with it.</summary>
    public static (string Key, string Request) NewRequest(string nodeName)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(ApiGroup.HostGroup);
        subject.AddCommonName(ApiGroup.HostUser(nodeName));
        return (key.ExportPkcs8PrivateKeyPem(), new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequestPem());
    }

    /// <summary>Reads certificate and key.</summary>
    /// <param name="pem">Both.</param>
    /// <param name="nodeName">Whose it must be.</param>
    /// <param name="written">When it got here.</param>
    /// <exception cref="InvalidDataException">It is another's, or the key is not its key, or it is none.</exception>
    public static HostCertificate Read(string pem, string nodeName, DateTimeOffset written)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem, pem);
            var name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
            if (name != ApiGroup.HostUser(nodeName))
                throw new InvalidDataException($"The certificate is {name}'s, not {ApiGroup.HostUser(nodeName)}'s.");
            var issued = new DateTimeOffset(certificate.NotBefore.ToUniversalTime());
            return new HostCertificate(issued > written ? issued : written, new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"Not a certificate with its key: {error.Message}", error);
        }
    }
}
