using Kilonova.Crds;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Servers;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Placement;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator.Scheduling;

/// <summary>How a placement ended.</summary>
public enum PlaceResult
{
    /// <summary>Not known, or somebody changed the server: the reconciler looks at what there is.</summary>
    Unknown,

    /// <summary>Bound.</summary>
    Bound,

    /// <summary>None of the hosts that were decided on had room any more.</summary>
    NoRoom,

    /// <summary>The server group, as it is by now, allows none of them.</summary>
    RefusedByGroup,
}

/// <summary>
/// SCHED after the decision: claim, bind, write the Instance. The Server as it was read before the claim guards the bind, so neither the Server nor the
/// ledger need be read again: whatever happened since refuses the write.
/// </summary>
/// <param name="store">Quorum reads and guarded writes.</param>
/// <param name="ledgers">Writes ledgers.</param>
/// <param name="groups">Writes groups.</param>
/// <param name="inventory">What a host may promise, by its provider as just read.</param>
/// <param name="dress">Completes the status of a Server that was just bound.</param>
/// <param name="bound">Told of each Server that was bound: as it was, and as it is.</param>
/// <param name="logger">Log.</param>
public sealed class ServerPlacer(
    IPlacementStore store, LedgerWriter ledgers, GroupWriter groups, Func<ResourceProvider, EffectiveInventory> inventory,
    Func<Server, SchedulingOutcome?, ServerStatus> dress, Action<Server, Server> bound, ILogger<ServerPlacer> logger)
{
    /// <summary>Places a server on the first of the hosts that still has room.</summary>
    /// <param name="ask">What is to be placed.</param>
    /// <param name="request">What it needs.</param>
    /// <param name="hosts">The chosen host and its alternates.</param>
    /// <param name="outcome">The decision, for the status.</param>
    /// <param name="cancellation">Cancels; what was written stays, and is gone on from.</param>
    public async Task<PlaceResult> PlaceAsync(PlacementAsk ask, SchedulingRequest request, IReadOnlyList<string> hosts, SchedulingOutcome? outcome, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(hosts);
        var server = ask.Server;
        var identity = new ClaimIdentity(ask.InstanceID, ask.Epoch, Guid.NewGuid().ToString("N"), Holder.Of(server));
        var (refused, seated) = (false, false);
        foreach (var host in hosts)
        {
            // The group before the host. What a claim that fails leaves there is garbage by R5, and goes as such.
            if (GroupKey.Of(server) is { } group)
            {
                var seat = new GroupMember { Server = server.Metadata.Name!, InstanceID = ask.InstanceID, Epoch = ask.Epoch, ClaimID = identity.ClaimID, Host = host };
                if (await groups.ClaimAsync(group, seat, cancellation) is { } why)
                {
                    logger.ClaimRefused(server.Metadata.Namespace!, server.Metadata.Name!, ask.InstanceID, host, nameof(ServerGroup), why);
                    refused = true;
                    continue;
                }

                seated = true;
            }

            switch (await ledgers.ClaimAsync(host, ledger => Ledger.Claim(ledger, inventory(ledger), request, identity), cancellation))
            {
                case ClaimOutcome.Held held when seated && held.Entry.ClaimID != identity.ClaimID:
                    // Another's claim, which this seat is not for: whether the group has that one's, the protocol reads before it binds.
                    return PlaceResult.Unknown;
                case ClaimOutcome.Held held:
                    return await BindAsync(ask, host, held.Entry, outcome, cancellation);
                case ClaimOutcome.Refused no:
                    logger.ClaimRefused(server.Metadata.Namespace!, server.Metadata.Name!, ask.InstanceID, host, no.Step, no.Message);
                    break;
            }
        }

        return seated ? PlaceResult.Unknown : refused ? PlaceResult.RefusedByGroup : PlaceResult.NoRoom;
    }

    private async Task<PlaceResult> BindAsync(PlacementAsk ask, string host, Allocation entry, SchedulingOutcome? outcome, CancellationToken cancellation)
    {
        var wanted = Binding.Bound(ask.Server, ask.InstanceID, host, entry.Epoch, entry.ClaimID, ask.Leaving);
        var written = await store.WriteServerStatusAsync(ask.Server, dress(wanted, outcome), cancellation);
        if (written.Object is not { } server)
            return PlaceResult.Unknown;
        logger.Bound(server.Metadata.Namespace!, server.Metadata.Name!, ask.InstanceID, InstanceOrder.RequestID(server), host, entry.Epoch);
        OperatorMetrics.Placed(server);
        bound(ask.Server, server);

        // The name refuses a second one; the reconciler then finds it, and sees to the Secret too.
        var spec = InstanceOrder.Of(server, ask.InstanceID, ask.Resolved, ServerOrders.HasUserData(server));
        await store.CreateInstanceAsync(Binding.Order(ask.InstanceID, host, spec), cancellation);
        return PlaceResult.Bound;
    }
}
