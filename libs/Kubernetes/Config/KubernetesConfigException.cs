namespace Kilonova.Kubernetes.Config;

/// <summary>A configuration that cannot be used; the message names the file and the field.</summary>
public sealed class KubernetesConfigException : Exception
{
    /// <summary>Creates the exception.</summary>
    public KubernetesConfigException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public KubernetesConfigException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
