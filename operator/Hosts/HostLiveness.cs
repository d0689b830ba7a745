using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Kubernetes.Core;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Operator.Hosts;

/// <summary>
/// Which hosts are heard of: those whose agent renewed its Lease within <see cref="Expiry"/>, by this process' own monotonic clock from when the
/// renewal was seen, since clocks of hosts differ.
/// </summary>
/// <remarks>
/// A Lease that is old by its own time when it is first seen counts as expired until it is renewed: after a restart of the operator a host that is
/// long dead gets no guests. A host whose clock is wrong waits for its next renewal, no more.
/// </remarks>
public sealed class HostLiveness(TimeProvider time)
{
    /// <summary>A host that was not heard of for this long is down: three missed renewals.</summary>
    public static readonly TimeSpan Expiry = HostFacts.HeartbeatExpiry;

    private readonly ConcurrentDictionary<string, Seen> _hosts = new(StringComparer.Ordinal);

    /// <summary>Takes note of a Lease.</summary>
    /// <returns>The host, when it has become reachable by this; else null.</returns>
    public string? Observe(Lease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        if (HostOf(lease) is not { } host)
            return null;
        var renewed = lease.Spec?.RenewTime;
        var now = time.GetTimestamp();
        if (!_hosts.TryGetValue(host, out var before))
        {
            var fresh = renewed is { } first && (time.GetUtcNow() - first).Duration() < Expiry;
            _hosts[host] = new Seen(renewed, now, fresh);
            return fresh ? host : null;
        }

        if (renewed is null || renewed == before.Renewed)
            return null;
        var wasUp = IsUp(host);
        _hosts[host] = new Seen(renewed, now, true);
        return wasUp ? null : host;
    }

    /// <summary>A host's Lease is gone.</summary>
    public string? Forget(Lease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return HostOf(lease) is { } host && _hosts.TryRemove(host, out _) ? host : null;
    }

    /// <summary>Whether a host is heard of.</summary>
    public bool IsUp(string host) => _hosts.TryGetValue(host, out var seen) && seen.Up && time.GetElapsedTime(seen.At) < Expiry;

    /// <summary>Hosts that have expired since this was last asked.</summary>
    public IReadOnlyList<string> Expired()
    {
        List<string>? expired = null;
        foreach (var (host, seen) in _hosts)
        {
            if (seen.Up && time.GetElapsedTime(seen.At) >= Expiry && _hosts.TryUpdate(host, seen with { Up = false }, seen))
                (expired ??= []).Add(host);
        }

        return expired ?? (IReadOnlyList<string>)[];
    }

    private static string? HostOf(Lease lease) =>
        lease.Metadata.Name == ApiGroup.AgentLeaseName && lease.Metadata.Namespace is { } ns && ns.StartsWith(ApiGroup.HostNamespacePrefix, StringComparison.Ordinal)
            ? ns[ApiGroup.HostNamespacePrefix.Length..]
            : null;

    private sealed record Seen(DateTimeOffset? Renewed, long At, bool Up);
}
