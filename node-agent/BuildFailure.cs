using Kilonova.Crds;

namespace Kilonova.NodeAgent;

/// <summary>
/// A guest cannot be built here, and trying again would not help. What may pass (libvirt away, API server away, a server that answers 503) is another exception
/// and is tried again.
/// </summary>
internal sealed class BuildFailure : Exception
{
    public BuildFailure(InstanceStep step, string reason, string message, bool elsewhere, Exception? cause = null)
        : base(message, cause)
    {
        Step = step;
        Reason = reason;
        Elsewhere = elsewhere;
    }

    /// <summary>Step that failed.</summary>
    public InstanceStep Step { get; }

    /// <summary>One word: why.</summary>
    public string Reason { get; }

    /// <summary>Whether another host may fare better.</summary>
    public bool Elsewhere { get; }
}
