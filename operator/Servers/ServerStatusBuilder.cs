using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Servers;

/// <summary>
/// A Server's status as a pure function of what is known of it. The placement fields (instanceID, placementEpoch, host, hostEpoch, claimID,
/// failedHosts) are taken over as they are: only the protocol's own writes change them. Everything else is computed anew each time, so
/// that the status after a crash is the status without one.
/// </summary>
public static class ServerStatusBuilder
{
    /// <summary>Builds the status.</summary>
    public static ServerStatus Build(ServerFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var server = facts.Server;
        var old = server.Status ?? new ServerStatus();
        var conditions = new ServerConditions(server, facts.Now);
        var (phase, task) = Judge(facts, old, conditions);
        return old with
        {
            ObservedGeneration = server.Metadata.Generation,
            InstanceID = old.InstanceID ?? server.Metadata.Uid,
            Cell = old.Host is not null ? CellNames.Local : facts.Outcome is SchedulingOutcome.NoValidHost ? CellNames.Unplaced : null,
            AvailabilityZone = old.Host is not null ? facts.AvailabilityZone ?? old.AvailabilityZone : null,
            Phase = phase,
            TaskState = task,
            PowerState = Current(facts)?.Status?.PowerState,
            // From the bind on, which is one write: what is added when the Instance is there would be another.
            Addresses = Current(facts) is { } instance ? Addresses(instance) : old.Addresses ?? (old.Host is null ? null : Addresses(server)),
            Flavor = Summary(facts) ?? old.Flavor,
            Scheduling = Report(facts, old),
            LaunchedAt = old.LaunchedAt ?? Current(facts)?.Status?.StartedAt,
            Conditions = conditions.ToList(),
        };
    }

    /// <summary>Phase, task and conditions: the first rule that applies.</summary>
    private static (ServerPhase Phase, string? Task) Judge(ServerFacts facts, ServerStatus old, ServerConditions conditions)
    {
        var deleting = facts.Server.Metadata.DeletionTimestamp is not null;
        if (old.Host is { } host)
        {
            conditions.Set(ServerConditions.Scheduled, ConditionStatus.True, "Scheduled", $"Bound to {host}.");
            if (facts.HostReachable)
                conditions.Set(ServerConditions.HostReachable, ConditionStatus.True, "LeaseRenewed", $"The agent of {host} renews its Lease.");
            else
                conditions.Set(ServerConditions.HostReachable, ConditionStatus.False, "LeaseExpired", $"The agent of {host} does not renew its Lease; what the guest does is not known.");
        }

        if (facts.Waiting is { Reason: WaitReason.FoundOnHost, Host: { } found })
            conditions.Set(ServerConditions.Blocked, ConditionStatus.True, "FoundOn", FoundOn(found));

        if (facts.Waiting is { Reason: WaitReason.Restored })
            conditions.Set(ServerConditions.Blocked, ConditionStatus.True, "StoreRestored", "The store was restored from a copy: nothing is scheduled, started or destroyed until every host has said what it runs (see the Cell).");

        return deleting ? Deleting(facts, old, conditions)
            : facts.Waiting is { Reason: WaitReason.FoundOnHost } ? Blocked(facts, old, conditions)
            : facts.Waiting is { Reason: WaitReason.PlaceLost } ? PlaceLost(old, conditions)
            : old.Host is null ? Unplaced(facts, conditions)
            : Placed(facts, old, conditions);
    }

    private static (ServerPhase, string?) Deleting(ServerFacts facts, ServerStatus old, ServerConditions conditions)
    {
        var message = facts.Waiting is { Reason: WaitReason.AgentConfirmation, Host: { } host }
            ? facts.HostReachable || host != old.Host
                ? $"Waiting for the agent of {host} to confirm that domain and disks are gone."
                : $"Waiting for the agent of {host} to confirm that domain and disks are gone; it does not renew its Lease."
            : "Being deleted.";
        conditions.IsReconciling("Deleting", message);
        return (ServerPhase.Deleting, "deleting");
    }

    private static (ServerPhase, string?) Blocked(ServerFacts facts, ServerStatus old, ServerConditions conditions)
    {
        conditions.IsStalled("FoundOn", FoundOn(facts.Waiting!.Host!));
        if (old.Host is null)
            conditions.Set(ServerConditions.Scheduled, ConditionStatus.False, "Blocked", "Not scheduled while a host runs a guest of this identity.");
        return (old.Phase is { } phase and not ServerPhase.Deleting ? phase : ServerPhase.Build, null);
    }

