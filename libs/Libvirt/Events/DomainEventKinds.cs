namespace Kilonova.Libvirt.Events;

/// <summary>Which domain events to register.</summary>
[Flags]
public enum DomainEventKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><see cref="DomainLifecycleEvent"/>.</summary>
    Lifecycle = 1,

    /// <summary><see cref="DomainRebootEvent"/>.</summary>
    Reboot = 2,

    /// <summary><see cref="DomainWatchdogEvent"/>.</summary>
    Watchdog = 4,

    /// <summary><see cref="DomainIoErrorEvent"/>.</summary>
    IoError = 8,

    /// <summary><see cref="DomainControlErrorEvent"/>.</summary>
    ControlError = 16,

    /// <summary><see cref="DomainDeviceEvent"/>.</summary>
    Devices = 32,

    /// <summary><see cref="DomainAgentEvent"/>.</summary>
    Agent = 64,

    /// <summary><see cref="DomainMigrationIterationEvent"/> and <see cref="DomainJobCompletedEvent"/>.</summary>
    Jobs = 128,

    /// <summary>All of them.</summary>
    All = 255,
}
