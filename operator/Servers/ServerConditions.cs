using Kilonova.Crds;
using Kilonova.Crds.Meta;

namespace Kilonova.Operator.Servers;

/// <summary>Builds a Server's conditions in canonical order, keeping transition times of what did not change.</summary>
/// <remarks>As kstatus has it, <c>Reconciling</c>, <c>Stalled</c> and <c>Blocked</c> are there only while they hold.</remarks>
internal sealed class ServerConditions(Server server, DateTimeOffset now)
{
    private static readonly string[] Order = [Ready, Reconciling, Stalled, Scheduled, Blocked, HostReachable];

    private readonly Dictionary<string, Condition> _conditions = [];

    public const string Ready = "Ready";
    public const string Reconciling = "Reconciling";
    public const string Stalled = "Stalled";
    public const string Scheduled = "Scheduled";
    public const string Blocked = "Blocked";
    public const string HostReachable = "HostReachable";

    /// <summary>Sets a condition.</summary>
    public void Set(string type, ConditionStatus status, string reason, string message)
    {
        var old = server.Status?.Conditions?.FirstOrDefault(c => c.Type == type);
        _conditions[type] = new Condition
        {
            Type = type,
            Status = status,
            ObservedGeneration = server.Metadata.Generation,
            LastTransitionTime = old?.Status == status && old.LastTransitionTime is { } since ? since : now,
            Reason = reason,
            Message = message,
        };
    }

    /// <summary>The server is as wanted.</summary>
    public void IsReady(string reason, string message) => Set(Ready, ConditionStatus.True, reason, message);

    /// <summary>Something is being done about the difference.</summary>
    public void IsReconciling(string reason, string message)
    {
        Set(Ready, ConditionStatus.False, reason, message);
        Set(Reconciling, ConditionStatus.True, reason, message);
    }

    /// <summary>Nothing more is done about the difference until somebody acts.</summary>
    public void IsStalled(string reason, string message)
    {
        Set(Ready, ConditionStatus.False, reason, message);
        Set(Stalled, ConditionStatus.True, reason, message);
    }

    /// <summary>The conditions.</summary>
    public IReadOnlyList<Condition> ToList() => [.. Order.Where(_conditions.ContainsKey).Select(type => _conditions[type])];
}
