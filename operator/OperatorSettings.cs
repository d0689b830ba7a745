using Kilonova.Scheduling;

namespace Kilonova.Operator;

/// <summary>How the operator runs. From the command line (<c>--name value</c>) or the environment (<c>KILONOVA_NAME</c>).</summary>
public sealed record OperatorSettings
{
    /// <summary>Kubeconfig file; found as kubectl does when absent, or the pod's own account.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>Namespace of the operator's own Lease and Events of cluster-scoped objects.</summary>
    public string Namespace { get; init; } = "kilonova-system";

    /// <summary>Name of this process among the candidates for leader; made up when absent.</summary>
    public string? Identity { get; init; }

    /// <summary>Address of <c>/healthz</c>, <c>/readyz</c> and <c>/metrics</c>.</summary>
    public string Listen { get; init; } = "127.0.0.1:8081";

    /// <summary>Servers that are reconciled at the same time.</summary>
    public int Workers { get; init; } = 32;

    /// <summary>How often everything is looked at again, whether or not anything was told.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>User name of the service account of agents' pods, whose requests for certificates are approved for the node that their token is bound to.</summary>
    public string AgentAccount { get; init; } = "system:serviceaccount:kilonova-system:kilonova-agent";

    /// <summary>Options of the scheduler, from a JSON file (<c>--scheduler-config</c>).</summary>
    public SchedulerConfiguration Scheduler { get; init; } = new();
}
