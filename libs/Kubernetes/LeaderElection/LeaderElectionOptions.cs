using System.Globalization;

namespace Kilonova.Kubernetes.LeaderElection;

/// <summary>Settings of a <see cref="LeaderElector"/>; the times are client-go's.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>Namespace of the Lease.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the Lease.</summary>
    public required string Name { get; init; }

    /// <summary>Name of this candidate; no two processes may share one.</summary>
    public string Identity { get; init; } = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}_{Guid.NewGuid():N}");

    /// <summary>How long others wait after the last renewal they saw.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the leader goes on without a renewal; less than <see cref="LeaseDuration"/>.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between tries; less than <see cref="RenewDeadline"/>.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Gives the lease up when told to stop, so that the next leader need not wait.</summary>
    public bool ReleaseOnStop { get; init; } = true;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Namespace);
        ArgumentException.ThrowIfNullOrEmpty(Name);
        ArgumentException.ThrowIfNullOrEmpty(Identity);
        if (LeaseDuration <= RenewDeadline || RenewDeadline <= RetryPeriod || RetryPeriod <= TimeSpan.Zero)
            throw new ArgumentException($"LeaseDuration ({LeaseDuration}) > RenewDeadline ({RenewDeadline}) > RetryPeriod ({RetryPeriod}) > 0 must hold");
        if (LeaseDuration < TimeSpan.FromSeconds(1))
            throw new ArgumentException($"LeaseDuration ({LeaseDuration}) must be at least one second: Leases count seconds");
    }
}

/// <summary>How an election ended.</summary>
public enum LeadershipEnd
{
    /// <summary>Told to stop before it led.</summary>
    NeverLed,

    /// <summary>It led, its work ended, and the lease was given up.</summary>
    Released,

    /// <summary>It could not renew in time, or another took the lease: the process should exit.</summary>
    Lost,
}

/// <summary>One term of leading.</summary>
/// <param name="Transitions">How often the lease changed hands before: grows with each term, a fencing number.</param>
/// <param name="Stopping">Told to stop: finish and return. The lease is renewed until then.</param>
/// <param name="Lost">The lease is not held any more: cancel everything at once.</param>
public sealed record Leadership(int Transitions, CancellationToken Stopping, CancellationToken Lost);
