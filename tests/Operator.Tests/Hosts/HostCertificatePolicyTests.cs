using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kilonova.Kubernetes.Core;
using Kilonova.Operator.Hosts;

namespace Kilonova.Operator.Tests.Hosts;

/// <summary>Who gets which host's certificate.</summary>
public sealed class HostCertificatePolicyTests
{
    private const string Account = "system:serviceaccount:kilonova-system:kilonova-agent";
    private const string Subject = "CN=kilonova:host:node-a, O=kilonova:hosts";

    public static TheoryData<string, string> Requests => new()
    {
        { "its pod on that node", "Approve node-a NodeBound" },
        { "its own certificate", "Approve node-a Renewal" },
        { "names in the other order", "Approve node-a NodeBound" },
        { "a stronger curve", "Approve node-a NodeBound" },
        { "its pod on another node", "Deny WrongNode" },
        { "a token that is bound to no node", "Deny NotBoundToNode" },
        { "a token that names two nodes", "Deny NotBoundToNode" },
        { "another host's certificate", "Deny WrongRequester" },
        { "its name without the group", "Deny WrongRequester" },
        { "a tenant", "Deny WrongRequester" },
        { "an account of that name elsewhere", "Deny WrongRequester" },
        { "a further group", "Deny WrongSubject" },
        { "administrators' group", "Deny WrongSubject" },
        { "no group", "Deny WrongSubject" },
        { "the group alone", "Deny WrongSubject" },
        { "two names", "Deny WrongSubject" },
        { "the empty name", "Deny WrongSubject" },
        { "a name that is no host's", "Deny WrongSubject" },
        { "the operator's name, by a pod", "Deny WrongSubject" },
        { "the operator's name, by a host", "Deny WrongSubject" },
        { "alternative names", "Deny WrongExtensions" },
        { "RSA", "Deny WrongKey" },
        { "use as a server", "Deny WrongUsages" },
        { "one usage only", "Deny WrongUsages" },
        { "no end", "Deny TooLong" },
        { "a year", "Deny TooLong" },
        { "garbage, by a pod", "Deny Unreadable" },
        { "another's signature, by a pod", "Deny Unreadable" },
        { "garbage, by a tenant", "NotOurs" },
        { "the operator's name, by a tenant", "NotOurs" },
        { "another signer", "NotOurs" },
        { "approved already", "NotOurs" },
        { "denied already", "NotOurs" },
        { "signed already", "NotOurs" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Only_the_nodes_own_pod_or_the_host_itself_gets_a_hosts_certificate(string asked, string verdict) =>
        Assert.Equal(verdict, Text(HostCertificatePolicy.Decide(Request(asked), Account)));

    private static string Text(CertificateVerdict verdict) => verdict switch
    {
        CertificateVerdict.Approve approve => $"Approve {approve.Host} {approve.Reason}",
        CertificateVerdict.Deny deny => $"Deny {deny.Reason}",
        _ => "NotOurs",
    };

    private static CertificateSigningRequest Request(string asked)
    {
        var good = By(Account, "node-a");
        return asked switch
        {
            "its pod on that node" => good,
            "its own certificate" => By("kilonova:host:node-a", null, "kilonova:hosts", "system:authenticated"),
            "names in the other order" => good with { Spec = good.Spec with { Request = Pem("O=kilonova:hosts, CN=kilonova:host:node-a") } },
            "a stronger curve" => good with { Spec = good.Spec with { Request = Pem(Subject, curve: ECCurve.NamedCurves.nistP384) } },
            "its pod on another node" => By(Account, "node-b"),
            "a token that is bound to no node" => By(Account, null),
            "a token that names two nodes" => good with { Spec = good.Spec with { Extra = new Dictionary<string, IReadOnlyList<string>> { [HostCertificatePolicy.NodeNameKey] = ["node-a", "node-b"] } } },
            "another host's certificate" => By("kilonova:host:node-b", null, "kilonova:hosts"),
            "its name without the group" => By("kilonova:host:node-a", null),
            "a tenant" => By("vera", "node-a"),
            "an account of that name elsewhere" => By("system:serviceaccount:red:kilonova-agent", "node-a"),
            "a further group" => Asking("CN=kilonova:host:node-a, O=kilonova:hosts, O=people"),
            "administrators' group" => Asking("CN=kilonova:host:node-a, O=kilonova:hosts, O=system:masters"),
            "no group" => Asking("CN=kilonova:host:node-a"),
            "the group alone" => Asking("O=kilonova:hosts"),
            "two names" => Asking("CN=kilonova:host:node-a, CN=kilonova:host:node-b, O=kilonova:hosts"),
            "the empty name" => Asking("CN=kilonova:host:, O=kilonova:hosts"),
            "a name that is no host's" => Asking("CN=kilonova:host:Node_A, O=kilonova:hosts"),
            "the operator's name, by a pod" => Asking("CN=kilonova:operator, O=kilonova:operators"),
            "the operator's name, by a host" => By("kilonova:host:node-a", null, "kilonova:hosts") is var mine ? mine with { Spec = mine.Spec with { Request = Pem("CN=kilonova:operator, O=kilonova:operators") } } : good,
            "alternative names" => good with { Spec = good.Spec with { Request = Pem(Subject, names: true) } },
            "RSA" => good with { Spec = good.Spec with { Request = Rsa() } },
            "use as a server" => good with { Spec = good.Spec with { Usages = ["digital signature", "server auth"] } },
            "one usage only" => good with { Spec = good.Spec with { Usages = ["client auth"] } },
            "no end" => good with { Spec = good.Spec with { ExpirationSeconds = null } },
            "a year" => good with { Spec = good.Spec with { ExpirationSeconds = 365 * 24 * 3600 } },
            "garbage, by a pod" => good with { Spec = good.Spec with { Request = Encoding.ASCII.GetBytes("garbage") } },
            "another's signature, by a pod" => good with { Spec = good.Spec with { Request = Forged() } },
            "garbage, by a tenant" => By("vera", null) is var vera ? vera with { Spec = vera.Spec with { Request = Encoding.ASCII.GetBytes("garbage") } } : good,
            "the operator's name, by a tenant" => By("vera", null) is var other ? other with { Spec = other.Spec with { Request = Pem("CN=kilonova:operator, O=kilonova:operators") } } : good,
            "another signer" => good with { Spec = good.Spec with { SignerName = "kubernetes.io/kubelet-serving" } },
            "approved already" => good with { Status = new() { Conditions = [new() { Type = "Approved", Status = "True" }] } },
            "denied already" => good with { Status = new() { Conditions = [new() { Type = "Denied", Status = "True" }] } },
            "signed already" => good with { Status = new() { Certificate = [1] } },
            _ => throw new ArgumentOutOfRangeException(nameof(asked)),
        };

        CertificateSigningRequest Asking(string subject) => good with { Spec = good.Spec with { Request = Pem(subject) } };
    }

    private static CertificateSigningRequest By(string user, string? node, params string[] groups) => new()
    {
        Metadata = new() { Name = "csr" },
        Spec = new()
        {
            Request = Pem(Subject),
            SignerName = CertificateSigningRequest.ApiClientSigner,
            ExpirationSeconds = 24 * 3600,
            Usages = ["digital signature", "client auth"],
            Username = user,
            Groups = groups,
            Extra = node is null ? null : new Dictionary<string, IReadOnlyList<string>> { [HostCertificatePolicy.NodeNameKey] = [node] },
        },
    };

    private static byte[] Pem(string subject, ECCurve? curve = null, bool names = false)
    {
        using var key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        if (names)
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            alternatives.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(alternatives.Build());
        }

        return Encoding.ASCII.GetBytes(request.CreateSigningRequestPem());
    }

    private static byte[] Rsa()
    {
        using var key = RSA.Create(2048);
        return Encoding.ASCII.GetBytes(new CertificateRequest(new X500DistinguishedName(Subject), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem());
    }

    private static byte[] Forged()
    {
        var pem = Encoding.ASCII.GetString(Pem(Subject));
        var bytes = Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
        bytes[^1] ^= 1;
        return Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE REQUEST", bytes));
    }
}
