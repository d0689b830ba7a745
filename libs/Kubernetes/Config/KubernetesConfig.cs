namespace Kilonova.Kubernetes.Config;

/// <summary>
/// How to reach one API server and as whom. <see cref="Load"/> finds it as kubectl does. A class, not a record: its
/// text form must never hold a secret.
/// </summary>
public sealed class KubernetesConfig
{
    /// <summary>Address of the API server.</summary>
    public required Uri Server { get; init; }

    /// <summary>Name to send and to verify in TLS when it differs from the host in <see cref="Server"/>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Certificates that the server's must chain to; null trusts the system's.</summary>
    public PemSource? CertificateAuthority { get; init; }

    /// <summary>Client certificate, followed by its intermediates if any.</summary>
    public PemSource? ClientCertificate { get; init; }

    /// <summary>Private key of <see cref="ClientCertificate"/>: PKCS#8, PKCS#1 or SEC1.</summary>
    public PemSource? ClientKey { get; init; }

    /// <summary>Bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>File that holds the bearer token and is rotated by others; goes before <see cref="Token"/>.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Program that hands out token, certificate or both; instead of the others.</summary>
    public ExecCommand? Exec { get; init; }

    /// <summary>Namespace of the context, or the pod's own.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>
    /// Proxy for this server; null is none. <see cref="Load"/> takes the kubeconfig's, else the environment's; a pod goes straight to the
    /// address that its cluster gave it.
    /// </summary>
    public Uri? Proxy { get; init; }

    /// <summary>Accepts any server certificate. Refused unless <see cref="AllowInsecure"/> says so as well.</summary>
    public bool SkipTlsVerify { get; init; }

    /// <summary>States that plain HTTP or an unverified server is wanted.</summary>
    public bool AllowInsecure { get; init; }

    /// <summary>Where this configuration was found, for logs.</summary>
    public string Source { get; init; } = "code";

    /// <summary>
    /// Finds the configuration: an explicit path, else <c>$KUBECONFIG</c> (a list of files, the first to set a value
    /// wins), else <c>~/.kube/config</c>, else the pod's service account.
    /// </summary>
    /// <exception cref="KubernetesConfigException">None was found, or it cannot be used.</exception>
    public static KubernetesConfig Load(KubernetesConfigOptions? options = null)
    {
        options ??= new KubernetesConfigOptions();
        if (options.Path is { } path)
            return KubeconfigReader.Read([path], mustExist: true, options);
        if (options.Environment("KUBECONFIG") is { Length: > 0 } list)
            return KubeconfigReader.Read(list.Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), mustExist: false, options);
        var home = options.Environment("HOME") is { Length: > 0 } h ? System.IO.Path.Combine(h, ".kube", "config") : null;
        if (home is not null && File.Exists(home))
            return KubeconfigReader.Read([home], mustExist: true, options);
        if (InCluster.IsPossible(options))
            return InCluster.Read(options);
        throw new KubernetesConfigException($"no Kubernetes configuration: no path given, KUBECONFIG is not set, {home ?? "~/.kube/config"} does not exist, and KUBERNETES_SERVICE_HOST is not set (not in a pod)");
    }

    /// <summary>Refuses combinations that are unsafe or contradict each other.</summary>
    /// <exception cref="KubernetesConfigException">The configuration cannot be used.</exception>
    public void Validate()
    {
        if (!Server.IsAbsoluteUri || (Server.Scheme != Uri.UriSchemeHttps && Server.Scheme != Uri.UriSchemeHttp))
            throw new KubernetesConfigException($"{Source}: server: \"{Server}\" is not an http or https address");
        if (!AllowInsecure && Server.Scheme == Uri.UriSchemeHttp)
            throw new KubernetesConfigException($"{Source}: server: {Server} is plain HTTP, which is refused unless insecure connections are allowed");
        if (!AllowInsecure && SkipTlsVerify)
            throw new KubernetesConfigException($"{Source}: insecure-skip-tls-verify is refused unless insecure connections are allowed");
        if (SkipTlsVerify && CertificateAuthority is not null)
            throw new KubernetesConfigException($"{Source}: insecure-skip-tls-verify contradicts the certificate authority that is given");
        if (Exec is not null && (Token ?? TokenFile ?? ClientCertificate?.Origin) is not null)
            throw new KubernetesConfigException($"{Source}: exec contradicts the token or certificate that is given");
        if (ClientCertificate is null != ClientKey is null)
            throw new KubernetesConfigException($"{Source}: a client certificate needs client-certificate and client-key; only {(ClientKey is null ? "client-certificate" : "client-key")} is given");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Server} ({Source})";
}
