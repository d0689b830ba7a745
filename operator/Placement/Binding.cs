using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Placement;

/// <summary>The values that the protocol's writes put into objects.</summary>
public static class Binding
{
    /// <summary>The Server bound to a claim. A host that it leaves because of a failed build is remembered with the reason.</summary>
    public static Server Bound(Server server, string instanceID, string host, long epoch, string claimID, Instance? leaving)
    {
        ArgumentNullException.ThrowIfNull(server);
        var status = server.Status ?? new ServerStatus();
        var failed = status.FailedHosts;
        if (leaving is not null && PlacementProtocol.HasFailed(server, leaving))
        {
            var failure = leaving.Status!.Failure!;
            failed = [.. failed ?? [], new FailedHost { Host = status.Host!, Epoch = failure.Epoch, Reason = failure.Reason, Message = failure.Message }];
        }

        return server with
        {
            Status = status with
            {
                InstanceID = instanceID,
                PlacementEpoch = epoch,
                Host = host,
                HostEpoch = epoch,
                ClaimID = claimID,
                FailedHosts = failed,
            },
        };
    }

    /// <summary>R5: the number is used up; host and hostEpoch stay.</summary>
    public static ServerStatus Raised(Server server, long epoch)
    {
        ArgumentNullException.ThrowIfNull(server);
        return (server.Status ?? new ServerStatus()) with { PlacementEpoch = epoch };
    }

    /// <summary>The Instance of an order: named after the ID, with both finalizers from the start (R1).</summary>
    public static Instance Order(string instanceID, string host, InstanceSpec spec) => new()
    {
        ApiVersion = ApiGroup.ApiVersion,
        Kind = nameof(Instance),
        Metadata = new ObjectMeta
        {
            Name = instanceID,
            Namespace = ApiGroup.HostNamespace(host),
            Finalizers = [ApiGroup.AgentFinalizer, ApiGroup.LedgerFinalizer],
        },
        Spec = spec,
    };

    /// <summary>An Instance that came by a migration and is bound.</summary>
    public static Instance Present(Instance incoming)
    {
        ArgumentNullException.ThrowIfNull(incoming);
        return incoming with { Spec = incoming.Spec with { Wanted = InstancePresence.Present } };
    }

    /// <summary>R1: the Instance that wants nothing, whose removal the agent confirms.</summary>
    public static Instance Absent(string instanceID, CreateAbsentInstance step, Server server)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(server);
        return Order(instanceID, step.Host, new InstanceSpec
        {
            Server = new ServerReference { Namespace = server.Metadata.Namespace!, Name = server.Metadata.Name!, Uid = server.Metadata.Uid! },
            Epoch = step.Epoch,
            ClaimID = step.ClaimID,
            Wanted = InstancePresence.Absent,
        });
    }
}
