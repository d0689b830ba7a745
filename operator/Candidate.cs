using Kilonova.Kubernetes.LeaderElection;

namespace Kilonova.Operator;

/// <summary>A candidate for leader, term after term. Each term has work of its own, so that nothing that an earlier one believed is carried over.</summary>
public sealed class Candidate(OperatorParts parts) : IDisposable
{
    private volatile LeaderWork _work = new(parts);
    private volatile LeaderElector? _elector;

    /// <summary>The work of the term that runs or comes next.</summary>
    public LeaderWork Work => _work;

    /// <summary>Whether this process leads.</summary>
    public bool Leads => _elector?.IsLeader == true;

    /// <summary>Is a candidate until told to stop. A term that was lost is followed by another candidature.</summary>
    /// <returns>False when the work of a lost term did not end: the process should.</returns>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        while (true)
        {
            var work = _work;
            var elector = new LeaderElector(parts.Client, new LeaderElectionOptions { Namespace = parts.Settings.Namespace, Name = "kilonova-operator", Identity = parts.Settings.Identity! });
            _elector = elector;
            var term = Task.CompletedTask;
            var end = await elector.RunAsync(leadership => term = work.RunAsync(leadership), stop);
            if (end != LeadershipEnd.Lost)
                return true;
            if (!term.IsCompleted)
                return false;
            _work = new LeaderWork(parts);
            work.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _work.Dispose();
}
