using Kilonova.Kubernetes.Config;

namespace Kilonova.Kubernetes.Client;

/// <summary>The bearer token. A token file is read anew at intervals and after the server refused the old token.</summary>
internal sealed class TokenSource(KubernetesConfig config, TimeSpan interval, TimeProvider time)
{
    private readonly Lock _lock = new();

    // Spread, so that a host's processes do not all read at once.
    private readonly TimeSpan _interval = interval * (0.8 + (Random.Shared.NextDouble() / 5));
    private string? _token = config.Token;
    private long _readAt;
    private bool _read;

    public string? Current()
    {
        if (config.TokenFile is null)
            return _token;
        lock (_lock)
        {
            if (!_read || time.GetElapsedTime(_readAt) >= _interval)
                Read();
            return _token;
        }
    }

    /// <summary>Reads the file again; whether the token is another than <paramref name="refused"/>.</summary>
    public bool RefreshAfter(string? refused)
    {
        if (config.TokenFile is null)
            return false;
        lock (_lock)
        {
            Read();
            return _token != refused;
        }
    }

    private void Read()
    {
        try
        {
            var token = File.ReadAllText(config.TokenFile!).Trim();
            if (token.Length > 0)
                _token = token;
            else if (!_read)
                throw new KubernetesConfigException($"{config.TokenFile}: the token file is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && _read)
        {
            // In the moment of a rotation the file may be away or empty: the old token is still good, the next look finds the new one.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubernetesConfigException($"{config.TokenFile}: {e.Message}", e);
        }

        _read = true;
        _readAt = time.GetTimestamp();
    }
}