    private static (ServerPhase, string?) PlaceLost(ServerStatus old, ServerConditions conditions)
    {
        conditions.IsStalled("PlaceLost", $"The Instance on {old.Host} was deleted under the server, and its disks with it. Delete the server, or restore it from a backup.");
        return (ServerPhase.Error, null);
    }

    private static (ServerPhase, string?) Unplaced(ServerFacts facts, ServerConditions conditions)
    {
        switch (facts.Outcome)
        {
            case SchedulingOutcome.Unresolved missing:
                conditions.IsReconciling(missing.Reason, missing.Message);
                conditions.Set(ServerConditions.Scheduled, ConditionStatus.False, missing.Reason, missing.Message);
                return (ServerPhase.Build, "scheduling");
            case SchedulingOutcome.NoValidHost none:
                return NoValidHost(facts, none, conditions);
            default:
                conditions.IsReconciling("Scheduling", "Waiting for a host.");
                conditions.Set(ServerConditions.Scheduled, ConditionStatus.Unknown, "Scheduling", "Waiting for a host.");
                return (ServerPhase.Build, "scheduling");
        }
    }

    private static (ServerPhase, string?) NoValidHost(ServerFacts facts, SchedulingOutcome.NoValidHost none, ServerConditions conditions)
    {
        conditions.Set(ServerConditions.Scheduled, ConditionStatus.False, "NoValidHost", none.Message);
        if (facts.Server.Spec.OnNoValidHost == OnNoValidHost.Fail)
        {
            conditions.IsStalled("NoValidHost", none.Message);
            return (ServerPhase.Error, null);
        }

        conditions.IsReconciling("NoValidHost", none.Message);
        return (ServerPhase.Build, "scheduling");
    }

    private static (ServerPhase, string?) Placed(ServerFacts facts, ServerStatus old, ServerConditions conditions)
    {
        var instance = Current(facts);
        if (instance is not null && PlacementProtocol.HasFailed(facts.Server, instance) && !IsTriedAnew(instance))
            return Failed(facts, instance, old, conditions);

        // Unresolved while bound: its Instance could not be written for want of something.
        if (instance is null && facts.Outcome is SchedulingOutcome.Unresolved missing)
        {
            conditions.IsReconciling(missing.Reason, missing.Message);
            return (ServerPhase.Build, "spawning");
        }

        var launched = old.LaunchedAt is not null || instance?.Status?.StartedAt is not null || instance?.Status?.PowerState is PowerState.Shutdown;
        var answer = instance?.Status;
        if (!facts.HostReachable && launched)
        {
            conditions.Set(ServerConditions.Ready, ConditionStatus.Unknown, "HostUnreachable", $"The agent of {old.Host} does not renew its Lease; what the guest does is not known.");
            return (old.Phase ?? ServerPhase.Unknown, old.TaskState);
        }

        if (instance is null || answer is null || !launched)
        {
            var doing = answer?.Conditions?.FirstOrDefault(c => c.Type == ServerConditions.Ready && c.Status == ConditionStatus.False);
            conditions.IsReconciling(doing?.Reason ?? "Building", Progress(answer) ?? doing?.Message ?? $"Being built on {old.Host}.");
            return (ServerPhase.Build, "spawning");
        }

        return Launched(facts, instance, answer, conditions);
    }

    /// <summary>A guest that has run here, or is defined and kept off as wanted.</summary>
    private static (ServerPhase, string?) Launched(ServerFacts facts, Instance instance, InstanceStatus answer, ServerConditions conditions)
    {
        var phase = answer.PowerState switch
        {
            PowerState.Running => ServerPhase.Active,
            PowerState.Shutdown => ServerPhase.Shutoff,
            PowerState.Crashed => ServerPhase.Error,
            PowerState.NoState or null => ServerPhase.Unknown,
            _ => ServerPhase.Active,
        };
        var wanted = facts.Server.Spec.PowerState;
        var current = instance.Spec.ServerGeneration == (facts.Server.Metadata.Generation ?? 0)
            && (answer.ObservedGeneration ?? 0) >= (instance.Metadata.Generation ?? 0);
        var matches = wanted == WantedPowerState.Running ? answer.PowerState == PowerState.Running : answer.PowerState == PowerState.Shutdown;

        if (current && matches)
        {
            conditions.IsReady(wanted == WantedPowerState.Running ? "Running" : "Stopped", wanted == WantedPowerState.Running ? "The guest runs." : "The guest is shut down, as wanted.");
            return (phase, null);
        }

        if (current && answer.StoppedByGuest == true)
        {
            conditions.Set(ServerConditions.Ready, ConditionStatus.False, "StoppedByGuest", "The guest powered itself off and is left so (spec.onGuestShutdown: Stop). Set spec.powerState to Stopped and back to Running to start it.");
            return (phase, null);
        }

        if (matches)
        {
            conditions.IsReconciling("Updating", $"Waiting for {facts.Server.Status!.Host} to take over generation {facts.Server.Metadata.Generation}.");
            return (phase, null);
        }

        var (task, reason, message) = wanted == WantedPowerState.Running
            ? ("powering-on", "PoweringOn", "The guest is being started.")
            : ("powering-off", "PoweringOff", "The guest is being shut down.");
        var trouble = answer.Conditions?.FirstOrDefault(c => c.Type == ServerConditions.Ready && c.Status == ConditionStatus.False);
        conditions.IsReconciling(trouble?.Reason ?? reason, trouble?.Message ?? message);
        return (phase, task);
    }

