using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Kilonova.Integration.Cluster;

namespace Kilonova.Integration.Scenarios;

/// <summary>Agents that ask the cluster for who they are.</summary>
public sealed class IdentityTests
{
    [Fact]
    public async Task An_agent_gets_its_hosts_certificate_and_renews_it_with_itself_while_it_serves()
    {
        await using var cluster = await TestCluster.StartAsync(new ClusterShape(Hosts: 0, TestHosts: 1, AgentArguments: "--request-certificate --certificate-lifetime 30s"));
        var file = Path.Combine(cluster.Directory, "hosts", "test-a", "var", "lib", "kilonova", "client.pem");
        var first = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        using (var certificate = X509Certificate2.CreateFromPem(first, first))
            Assert.Contains("kilonova:host:test-a", certificate.Subject, StringComparison.Ordinal);
        await Eventually.True("the certificate is renewed", async () => await File.ReadAllTextAsync(file) != first, TimeSpan.FromSeconds(60));

        // Each was approved by the operator, and the second was asked for with the first: the API server notes by what a caller was known.
        var requests = (await cluster.Kubectl.ListAsync("certificatesigningrequests"))
            .Where(r => ((string)r["metadata"]!["name"]!).StartsWith("kilonova-host-test-a-", StringComparison.Ordinal))
            .OrderBy(r => (string)r["metadata"]!["creationTimestamp"]!, StringComparer.Ordinal).ToArray();
        Assert.True(requests.Length >= 2, $"{requests.Length} requests");
        Assert.All(requests, r => Assert.Equal("Approved", (string?)r["status"]?["conditions"]?[0]?["type"]));
        Assert.Equal($"X509SHA256={Fingerprint(requests[0])}", (string?)requests[1]["spec"]!["extra"]!["authentication.kubernetes.io/credential-id"]![0]);

        // And it serves as before.
        var lease = await RenewedAsync();
        await Eventually.True("the Lease is renewed", async () => await RenewedAsync() != lease, TimeSpan.FromSeconds(60));

        async Task<string?> RenewedAsync() => (string?)(await cluster.Kubectl.GetAsync("lease", "kilonova-agent", "kilonova-host-test-a"))!["spec"]!["renewTime"];
    }

    private static string Fingerprint(JsonNode request)
    {
        using var certificate = X509Certificate2.CreateFromPem(System.Text.Encoding.ASCII.GetString(Convert.FromBase64String((string)request["status"]!["certificate"]!)));
#pragma warning disable CA1308 // the API server writes it so
        return Convert.ToHexString(SHA256.HashData(certificate.RawData)).ToLowerInvariant();
#pragma warning restore CA1308
    }
}
