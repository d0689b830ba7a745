using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// One step that rejects hosts. A filter is pure: same snapshot, same request, same answer. It states its rule for one host (<see cref="Passes"/>) and may state
/// it again for all hosts at once (<see cref="Apply"/>) where that is faster; a test holds the two together.
/// </summary>
public abstract class HostFilter
{
    /// <summary>Name, as in the configuration and in counts.</summary>
    public abstract string Name { get; }

    /// <summary>The reason in a few words, for the line "3 …" of a count.</summary>
    public abstract string Reason { get; }

    /// <summary>Events that can undo a rejection by this filter.</summary>
    public abstract ClusterEvents WokenBy { get; }

    /// <summary>Whether the filter is asked too when a server gets another image on the host where it is. Then nothing of the host is claimed anew, and only what images ask for counts.</summary>
    public virtual bool RunsOnRebuild => false;

    /// <summary>Whether the request asks anything of this filter. One that is not asked is passed over.</summary>
    /// <param name="request">The request.</param>
    /// <returns>False to be passed over.</returns>
    public virtual bool Concerns(SchedulingRequest request) => true;

    /// <summary>The rule, for one host.</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <param name="row">Row of the host.</param>
    /// <returns>Whether the host passes.</returns>
    public abstract bool Passes(in SnapshotView hosts, SchedulingRequest request, int row);

    /// <summary>The rule, for all hosts that are left. Should it throw, the scheduler goes host by host, and only those for which <see cref="Passes"/> throws are rejected.</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <param name="survivors">Hosts that are left; those that do not pass are taken out.</param>
    public virtual void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        foreach (var row in survivors)
            if (!Passes(hosts, request, row)) survivors.Remove(row);
    }

    /// <summary>Says with numbers why a host does not pass. Called only when somebody reads it.</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <param name="row">Row of a host that does not pass.</param>
    /// <returns>One line.</returns>
    public abstract string Explain(in SnapshotView hosts, SchedulingRequest request, int row);

    /// <summary>How far a host is from passing, to find the nearest miss.</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <param name="row">Row of a host that does not pass.</param>
    /// <returns>From 0, nearly there, to 1; infinity when nothing that anybody should do would help.</returns>
    public virtual double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => 1;

    /// <summary>The smallest change that would let a host pass, worded to follow "would fit ".</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <param name="row">Row of a host that does not pass, at a finite distance.</param>
    /// <returns>For instance <c>if it were enabled</c>.</returns>
    public abstract string Remedy(in SnapshotView hosts, SchedulingRequest request, int row);
}
