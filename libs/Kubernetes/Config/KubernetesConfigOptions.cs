namespace Kilonova.Kubernetes.Config;

/// <summary>Where <see cref="KubernetesConfig.Load"/> looks.</summary>
public sealed record KubernetesConfigOptions
{
    /// <summary>Kubeconfig to read, before any other place.</summary>
    public string? Path { get; init; }

    /// <summary>Context to use in place of the file's <c>current-context</c>.</summary>
    public string? Context { get; init; }

    /// <summary>Allows plain HTTP and <c>insecure-skip-tls-verify</c>.</summary>
    public bool AllowInsecure { get; init; }

    /// <summary>Where a pod finds its token, CA and namespace.</summary>
    public string ServiceAccountDirectory { get; init; } = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Reads an environment variable.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;
}
