namespace Kilonova.Kubernetes.Config;

/// <summary>Configuration of a pod: address from the environment, token and CA from the projected volume.</summary>
internal static class InCluster
{
    public static bool IsPossible(KubernetesConfigOptions options) => options.Environment("KUBERNETES_SERVICE_HOST") is { Length: > 0 };

    public static KubernetesConfig Read(KubernetesConfigOptions options)
    {
        var host = options.Environment("KUBERNETES_SERVICE_HOST")!;
        var port = options.Environment("KUBERNETES_SERVICE_PORT_HTTPS") ?? options.Environment("KUBERNETES_SERVICE_PORT");
        if (!ushort.TryParse(port, out var number) || number == 0)
            throw new KubernetesConfigException($"in-cluster: KUBERNETES_SERVICE_PORT: \"{port}\" is not a port");
        if (host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('['))
            host = $"[{host}]";

        var token = Path.Combine(options.ServiceAccountDirectory, "token");
        var authority = Path.Combine(options.ServiceAccountDirectory, "ca.crt");
        foreach (var file in (string[])[token, authority])
        {
            if (!File.Exists(file))
                throw new KubernetesConfigException($"in-cluster: {file} does not exist (is the service account's token mounted?)");
        }

        var ns = Path.Combine(options.ServiceAccountDirectory, "namespace");
        return new KubernetesConfig
        {
            Server = new Uri($"https://{host}:{number}/"),
            CertificateAuthority = PemSource.FromFile(authority),
            TokenFile = token,
            Namespace = File.Exists(ns) && File.ReadAllText(ns).Trim() is { Length: > 0 } name ? name : "default",
            AllowInsecure = options.AllowInsecure,
            Source = "in-cluster",
        };
    }
}
