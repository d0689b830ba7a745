using Kilonova.Libvirt.Domains;

namespace Kilonova.Libvirt.Events;

/// <summary>What a <see cref="LibvirtEventStream"/> delivers.</summary>
public abstract record LibvirtEvent;

/// <summary>The connection that delivers events is gone: what happens from here to <see cref="Reconnected"/> is not reported.</summary>
/// <param name="Reason">Why, in words.</param>
public sealed record ConnectionLost(string Reason) : LibvirtEvent;

/// <summary>Events are registered again. Whoever follows state by events has to look at all domains now.</summary>
/// <param name="Downtime">How long nothing was reported.</param>
public sealed record Reconnected(TimeSpan Downtime) : LibvirtEvent;

/// <summary>The reader was too slow and the buffer overflowed: look at all domains.</summary>
/// <param name="Count">How many events were dropped.</param>
public sealed record EventsLost(long Count) : LibvirtEvent;

/// <summary>Something happened to one domain.</summary>
/// <param name="Domain">The domain, with the ID that it had when libvirt raised the event.</param>
public abstract record DomainEvent(DomainIdentity Domain) : LibvirtEvent;

/// <summary>A domain was defined, started, stopped, ….</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Change">What happened.</param>
/// <param name="Detail">Why; the meaning depends on <paramref name="Change"/>, see <see cref="LifecycleDetail"/>.</param>
public sealed record DomainLifecycleEvent(DomainIdentity Domain, LifecycleChange Change, int Detail) : DomainEvent(Domain);

/// <summary>The guest rebooted.</summary>
/// <param name="Domain">The domain.</param>
public sealed record DomainRebootEvent(DomainIdentity Domain) : DomainEvent(Domain);

/// <summary>The guest's watchdog fired.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Action">What libvirt did about it (<c>virDomainEventWatchdogAction</c>: 0 none, 1 pause, 2 reset, 3 poweroff, …).</param>
public sealed record DomainWatchdogEvent(DomainIdentity Domain, int Action) : DomainEvent(Domain);

/// <summary>A disk of the guest failed.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="SourcePath">File or device.</param>
/// <param name="DeviceAlias">Alias of the disk.</param>
/// <param name="Action">What was done: 0 nothing, 1 the guest was paused, 2 the error went to the guest.</param>
/// <param name="Reason"><c>enospc</c> or empty.</param>
public sealed record DomainIoErrorEvent(DomainIdentity Domain, string SourcePath, string DeviceAlias, int Action, string Reason)
    : DomainEvent(Domain);

/// <summary>libvirt lost control over QEMU's monitor.</summary>
/// <param name="Domain">The domain.</param>
public sealed record DomainControlErrorEvent(DomainIdentity Domain) : DomainEvent(Domain);

/// <summary>A device came or went, or the guest refused to let it go.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Change">Which of the three.</param>
/// <param name="DeviceAlias">Alias of the device.</param>
public sealed record DomainDeviceEvent(DomainIdentity Domain, DeviceChange Change, string DeviceAlias) : DomainEvent(Domain);

/// <summary>The guest agent connected or disconnected.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Connected">Whether it is there now.</param>
/// <param name="Reason">0 unknown, 1 the domain started, 2 the channel changed.</param>
public sealed record DomainAgentEvent(DomainIdentity Domain, bool Connected, int Reason) : DomainEvent(Domain);

/// <summary>A migration began another pass over memory.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Iteration">Pass, from 1.</param>
public sealed record DomainMigrationIterationEvent(DomainIdentity Domain, int Iteration) : DomainEvent(Domain);

/// <summary>A job (migration, save, dump) ended.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Statistics">libvirt's figures by name (<c>VIR_DOMAIN_JOB_*</c>), such as <c>memory_total</c> (bytes).</param>
public sealed record DomainJobCompletedEvent(DomainIdentity Domain, IReadOnlyDictionary<string, TypedValue> Statistics)
    : DomainEvent(Domain);

/// <summary><c>virDomainEventType</c>.</summary>
public enum LifecycleChange
{
    /// <summary>The persistent definition was made or replaced.</summary>
    Defined,

    /// <summary>The persistent definition is gone.</summary>
    Undefined,

    /// <summary>Started.</summary>
    Started,

    /// <summary>Paused.</summary>
    Suspended,

    /// <summary>Runs again.</summary>
    Resumed,

    /// <summary>Stopped.</summary>
    Stopped,

    /// <summary>The guest finished its shutdown; <see cref="Stopped"/> follows.</summary>
    Shutdown,

    /// <summary>Suspended by the guest's own power management.</summary>
    PowerManagementSuspended,

    /// <summary>Crashed.</summary>
    Crashed,
}

/// <summary>The details of <see cref="DomainLifecycleEvent"/> by which something is decided.</summary>
public static class LifecycleDetail
{
    /// <summary><see cref="LifecycleChange.Stopped"/>: the guest shut down.</summary>
    public const int StoppedShutdown = 0;

    /// <summary><see cref="LifecycleChange.Stopped"/>: forced off from the host.</summary>
    public const int StoppedDestroyed = 1;

    /// <summary><see cref="LifecycleChange.Stopped"/>: crashed.</summary>
    public const int StoppedCrashed = 2;

    /// <summary><see cref="LifecycleChange.Stopped"/>: moved to another host.</summary>
    public const int StoppedMigrated = 3;

    /// <summary><see cref="LifecycleChange.Stopped"/>: saved to a file.</summary>
    public const int StoppedSaved = 4;

    /// <summary><see cref="LifecycleChange.Stopped"/>: QEMU or libvirt failed.</summary>
    public const int StoppedFailed = 5;

    /// <summary><see cref="LifecycleChange.Shutdown"/>: asked for from inside the guest.</summary>
    public const int ShutdownGuest = 1;

    /// <summary><see cref="LifecycleChange.Shutdown"/>: asked for by a signal or call on the host.</summary>
    public const int ShutdownHost = 2;

    /// <summary><see cref="LifecycleChange.Suspended"/>: a disk failed.</summary>
    public const int SuspendedIoError = 2;

    /// <summary><see cref="LifecycleChange.Suspended"/>: a post-copy migration failed.</summary>
    public const int SuspendedPostcopyFailed = 8;

    /// <summary><see cref="LifecycleChange.Started"/>: came in by migration.</summary>
    public const int StartedMigrated = 1;
}

/// <summary>What happened to a device.</summary>
public enum DeviceChange
{
    /// <summary>Plugged in.</summary>
    Added,

    /// <summary>The guest released it; it is gone.</summary>
    Removed,

    /// <summary>The guest refused to release it.</summary>
    RemovalFailed,
}
