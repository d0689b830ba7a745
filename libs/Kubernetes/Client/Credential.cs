using Kilonova.Kubernetes.Config;

namespace Kilonova.Kubernetes.Client;

/// <summary>What a request is sent with. Certificate and key only where a program hands them out; else they are the configuration's.</summary>
internal sealed record Credential(string? Token, string? Certificate = null, string? Key = null)
{
    /// <summary>Says nothing of its secrets.</summary>
    public override string ToString() => Token is null ? "certificate" : "token";
}

/// <summary>Where a client's credentials come from: the configuration, a file that is rotated, or a program.</summary>
internal sealed class CredentialSource(KubernetesConfig config, KubernetesClientOptions options) : IDisposable
{
    private readonly TokenSource _token = new(config, options.CredentialCheckInterval, options.Time);
    private readonly ExecCredentials? _exec = config.Exec is { } exec ? new ExecCredentials(exec, config, options.Time) : null;

    public async ValueTask<Credential> CurrentAsync(CancellationToken cancel) =>
        _exec is null ? new Credential(_token.Current()) : await _exec.CurrentAsync(null, cancel).ConfigureAwait(false);

    /// <summary>Looks for another credential than the one that the server refused; null when there is none.</summary>
    public async ValueTask<Credential?> RefreshAfterAsync(Credential refused, CancellationToken cancel)
    {
        if (_exec is not null)
            return await _exec.CurrentAsync(refused, cancel).ConfigureAwait(false);
        return _token.RefreshAfter(refused.Token) ? new Credential(_token.Current()) : null;
    }

    public void Dispose() => _exec?.Dispose();
}
