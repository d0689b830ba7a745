using Kilonova.Crds.Meta;

namespace Kilonova.Operator.Hosts;

/// <summary>Makes conditions whose transition time changes only when the state does.</summary>
internal static class Conditions
{
    public static Condition Next(IReadOnlyList<Condition>? before, string type, ConditionStatus status, string reason, string message, long? generation, DateTimeOffset now)
    {
        var old = before?.FirstOrDefault(c => c.Type == type);
        return new Condition
        {
            Type = type,
            Status = status,
            ObservedGeneration = generation,
            LastTransitionTime = old?.Status == status && old.LastTransitionTime is { } since ? since : now,
            Reason = reason,
            Message = message,
        };
    }
}
