using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Core;
using Kilonova.Operator.Tests.Live.Permissions;

namespace Kilonova.Operator.Tests.Live;

/// <summary>A host's certificate, from the request of its agent's pod to a client that uses it; by the API server's own signing.</summary>
public sealed class CertificateTests(ControlPlane plane) : IClassFixture<ControlPlane>
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

    // The node is what a real API server says of a token that is bound to it; here it is said by impersonation.
    private static readonly Person Pod = new("agent's pod", "system:serviceaccount:kilonova-system:kilonova-agent", "system:serviceaccounts") { Node = "cert-0" };

    [Fact]
    public async Task The_pod_on_a_node_gets_its_hosts_certificate_which_renews_itself_and_nobody_gets_anothers()
    {
        await using var cluster = new LiveCluster(plane);
        using var caller = new Caller(plane.Kubeconfig);
        await cluster.StartAsync();

        // A pod, by its token: its own node's name, not another's.
        var (key, request) = Ask("kilonova:host:cert-0");
        var first = await OutcomeAsync(caller, Pod, "first", request);
        Assert.Equal(("Approved", "NodeBound"), (first.Type, first.Reason));
        Assert.Equal("WrongNode", (await OutcomeAsync(caller, Pod, "other", Ask("kilonova:host:cert-1").Request)).Reason);
        Assert.Equal("NotBoundToNode", (await OutcomeAsync(caller, Pod with { Node = null }, "loose", Ask("kilonova:host:cert-0").Request)).Reason);
        Assert.Equal("WrongSubject", (await OutcomeAsync(caller, Pod, "masters", Ask("kilonova:host:cert-0, O=system:masters").Request)).Reason);

        // The certificate is that host's: it registers it, and asks for its next one.
        using var agent = Client(key, first.Certificate!);
        var hypervisors = agent.Resource(ApiResources.Kinds.Hypervisors);
        await Eventually.Is(
            async () =>
            {
                try
                {
                    await hypervisors.CreateAsync(new Hypervisor { ApiVersion = ApiGroup.ApiVersion, Kind = "Hypervisor", Metadata = new() { Name = "cert-1" }, Spec = new() });
                    return false;
                }
                catch (KubernetesException e)
                {
                    return e.IsForbidden && e.Message.Contains("kilonova:host:cert-0 writes what bears its own name", StringComparison.Ordinal);
                }
            },
            "another host's name is refused to it, by name");
        await hypervisors.CreateAsync(new Hypervisor { ApiVersion = ApiGroup.ApiVersion, Kind = "Hypervisor", Metadata = new() { Name = "cert-0" }, Spec = new() });
        await Eventually.Is(
            async () =>
            {
                try
                {
                    return await hypervisors.GetAsync(new NamespacedName("cert-0")) is not null;
                }
                catch (KubernetesException e) when (e.IsForbidden)
                {
                    return false;
                }
            },
            "the operator grants it what it needs");
        var own = new Person("host", "kilonova:host:cert-0", "kilonova:hosts");
        Assert.Equal(("Approved", "Renewal"), await OutcomeAsync(caller, own, "next", Ask("kilonova:host:cert-0").Request) is var next ? (next.Type, next.Reason) : default);
        Assert.Equal(("Denied", "WrongRequester"), await OutcomeAsync(caller, own, "grab", Ask("kilonova:host:cert-1").Request) is var grab ? (grab.Type, grab.Reason) : default);

        // Nobody but the operator approves, and it decides nothing that is not a host's.
        var foreign = await AskAsync(caller, Pod with { Node = null, User = "vera" }, "foreign", Ask("vera").Request, mayAsk: false);
        Assert.Equal(403, foreign.Code);
        await AskAsync(caller, Person.Administrator, "unrelated", Ask("somebody").Request);
        foreach (var person in new[] { own, Pod })
        {
            var approval = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Approved", ["status"] = "True" }) } };
            Assert.Equal(403, (await caller.SendAsync(person, HttpMethod.Patch, $"{Requests}/unrelated/approval", approval, "application/merge-patch+json")).Code);
        }

        // Decided after it, so it had its turn.
        Assert.Equal("WrongNode", (await OutcomeAsync(caller, Pod, "last", Ask("kilonova:host:cert-1").Request)).Reason);
        Assert.Null((await caller.SendAsync(Person.Administrator, HttpMethod.Get, $"{Requests}/unrelated")).Json["status"]?["conditions"]);
        await cluster.Api.Hypervisors.DeleteAsync((await cluster.Api.Hypervisors.GetAsync(new NamespacedName("cert-0")))!);
    }

    private static (ECDsa Key, byte[] Request) Ask(string name)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var group = name.StartsWith("kilonova:host:", StringComparison.Ordinal) ? ", O=kilonova:hosts" : "";
        return (key, Encoding.ASCII.GetBytes(new CertificateRequest(new X500DistinguishedName($"CN={name}{group}"), key, HashAlgorithmName.SHA256).CreateSigningRequestPem()));
    }

    private static Task<Answer> AskAsync(Caller caller, Person person, string name, byte[] request, bool mayAsk = true)
    {
        var made = caller.SendAsync(person, HttpMethod.Post, Requests, new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(request),
                ["signerName"] = CertificateSigningRequest.ApiClientSigner,
                ["expirationSeconds"] = 3600,
                ["usages"] = new JsonArray("digital signature", "client auth"),
            },
        });
        return mayAsk ? Made() : made;

        async Task<Answer> Made()
        {
            var answer = await made;
            Assert.True(answer.Code == 201, answer.Message);
            return answer;
        }
    }

    private static async Task<(string Type, string? Reason, string? Certificate)> OutcomeAsync(Caller caller, Person person, string name, byte[] request)
    {
        await AskAsync(caller, person, name, request);
        JsonNode? status = null;
        await Eventually.Is(
            async () =>
            {
                status = (await caller.SendAsync(Person.Administrator, HttpMethod.Get, $"{Requests}/{name}")).Json["status"];
                return status?["certificate"] is not null || (string?)status?["conditions"]?[0]?["type"] == "Denied";
            },
            $"{name} is decided, and signed if approved",
            60,
            () => $"{status}");
        var condition = status!["conditions"]![0]!;
        return ((string)condition["type"]!, (string?)condition["reason"], status["certificate"] is { } pem ? Encoding.ASCII.GetString(Convert.FromBase64String((string)pem!)) : null);
    }

    private KubernetesClient Client(ECDsa key, string certificate)
    {
        var admin = KubernetesConfig.Load(new KubernetesConfigOptions { Path = plane.Kubeconfig });
        return new KubernetesClient(new KubernetesConfig
        {
            Server = admin.Server,
            CertificateAuthority = admin.CertificateAuthority,
            ClientCertificate = PemSource.FromText(certificate),
            ClientKey = PemSource.FromText(key.ExportPkcs8PrivateKeyPem()),
        });
    }
}
