using Kilonova.Crds;
using Kilonova.Crds.Meta;

namespace Kilonova.Operator.Tests.Servers;

/// <summary>The rules by which kstatus (cli-utils) judges custom resources: what <c>kubectl</c> plugins, Argo CD and Flux go by.</summary>
internal static class Kstatus
{
    public const string Current = "Current";
    public const string InProgress = "InProgress";
    public const string Failed = "Failed";
    public const string Terminating = "Terminating";

    public static string Of(Server server)
    {
        if (server.Metadata.DeletionTimestamp is not null)
            return Terminating;
        if (server.Status?.ObservedGeneration is { } observed && observed != server.Metadata.Generation)
            return InProgress;
        foreach (var condition in server.Status?.Conditions ?? [])
        {
            if (condition is { Type: "Reconciling", Status: ConditionStatus.True })
                return InProgress;
            if (condition is { Type: "Stalled", Status: ConditionStatus.True })
                return Failed;
        }

        // checkReadyCondition: False and Unknown are both "not yet".
        return server.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready") switch
        {
            { Status: ConditionStatus.True } => Current,
            { } => InProgress,
            null => Current,
        };
    }
}