    private static (ServerPhase, string?) Failed(ServerFacts facts, Instance instance, ServerStatus old, ServerConditions conditions)
    {
        var failure = instance.Status!.Failure!;
        if (PlacementProtocol.MayTryElsewhere(facts.Server, instance, facts.MaxAttempts))
        {
            if (facts.Outcome is SchedulingOutcome.NoValidHost none)
                return NoValidHost(facts, none with { Message = $"{none.Message} {old.Host} failed: {failure.Message}" }, conditions);
            conditions.IsReconciling(failure.Reason, $"{old.Host} could not build the server: {failure.Message} Another host is tried.");
            return (ServerPhase.Build, "scheduling");
        }

        var attempts = (old.FailedHosts?.Count ?? 0) + 1;
        var earlier = string.Concat((old.FailedHosts ?? []).Select(f => $" {f.Host}: {f.Message}"));
        conditions.IsStalled(failure.Reason, attempts >= facts.MaxAttempts && attempts > 1
            ? $"The build failed on {attempts} hosts, and no more are tried (maxAttempts).{earlier} {old.Host}: {failure.Message}"
            : $"{old.Host}: {failure.Message}");
        return (ServerPhase.Error, null);
    }

    /// <summary>The Instance of the placement that is bound; one of an earlier placement says nothing of this one.</summary>
    private static Instance? Current(ServerFacts facts) =>
        facts.Instance is { Spec.Wanted: not InstancePresence.Absent } instance
        && PlacementProtocol.HostOf(instance) is { } host && PlacementProtocol.IsBound(facts.Server, host, instance.Spec.Epoch) ? instance : null;

    /// <summary>A failure without a promise holds for the order that it was judged on: a changed one is tried again on the same host.</summary>
    private static bool IsTriedAnew(Instance instance) =>
        !instance.Status!.Failure!.Elsewhere && (instance.Status.ObservedGeneration ?? 0) < (instance.Metadata.Generation ?? 0);

    private static string? Progress(InstanceStatus? status) => status?.Progress is { } progress
        ? $"{status.Step}: {progress.Message ?? $"{progress.Percent} %"}"
        : null;

    private static string FoundOn(string host) =>
        $"{host} runs a guest of this identity without being told to. It is left running, and the server is not scheduled anywhere, until it is adopted or reaped.";

    private static SchedulingReport? Report(ServerFacts facts, ServerStatus old) => facts.Outcome switch
    {
        SchedulingOutcome.NoValidHost none => none.Report,
        SchedulingOutcome.Placed { Report: { } report } => report,
        _ => old.Scheduling,
    };

    private static List<ServerAddress>? Addresses(Instance instance) => instance.Spec.Interfaces is not { Count: > 0 } interfaces
        ? null
        : [.. interfaces.Select(i => new ServerAddress { Network = i.Network, MacAddress = i.MacAddress, Address = i.Address?.Split('/')[0] })];

    /// <summary>What the Instance will say, before there is one: so the bind says it, and its writing costs the Server nothing.</summary>
    private static List<ServerAddress>? Addresses(Server server) => server.Spec.Networks is not { Count: > 0 } networks
        ? null
        : [.. networks.Select((n, i) => new ServerAddress { Network = n.Network, MacAddress = MacAddress.Of(n, GuardedReader.InstanceIDOf(server), i) })];

    private static FlavorSummary? Summary(ServerFacts facts) => Current(facts)?.Spec.Flavor is { } copy
        ? new FlavorSummary { Name = copy.Name, Vcpus = copy.Vcpus, MemoryMiB = copy.MemoryMiB, RootGiB = copy.RootGiB }
        : facts.Flavor is { } flavor
            ? new FlavorSummary { Name = flavor.Metadata.Name!, Vcpus = flavor.Spec.Vcpus, MemoryMiB = flavor.Spec.MemoryMiB, RootGiB = flavor.Spec.RootGiB }
            : null;
}
