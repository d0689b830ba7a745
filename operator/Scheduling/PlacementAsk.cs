using Kilonova.Crds;
using Kilonova.Operator.Servers;

namespace Kilonova.Operator.Scheduling;

/// <summary>A Server that is to be placed, with everything that it refers to.</summary>
/// <param name="InstanceID">Its identity.</param>
/// <param name="Server">The Server as read before the claim: bind compares the whole of it.</param>
/// <param name="Resolved">What it refers to.</param>
/// <param name="Avoid">Hosts that hold something of it still.</param>
/// <param name="Leaving">The Instance on the host that it leaves, read by quorum after the Server; null when it was not bound, or its place is lost.</param>
public sealed record PlacementAsk(string InstanceID, Server Server, Resolution.Complete Resolved, IReadOnlyList<string> Avoid, Instance? Leaving = null)
{
    /// <summary>
    /// Everything that a decision depends on but the hosts. A server that was rejected is not decided anew for a change that leaves this as it was,
    /// for instance that of its own status.
    /// </summary>
    public string Fingerprint { get; } = string.Join(
        '/',
        Server.Metadata.Generation,
        Server.Status?.PlacementEpoch ?? 0,
        Server.Status?.Host,
        Resolved.Flavor.Metadata.ResourceVersion,
        Resolved.Image?.Metadata.ResourceVersion,
        string.Join(',', Resolved.Networks.Select(n => n.Metadata.ResourceVersion)),
        string.Join(',', Avoid));

    /// <summary>The next placement number.</summary>
    public long Epoch => (Server.Status?.PlacementEpoch ?? 0) + 1;

    /// <summary>When it was asked for: the older goes first.</summary>
    public DateTimeOffset Since => Server.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue;
}
