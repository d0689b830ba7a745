using System.Net;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Config;

/// <summary>Proxies on the way to the API server.</summary>
public sealed class ProxyTests
{
    [Theory]
    [InlineData("https://api.example.com", "", "http://proxy:3128/")]
    [InlineData("https://api.example.com", "*", null)]
    [InlineData("https://api.example.com", "example.com", null)]
    [InlineData("https://example.com", ".example.com", "http://proxy:3128/")]
    [InlineData("https://API.example.com", " other.org , .Example.com", null)]
    [InlineData("https://api.example.com", "*.example.com", null)]
    [InlineData("https://badexample.com", "example.com", "http://proxy:3128/")]
    [InlineData("https://api.example.com:6443", "api.example.com:443", "http://proxy:3128/")]
    [InlineData("https://api.example.com:6443", "api.example.com:6443", null)]
    [InlineData("https://10.96.0.1", "10.96.0.0/12", null)]
    [InlineData("https://10.112.0.1", "10.96.0.0/12", "http://proxy:3128/")]
    [InlineData("https://10.96.0.1", "10.96.0.1", null)]
    [InlineData("https://10.96.0.1:6443", "10.96.0.1:443", "http://proxy:3128/")]
    [InlineData("https://[fd00::1]:6443", "fd00::/8", null)]
    [InlineData("https://[fd00::1]:6443", "[fd00::1]:6443", null)]
    [InlineData("https://[fd00::1]:6443", "fd00::1", null)]
    [InlineData("https://[fe80::1]", "fd00::/8", "http://proxy:3128/")]
    [InlineData("https://localhost:6443", "", null)]
    [InlineData("https://127.0.0.1:6443", "", null)]
    public void The_environment_names_a_proxy_and_who_is_excepted(string server, string noProxy, string? proxy)
    {
        var environment = new Dictionary<string, string> { ["HTTPS_PROXY"] = "proxy:3128", ["HTTP_PROXY"] = "http://other", ["NO_PROXY"] = noProxy };
        Assert.Equal(proxy, EnvironmentProxy.For(new Uri(server), environment.GetValueOrDefault)?.ToString());
    }

    [Fact]
    public void Small_letters_go_first_and_schemes_are_looked_at()
    {
        var environment = new Dictionary<string, string> { ["HTTPS_PROXY"] = "http://large", ["https_proxy"] = "socks5://small:1080", ["HTTP_PROXY"] = "http://plain" };
        Assert.Equal("socks5://small:1080/", EnvironmentProxy.For(new Uri("https://api"), environment.GetValueOrDefault)?.ToString());
        Assert.Equal("http://plain/", EnvironmentProxy.For(new Uri("http://api"), environment.GetValueOrDefault)?.ToString());
        environment["https_proxy"] = "ftp://x";
        Assert.Contains("HTTPS_PROXY", Assert.Throws<KubernetesConfigException>(() => EnvironmentProxy.For(new Uri("https://api"), environment.GetValueOrDefault)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kubeconfigs_proxy_wins_and_a_pod_uses_none()
    {
        var folder = Directory.CreateTempSubdirectory("kilonova-proxy-").FullName;
        var environment = new Dictionary<string, string> { ["HTTPS_PROXY"] = "http://environment", ["KUBERNETES_SERVICE_HOST"] = "10.0.0.1", ["KUBERNETES_SERVICE_PORT"] = "443" };
        var options = new KubernetesConfigOptions { Environment = environment.GetValueOrDefault, ServiceAccountDirectory = folder };
        File.WriteAllText(Path.Combine(folder, "token"), "t");
        File.WriteAllText(Path.Combine(folder, "ca.crt"), "CA");
        var path = Path.Combine(folder, "config");
        File.WriteAllText(path, "current-context: c\ncontexts: [{name: c, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://api', proxy-url: 'http://own:1'}}]\n");
        Assert.Equal("http://own:1/", KubernetesConfig.Load(options with { Path = path }).Proxy?.ToString());
        File.WriteAllText(path, File.ReadAllText(path).Replace(", proxy-url: 'http://own:1'", "", StringComparison.Ordinal));
        Assert.Equal("http://environment/", KubernetesConfig.Load(options with { Path = path }).Proxy?.ToString());
        Assert.Null(KubernetesConfig.Load(options).Proxy);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Requests_go_through_a_tunnel_to_the_real_address_whatever_the_tls_name()
    {
        using var authority = new TestAuthority();
        await using var server = await TlsServer.StartAsync(authority, names => names.AddDnsName("kubernetes.default"));
        await using var proxy = new ConnectProxy("me:p@ss");
        var config = new KubernetesConfig
        {
            Server = server.Config(authority).Server,
            CertificateAuthority = PemSource.FromText(authority.Pem),
            TlsServerName = "kubernetes.default",
            Proxy = new Uri($"http://me:p%40ss@127.0.0.1:{proxy.Port}"),
        };
        using var client = new KubernetesClient(config, new() { MaxAttempts = 1 });

        Assert.Equal("HTTP/2", (await client.GetVersionAsync()).Major);
        Assert.Equal([$"127.0.0.1:{server.Port}"], proxy.Tunnels.Distinct());
        Assert.Equal(["kubernetes.default"], server.ServerNames.Distinct());
    }
}
