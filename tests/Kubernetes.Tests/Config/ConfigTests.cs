using Kilonova.Kubernetes.Config;

namespace Kilonova.Kubernetes.Tests.Config;

public sealed class ConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kilonova-config-").FullName;
    private readonly Dictionary<string, string> _environment = [];

    private const string Whole = """
        apiVersion: v1
        kind: Config
        current-context: one
        contexts:
        - name: one
          context: { cluster: c, user: u, namespace: team }
        - name: other
          context: { cluster: c }
        clusters:
        - name: c
          cluster: { server: "https://api:6443", certificate-authority: ca.pem, tls-server-name: kubernetes, proxy-url: "http://proxy:3128" }
        users:
        - name: u
          user: { token: secret-token, tokenFile: tokens/t, client-certificate-data: Q0VSVA==, client-certificate: ignored.pem, client-key: keys/k.pem }
        """;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    private KubernetesConfigOptions Options(string? path = null) =>
        new() { Path = path, Environment = name => _environment.GetValueOrDefault(name), ServiceAccountDirectory = Path.Combine(_folder, "sa") };

    private string Refused(string kubeconfig) => Assert.Throws<KubernetesConfigException>(() => KubernetesConfig.Load(Options(File("config", kubeconfig)))).Message;

    [Fact]
    public void A_kubeconfig_is_read_with_paths_relative_to_itself_and_data_before_files()
    {
        var config = KubernetesConfig.Load(Options(File("kube/config", Whole)));

        Assert.Equal(new Uri("https://api:6443"), config.Server);
        Assert.Equal(("kubernetes", "team", "secret-token"), (config.TlsServerName, config.Namespace, config.Token));
        Assert.Equal(Path.Combine(_folder, "kube", "ca.pem"), config.CertificateAuthority!.File);
        Assert.Equal(Path.Combine(_folder, "kube", "tokens", "t"), config.TokenFile);
        Assert.Equal(Path.Combine(_folder, "kube", "keys", "k.pem"), config.ClientKey!.File);
        Assert.Equal("CERT", config.ClientCertificate!.Read());
        Assert.Equal(new Uri("http://proxy:3128"), config.Proxy);
        Assert.DoesNotContain("secret-token", config.ToString(), StringComparison.Ordinal);
        Assert.Null(KubernetesConfig.Load(Options(File("kube/config", Whole)) with { Context = "other" }).Token);
    }

    [Fact]
    public void Of_several_files_the_first_to_name_something_wins()
    {
        var first = File("first", "current-context: two\ncontexts:\n- name: two\n  context: { cluster: c2 }\nclusters:\n- name: c2\n  cluster: { server: 'https://first' }\n");
        var second = File("second", Whole + "\n");
        _environment["KUBECONFIG"] = $"{Path.Combine(_folder, "missing")}:{first}:{second}";

        Assert.Equal(new Uri("https://first"), KubernetesConfig.Load(Options()).Server);
        Assert.Equal(new Uri("https://api:6443"), KubernetesConfig.Load(Options() with { Context = "one" }).Server);
    }

    [Fact]
    public void Places_are_searched_in_order()
    {
        var none = Assert.Throws<KubernetesConfigException>(() => KubernetesConfig.Load(Options())).Message;
        Assert.Contains("KUBECONFIG is not set", none, StringComparison.Ordinal);
        _environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";
        _environment["KUBERNETES_SERVICE_PORT"] = "443";
        Assert.Contains("token", Assert.Throws<KubernetesConfigException>(() => KubernetesConfig.Load(Options())).Message, StringComparison.Ordinal);
        File("sa/token", "t");
        File("sa/ca.crt", "CA");
        File("sa/namespace", "mine\n");
        var pod = KubernetesConfig.Load(Options());
        Assert.Equal(new Uri("https://[fd00::1]:443/"), pod.Server);
        Assert.Equal(("mine", Path.Combine(_folder, "sa", "token")), (pod.Namespace, pod.TokenFile));

        _environment["HOME"] = _folder;
        File(".kube/config", Whole);
        Assert.Equal("team", KubernetesConfig.Load(Options()).Namespace);
        _environment["KUBECONFIG"] = File("env", Whole.Replace("team", "env", StringComparison.Ordinal));
        Assert.Equal("env", KubernetesConfig.Load(Options()).Namespace);
        Assert.Equal("path", KubernetesConfig.Load(Options(File("path", Whole.Replace("team", "path", StringComparison.Ordinal)))).Namespace);
    }

    [Theory]
    [InlineData("current-context: one", "current-context: nil", "current-context names \"nil\", which is not in contexts")]
    [InlineData("cluster: c, user", "cluster: nil, user", "config: contexts[\"one\"].context.cluster names \"nil\", which is not in clusters")]
    [InlineData("cluster: c, user: u", "user: u", "config: contexts[\"one\"].context.cluster is missing")]
    [InlineData("https://api:6443", "api", "config: clusters[\"c\"].cluster.server: \"api\" is not an address")]
    [InlineData("https://api:6443", "http://api:6443", "plain HTTP, which is refused unless")]
    [InlineData("certificate-authority: ca.pem", "insecure-skip-tls-verify: true", "insecure-skip-tls-verify is refused unless")]
    [InlineData("Q0VSVA==", "'?'", "config: users[\"u\"].user.client-certificate-data: not base64")]
    [InlineData(", client-key: keys/k.pem", "", "only client-certificate is given")]
    [InlineData("token: secret-token", "exec: { apiVersion: client.authentication.k8s.io/v1beta1, command: get }", "exec contradicts the token or certificate")]
    [InlineData("token: secret-token", "exec: { apiVersion: client.authentication.k8s.io/v1alpha1, command: get }", "users[\"u\"].user.exec.apiVersion: \"client.authentication.k8s.io/v1alpha1\" is not supported")]
    [InlineData("token: secret-token", "exec: { apiVersion: client.authentication.k8s.io/v1, command: get }", "user.exec.interactiveMode is missing")]
    [InlineData("token: secret-token", "exec: { apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always, command: get }", "the program wants a terminal")]
    [InlineData("token: secret-token", "exec: { apiVersion: client.authentication.k8s.io/v1beta1, command: get, args: x }", "user.exec.args: not a list")]
    [InlineData("http://proxy:3128", "ftp://proxy", "clusters[\"c\"].cluster.proxy-url: \"ftp://proxy\" is not the address of a proxy")]
    [InlineData("token: secret-token", "username: me", "users[\"u\"].user.username: this way")]
    [InlineData("contexts:", "contexts: [", "config: line")]
    public void Faults_are_told_with_file_and_field(string part, string fault, string message)
    {
        Assert.Contains(part, Whole, StringComparison.Ordinal);
        Assert.Contains(message, Refused(Whole.Replace(part, fault, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void Insecure_connections_are_possible_when_stated()
    {
        var path = File("config", Whole.Replace("certificate-authority: ca.pem", "insecure-skip-tls-verify: true", StringComparison.Ordinal));
        Assert.True(KubernetesConfig.Load(Options(path) with { AllowInsecure = true }).SkipTlsVerify);
        path = File("config", Whole.Replace("certificate-authority", "insecure-skip-tls-verify: true, certificate-authority", StringComparison.Ordinal));
        Assert.Contains("contradicts", Assert.Throws<KubernetesConfigException>(() => KubernetesConfig.Load(Options(path) with { AllowInsecure = true })).Message, StringComparison.Ordinal);
        Assert.Contains("missing", Assert.Throws<KubernetesConfigException>(() => KubernetesConfig.Load(Options(Path.Combine(_folder, "missing")))).Message, StringComparison.Ordinal);
    }
}
