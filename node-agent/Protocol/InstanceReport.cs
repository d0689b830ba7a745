using Kilonova.Crds;
using Kilonova.Crds.Meta;

namespace Kilonova.NodeAgent.Protocol;

/// <summary>What an Instance's status says, as a function of what is known. Pure: nothing in it changes with time alone.</summary>
internal static class InstanceReport
{
    private const string Ready = "Ready";

    /// <summary>The status when an instance is at rest.</summary>
    public static InstanceStatus AtRest(Instance instance, InstanceView view, Verdict verdict)
    {
        var launched = view.Record?.LaunchedAt is not null;
        // Off before its first start is no power state yet, unless off is what is wanted.
        var shows = view.Domain is { Ours: true } && (launched || view.Domain.Active || verdict.Kind == VerdictKind.Stopped);
        return Known(instance, view) with
        {
            Step = null,
            Progress = null,
            PowerState = shows ? view.Domain!.State : launched ? PowerState.NoState : null,
            StoppedByGuest = verdict.Kind == VerdictKind.StoppedByGuest ? true : null,
            Failure = verdict.Kind switch
            {
                VerdictKind.Failed => instance.Status?.Failure,
                VerdictKind.Closed => instance.Status?.Failure is { Elsewhere: true } told && told.Epoch == instance.Spec.Epoch ? told : GivenUp(instance, verdict),
                VerdictKind.ForeignDomain => GivenUp(instance, verdict),
                _ => null,
            },
            Conditions = WithReady(instance, verdict.Kind is VerdictKind.Running or VerdictKind.Stopped, verdict.Reason, verdict.Message, view.Host.Now),
        };
    }

    /// <summary>The status while a step takes long.</summary>
    public static InstanceStatus UnderWay(Instance instance, InstanceView view, InstanceStep step, StepProgress? progress) => Known(instance, view) with
    {
        Step = step,
        Progress = progress,
        Failure = null,
        Conditions = WithReady(instance, false, "Building", progress?.Message is { } text ? $"{step}: {text}" : $"{step} is under way.", view.Host.Now),
    };

    /// <summary>The status when the build cannot go on here.</summary>
    public static InstanceStatus Failed(Instance instance, InstanceView view, BuildFailure failure, bool elsewhere) => Known(instance, view) with
    {
        Step = null,
        Progress = null,
        Failure = new InstanceFailure { Epoch = instance.Spec.Epoch, Step = failure.Step, Reason = failure.Reason, Message = failure.Message, Elsewhere = elsewhere },
        Conditions = WithReady(instance, false, failure.Reason, failure.Message, view.Host.Now),
    };

    /// <summary>The status when something that may pass keeps the agent from going on; it tries again.</summary>
    public static InstanceStatus Troubled(Instance instance, InstanceView view, string reason, string message) => Known(instance, view) with
    {
        Step = null,
        Progress = null,
        PowerState = view.Record?.LaunchedAt is not null && view.Domain is { Ours: true } domain ? domain.State : instance.Status?.PowerState,
        Conditions = WithReady(instance, false, reason, message, view.Host.Now),
    };

    private static InstanceStatus Known(Instance instance, InstanceView view) => (instance.Status ?? new InstanceStatus()) with
    {
        ObservedGeneration = instance.Metadata.Generation,
        Epoch = view.Record?.Epoch ?? instance.Spec.Epoch,
        BootID = view.Record?.BootID,
        StartedAt = view.Record?.StartedAt ?? (view.Record is null ? null : instance.Status?.StartedAt),
        MachineType = view.Record?.MachineType ?? view.Prepared?.MachineType,
        CpuModel = view.Record?.CpuModel ?? view.Prepared?.CpuModel,
        ImageDigest = view.Record?.ImageDigest ?? view.Prepared?.ImageDigest,
    };

    // Under a tombstone: what stands in the way here need not elsewhere, and here it is not tried again.
    private static InstanceFailure GivenUp(Instance instance, Verdict verdict) => new()
    {
        Epoch = instance.Spec.Epoch,
        Step = InstanceStep.Define,
        Reason = verdict.Reason,
        Message = verdict.Message,
        Elsewhere = true,
    };

    private static List<Condition> WithReady(Instance instance, bool ready, string reason, string message, DateTimeOffset now)
    {
        var conditions = new List<Condition>(instance.Status?.Conditions ?? []);
        Set(conditions, Ready, ready ? ConditionStatus.True : ConditionStatus.False, reason, message, instance.Metadata.Generation, now);
        return conditions;
    }

    /// <summary>Sets a condition in a list; its time changes only with its state.</summary>
    public static void Set(List<Condition> conditions, string type, ConditionStatus status, string reason, string message, long? generation, DateTimeOffset now)
    {
        var at = conditions.FindIndex(condition => condition.Type == type);
        var since = at >= 0 && conditions[at].Status == status ? conditions[at].LastTransitionTime ?? now : now;
        // The wire has whole seconds; a finer time would differ from itself when read back.
        since = new DateTimeOffset(since.Ticks - (since.Ticks % TimeSpan.TicksPerSecond), since.Offset);
        var condition = new Condition { Type = type, Status = status, ObservedGeneration = generation, LastTransitionTime = since, Reason = reason, Message = Limited(message) };
        if (at >= 0)
            conditions[at] = condition;
        else
            conditions.Add(condition);
    }

    // meta/v1's bound on a condition's message.
    private static string Limited(string message) => message.Length <= 32768 ? message : message[..32768];
}
