using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kilonova.Crds;
using Kilonova.Kubernetes.Core;

namespace Kilonova.Operator.Hosts;

/// <summary>What is to become of a request for a certificate.</summary>
public abstract record CertificateVerdict
{
    /// <summary>It does not ask for a host's identity, or is decided already: not ours to judge.</summary>
    public sealed record NotOurs : CertificateVerdict;

    /// <summary>The host may have it.</summary>
    /// <param name="Host">Name of the host.</param>
    /// <param name="Reason">One word: by which right.</param>
    /// <param name="Message">By which right.</param>
    public sealed record Approve(string Host, string Reason, string Message) : CertificateVerdict;

    /// <summary>It asks for a host's identity and may not have it.</summary>
    /// <param name="Reason">One word.</param>
    /// <param name="Message">What is wrong.</param>
    public sealed record Deny(string Reason, string Message) : CertificateVerdict;
}

/// <summary>
/// Decides about requests for hosts' client certificates. Approved is exactly one thing: a certificate that says <c>kilonova:host:NAME</c> in the group
/// <c>kilonova:hosts</c> and nothing else, asked for by the pod that Kubernetes itself says runs on node NAME, or by that host's earlier certificate. Pure.
/// </summary>
public static class HostCertificatePolicy
{
    /// <summary>What the API server notes of a token that is bound to a node, or to a pod on one (Kubernetes 1.32).</summary>
    public const string NodeNameKey = "authentication.kubernetes.io/node-name";

    /// <summary>Longest validity: 30 days. A stolen key is of use no longer than that, as certificates of clients cannot be revoked.</summary>
    public const int LongestSeconds = 30 * 24 * 3600;

    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private const string EllipticCurve = "1.2.840.10045.2.1";
    private const int SmallestCurveBits = 256;
    private static readonly string[] s_usages = ["digital signature", "client auth"];

    /// <summary>Decides.</summary>
    /// <param name="request">The request, as the API server has it.</param>
    /// <param name="agentAccount">User name of the service account of agents.</param>
    public static CertificateVerdict Decide(CertificateSigningRequest request, string agentAccount)
    {
        ArgumentNullException.ThrowIfNull(request);
        var spec = request.Spec;
        if (spec.SignerName != CertificateSigningRequest.ApiClientSigner || request.Status?.Certificate is { Length: > 0 } || request.Status?.Conditions is { Count: > 0 })
            return new CertificateVerdict.NotOurs();
        if (Read(spec.Request) is not { } asked || Names(asked) is not { } names)
            return FromHost(spec, agentAccount) ? new CertificateVerdict.Deny("Unreadable", "spec.request is not one PEM certificate request that its own key has signed.") : new CertificateVerdict.NotOurs();
        if (!names.Any(name => IsOurs(name.Value)))
            return FromHost(spec, agentAccount) ? new CertificateVerdict.Deny("WrongSubject", $"An agent asks for the name of its host only, CN={ApiGroup.HostUserPrefix}NAME.") : new CertificateVerdict.NotOurs();

        names.Sort((a, b) => string.CompareOrdinal(a.Type, b.Type));
        var user = names is [{ Type: Organization, Value: ApiGroup.HostGroup }, { Type: CommonName, Value: var commonName }] ? commonName : "";
        var host = user.StartsWith(ApiGroup.HostUserPrefix, StringComparison.Ordinal) ? user[ApiGroup.HostUserPrefix.Length..] : "";
        if (!IsHostName(host))
            return new CertificateVerdict.Deny("WrongSubject", $"The subject must be CN={ApiGroup.HostUserPrefix}NAME, O={ApiGroup.HostGroup} and nothing else.");
        if (asked.CertificateExtensions.Count > 0)
            return new CertificateVerdict.Deny("WrongExtensions", "A host's certificate carries no alternative names and no other extensions.");
        if (asked.PublicKey.Oid.Value != EllipticCurve || asked.PublicKey.GetECDsaPublicKey() is not { KeySize: >= SmallestCurveBits })
            return new CertificateVerdict.Deny("WrongKey", "The key must be of an elliptic curve, with 256 bits or more.");
        if (spec.Usages is not { Count: 2 } usages || !s_usages.All(usages.Contains))
            return new CertificateVerdict.Deny("WrongUsages", $"The usages must be {string.Join(" and ", s_usages)}.");
        if (spec.ExpirationSeconds is null or > LongestSeconds)
            return new CertificateVerdict.Deny("TooLong", $"expirationSeconds must be given and at most {LongestSeconds}.");

        if (spec.Username == user && spec.Groups?.Contains(ApiGroup.HostGroup) == true)
            return new CertificateVerdict.Approve(host, "Renewal", $"{user} renews its own certificate.");
        if (spec.Username != agentAccount)
            return new CertificateVerdict.Deny("WrongRequester", $"{spec.Username} is neither {user} itself nor the account of agents, {agentAccount}.");
        if (spec.Extra?.GetValueOrDefault(NodeNameKey) is not [var node])
            return new CertificateVerdict.Deny("NotBoundToNode", $"The token of {agentAccount} is not bound to a node: it says no {NodeNameKey}.");
        return node == host
            ? new CertificateVerdict.Approve(host, "NodeBound", $"The agent's pod on node {node} asks for that node's name.")
            : new CertificateVerdict.Deny("WrongNode", $"The token is bound to node {node}, and the certificate would be host {host}'s.");
    }

    private static bool FromHost(CertificateSigningRequestSpec spec, string agentAccount) =>
        spec.Username == agentAccount || spec.Groups?.Contains(ApiGroup.HostGroup) == true;

    private static bool IsOurs(string name) => name == ApiGroup.HostGroup || name.StartsWith(ApiGroup.HostUserPrefix, StringComparison.Ordinal);

    // A Hypervisor's name: see its kind's own rule.
    private static bool IsHostName(string name) =>
        name.Length is > 0 and <= 49 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && name[0] != '-' && name[^1] != '-';

    /// <summary>The request, if it is one and its own key has signed it.</summary>
    private static CertificateRequest? Read(byte[] pem)
    {
        try
        {
            return CertificateRequest.LoadSigningRequestPem(Encoding.ASCII.GetString(pem), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private static List<(string Type, string Value)>? Names(CertificateRequest request)
    {
        try
        {
            return [.. request.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false).Select(name => name.HasMultipleElements
                ? throw new CryptographicException("several names in one element")
                : (name.GetSingleElementType().Value ?? "", name.GetSingleElementValue() ?? ""))];
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or InvalidOperationException)
        {
            return null;
        }
    }
}
