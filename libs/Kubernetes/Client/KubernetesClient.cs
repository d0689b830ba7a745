using System.Text.Json;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Kubernetes.Client;

/// <summary>A client of one API server. Thread-safe; one per process and identity.</summary>
public sealed class KubernetesClient : IDisposable
{
    private readonly RequestSender _sender;

    /// <summary>Creates a client; connections are made when needed.</summary>
    /// <exception cref="KubernetesConfigException">The configuration cannot be used.</exception>
    public KubernetesClient(KubernetesConfig config, KubernetesClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        Options = options ?? new KubernetesClientOptions();
        _sender = new RequestSender(config, Options);
    }

    /// <summary>Where it connects to.</summary>
    public KubernetesConfig Config { get; }

    /// <summary>Its settings.</summary>
    public KubernetesClientOptions Options { get; }

    /// <summary>The objects of one kind.</summary>
    public Resource<T> Resource<T>(ResourceType<T> type)
        where T : KubernetesObject
    {
        ArgumentNullException.ThrowIfNull(type);
        return new Resource<T>(_sender, Options, type);
    }

    /// <summary>Version of the server.</summary>
    public Task<ServerVersion> GetVersionAsync(CancellationToken cancel = default) =>
        _sender.SendAsync(
            new ApiRequest(HttpMethod.Get, "/version", "get", "version", RetryRule.Read),
            async (stream, token) => await JsonSerializer.DeserializeAsync(stream, ClientJson.Default.ServerVersion, token).ConfigureAwait(false)
                ?? throw new JsonException("null in place of a version"),
            cancel);

    /// <summary>Whether the server answers and says that it is ready (<c>/readyz</c>).</summary>
    /// <exception cref="KubernetesException">It says that it is not.</exception>
    /// <exception cref="KubernetesConnectionException">It does not answer.</exception>
    public Task CheckReadyAsync(CancellationToken cancel = default) =>
        _sender.SendAsync(new ApiRequest(HttpMethod.Get, "/readyz", "get", "readyz", RetryRule.Never), static (_, _) => new ValueTask<bool>(true), cancel);

    /// <inheritdoc/>
    public void Dispose() => _sender.Dispose();
}
