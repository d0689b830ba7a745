using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// All that a round sees of its host and does to it: domains, files, and the agent's own records, whose writes are on stable storage when they return. Each can be
/// repeated. A seam for tests, as <see cref="IInstanceApi"/>.
/// </summary>
internal interface IGuestHost
{
    /// <summary>What is so of the host now.</summary>
    /// <param name="matters">Whether it matters that the host may be going down: a guest is off, or about to be started.</param>
    /// <param name="cancel">Cancels.</param>
    Task<HostView> ViewAsync(bool matters, CancellationToken cancel);

    /// <summary>The domain of an instance; null when there is none.</summary>
    Task<DomainView?> LookAsync(string instanceID, CancellationToken cancel);

    /// <summary>The agent's record.</summary>
    InstanceRecord? Record(string instanceID);

    /// <summary>Highest placement number that was removed or given up here.</summary>
    long? TombstoneEpoch(string instanceID);

    /// <summary>Whether the instance's directory exists.</summary>
    bool FilesExist(string instanceID);

    /// <summary>Makes what a guest needs before it starts.</summary>
    /// <param name="instance">Its Instance.</param>
    /// <param name="record">The agent's record of it.</param>
    /// <param name="tell">Told, now and then, how far it is when it takes long.</param>
    /// <param name="cancel">Stops at once.</param>
    /// <exception cref="BuildFailure">It cannot be done here.</exception>
    Task<Preparation> PrepareAsync(Instance instance, InstanceRecord? record, Func<InstanceStep, StepProgress?, CancellationToken, Task> tell, CancellationToken cancel);

    /// <summary>Starts the domain.</summary>
    /// <exception cref="BuildFailure">A guest that never ran does not start.</exception>
    Task StartAsync(Instance instance, InstanceRecord record, CancellationToken cancel);

    /// <summary>Lets the CPUs of a domain run whose start was cut off.</summary>
    Task ResumeAsync(string instanceID, CancellationToken cancel);

    /// <summary>Shuts the guest down.</summary>
    Task StopAsync(string instanceID, CancellationToken cancel);

    /// <summary>Ends and undefines the domain.</summary>
    Task RemoveDomainAsync(string instanceID, CancellationToken cancel);

    /// <summary>Removes the instance's directory.</summary>
    Task RemoveFilesAsync(string instanceID, CancellationToken cancel);

    /// <summary>Writes the record.</summary>
    Task WriteRecordAsync(InstanceRecord record, CancellationToken cancel);

    /// <summary>Removes the record.</summary>
    Task RemoveRecordAsync(string instanceID, CancellationToken cancel);

    /// <summary>Closes a placement number and all below it for ever.</summary>
    Task WriteTombstoneAsync(string instanceID, long epoch, CancellationToken cancel);
}
