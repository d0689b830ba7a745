using Kilonova.Crds;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Hosts;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Scheduling;

namespace Kilonova.Operator.Servers;

/// <summary>Gathers what statuses and work orders are made of.</summary>
public sealed class ServerOrders(ClusterCache cache, HostLiveness liveness, HostPolicy policy, OperatorSettings settings, TimeProvider time)
{
    /// <summary>The status of a Server whose placement fields were just changed, complete, so that the bind is one write.</summary>
    public ServerStatus Dress(Server server, SchedulingOutcome? outcome) => ServerStatusBuilder.Build(Facts(server, null, null, outcome));

    /// <summary>All that a Server's status is a function of.</summary>
    public ServerFacts Facts(Server server, Instance? instance, Wait? waiting, SchedulingOutcome? outcome)
    {
        ArgumentNullException.ThrowIfNull(server);
        var host = server.Status?.Host;
        return new ServerFacts(server, instance, time.GetUtcNow())
        {
            Waiting = waiting,
            Outcome = outcome,
            HostReachable = host is null || liveness.IsUp(host),
            AvailabilityZone = host is null ? null : policy.ZoneOf(host, settings.Scheduler.DefaultAvailabilityZone),
            Flavor = cache.Flavor(server.Spec.Flavor),
            MaxAttempts = settings.Scheduler.MaxAttempts,
        };
    }

    /// <summary>Whether a guest gets user data.</summary>
    public static bool HasUserData(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Spec.UserData is not null || server.Spec.UserDataFrom is not null;
    }
}
