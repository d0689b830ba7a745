using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Hosts;

/// <summary>
/// Builds that failed on each host since the last that succeeded there, as Nova counts them: noted as they are seen, and forgotten with the process.
/// </summary>
public sealed class BuildHistory
{
    private readonly ConcurrentDictionary<string, int> _failed = new(StringComparer.Ordinal);

    /// <summary>Failed builds since the last success.</summary>
    public int FailedOn(string host) => _failed.GetValueOrDefault(host);

    /// <summary>Takes note of a changed Instance.</summary>
    /// <returns>The host, when its count has changed.</returns>
    public string? Observe(Instance? before, Instance? now)
    {
        if (now is null || PlacementProtocol.HostOf(now) is not { } host)
            return null;
        if (now.Status?.StartedAt is not null && before?.Status?.StartedAt is null)
            return _failed.TryRemove(host, out _) ? host : null;
        if (now.Status?.Failure is not { } failure || before?.Status?.Failure?.Epoch == failure.Epoch)
            return null;
        _failed.AddOrUpdate(host, 1, static (_, count) => count + 1);
        return host;
    }

    /// <summary>A host is gone.</summary>
    public void Forget(string host) => _failed.TryRemove(host, out _);
}
