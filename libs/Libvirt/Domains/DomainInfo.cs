namespace Kilonova.Libvirt.Domains;

/// <summary><c>virDomainInfo</c>.</summary>
/// <param name="State">State.</param>
/// <param name="MaxMemoryKiB">Memory that the domain may have, KiB.</param>
/// <param name="MemoryKiB">Memory that it has, KiB.</param>
/// <param name="VirtualCpus">Virtual CPUs.</param>
/// <param name="CpuTime">CPU time used since its start.</param>
public sealed record DomainInfo(DomainState State, long MaxMemoryKiB, long MemoryKiB, int VirtualCpus, TimeSpan CpuTime);

/// <summary>State of a domain and why it is in it.</summary>
/// <param name="State">State.</param>
/// <param name="Reason">Why; the meaning depends on <paramref name="State"/>, see <see cref="StateReason"/>.</param>
public readonly record struct DomainStateInfo(DomainState State, int Reason);

/// <summary><c>virDomainState</c>.</summary>
public enum DomainState
{
    /// <summary>No state.</summary>
    None,

    /// <summary>Runs.</summary>
    Running,

    /// <summary>Blocked on a resource.</summary>
    Blocked,

    /// <summary>Paused.</summary>
    Paused,

    /// <summary>Being shut down.</summary>
    ShuttingDown,

    /// <summary>Off.</summary>
    ShutOff,

    /// <summary>Crashed.</summary>
    Crashed,

    /// <summary>Suspended by guest power management.</summary>
    PowerManagementSuspended,
}

/// <summary>The reasons (<c>virDomain*Reason</c>) by which something is decided.</summary>
public static class StateReason
{
    /// <summary><see cref="DomainState.ShutOff"/>: unknown, such as after libvirtd found it so.</summary>
    public const int ShutOffUnknown = 0;

    /// <summary><see cref="DomainState.ShutOff"/>: the guest shut down.</summary>
    public const int ShutOffShutdown = 1;

    /// <summary><see cref="DomainState.ShutOff"/>: forced off.</summary>
    public const int ShutOffDestroyed = 2;

    /// <summary><see cref="DomainState.ShutOff"/>: crashed.</summary>
    public const int ShutOffCrashed = 3;

    /// <summary><see cref="DomainState.ShutOff"/>: moved to another host.</summary>
    public const int ShutOffMigrated = 4;

    /// <summary><see cref="DomainState.ShutOff"/>: saved.</summary>
    public const int ShutOffSaved = 5;

    /// <summary><see cref="DomainState.ShutOff"/>: failed to start.</summary>
    public const int ShutOffFailed = 6;

    /// <summary><see cref="DomainState.Paused"/>: by request.</summary>
    public const int PausedUser = 1;

    /// <summary><see cref="DomainState.Paused"/>: for a migration.</summary>
    public const int PausedMigration = 2;

    /// <summary><see cref="DomainState.Paused"/>: disk error.</summary>
    public const int PausedIoError = 5;

    /// <summary><see cref="DomainState.Paused"/>: watchdog.</summary>
    public const int PausedWatchdog = 6;

    /// <summary><see cref="DomainState.Paused"/>: being started.</summary>
    public const int PausedStartingUp = 11;

    /// <summary><see cref="DomainState.Paused"/>: post-copy failed.</summary>
    public const int PausedPostcopyFailed = 13;
}
