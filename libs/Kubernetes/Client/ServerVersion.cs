namespace Kilonova.Kubernetes.Client;

/// <summary>Version of the API server (<c>/version</c>).</summary>
public sealed record ServerVersion
{
    /// <summary>For instance <c>1</c>.</summary>
    public string? Major { get; init; }

    /// <summary>For instance <c>36</c>.</summary>
    public string? Minor { get; init; }

    /// <summary>For instance <c>v1.36.4</c>.</summary>
    public string? GitVersion { get; init; }
}
