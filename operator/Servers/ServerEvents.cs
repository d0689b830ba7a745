using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Events;
using CoreReference = Kilonova.Kubernetes.Core.ObjectReference;

namespace Kilonova.Operator.Servers;

/// <summary>Something that happened to a Server and is worth telling its user.</summary>
public sealed record ServerEvent(EventType Type, string Reason, string Action, string Note);

/// <summary>
/// Tells Events of a Server from the difference between two statuses. They are told after the guarded write that made the difference has succeeded: each is
/// told once, by whoever made the write.
/// </summary>
public sealed class ServerEvents(EventRecorder recorder)
{
    /// <summary>Tells what a status write changed.</summary>
    public void Tell(Server before, Server after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        foreach (var told in Between(before.Status, after.Status))
            recorder.Record(CoreReference.To(ApiResources.Kinds.Servers, after), told.Type, told.Reason, told.Action, told.Note);
    }

    /// <summary>Tells that a Server is gone.</summary>
    public void TellDeleted(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        recorder.Record(CoreReference.To(ApiResources.Kinds.Servers, server), EventType.Normal, "Deleted", "Delete", "Guest, disks and allocations are gone.");
    }

    /// <summary>What happened between two statuses.</summary>
    public static IReadOnlyList<ServerEvent> Between(ServerStatus? before, ServerStatus? after)
    {
        var told = new List<ServerEvent>();
        if (after is null)
            return told;

        foreach (var failed in after.FailedHosts ?? [])
        {
            if (before?.FailedHosts?.Any(f => f.Host == failed.Host && f.Epoch == failed.Epoch) != true)
                told.Add(new(EventType.Warning, "BuildFailed", "Build", $"{failed.Host}: {failed.Message}"));
        }

        if (after.Host is { } host && (before?.Host != host || before.HostEpoch != after.HostEpoch))
            told.Add(new(EventType.Normal, "Scheduled", "Schedule", $"Bound to {host}."));
        if (Became(before, after, ServerConditions.Scheduled, ConditionStatus.False) is { } unscheduled)
            told.Add(new(EventType.Warning, unscheduled.Reason, "Schedule", unscheduled.Message));
        if (Became(before, after, ServerConditions.Stalled, ConditionStatus.True) is { } stalled && stalled.Reason is not "NoValidHost")
            told.Add(new(EventType.Warning, stalled.Reason is "FoundOn" or "PlaceLost" ? stalled.Reason : "BuildFailed", "Build", stalled.Message));
        if (Became(before, after, ServerConditions.HostReachable, ConditionStatus.False) is { } unreachable)
            told.Add(new(EventType.Warning, "HostUnreachable", "Watch", unreachable.Message));
        if (after.Phase == ServerPhase.Active && before?.Phase is not ServerPhase.Active)
            told.Add(new(EventType.Normal, "Started", "Start", $"The guest runs on {after.Host}."));
        if (after.Phase == ServerPhase.Shutoff && before?.Phase is not ServerPhase.Shutoff)
            told.Add(new(EventType.Normal, "Stopped", "Stop", "The guest is off."));
        return told;
    }

    private static Condition? Became(ServerStatus? before, ServerStatus after, string type, ConditionStatus status)
    {
        var now = after.Conditions?.FirstOrDefault(c => c.Type == type);
        var was = before?.Conditions?.FirstOrDefault(c => c.Type == type);
        return now?.Status == status && (was?.Status != status || was.Reason != now.Reason) ? now : null;
    }
}
