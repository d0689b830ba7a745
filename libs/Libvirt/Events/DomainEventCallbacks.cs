using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Native;

namespace Kilonova.Libvirt.Events;

/// <summary>
/// The functions that libvirt calls on its event thread. They copy what they are given into a record and enqueue it; nothing here
/// may block or throw.
/// </summary>
internal static unsafe class DomainEventCallbacks
{
    /// <summary>Event number (<c>virDomainEventID</c>) and function of every kind in <paramref name="kinds"/>.</summary>
    internal static IEnumerable<(int EventId, nint Callback)> Of(DomainEventKinds kinds)
    {
        var callbacks = new (DomainEventKinds Kind, int EventId, nint Callback)[]
        {
            (DomainEventKinds.Lifecycle, 0, (nint)(delegate* unmanaged<nint, nint, int, int, nint, int>)&OnLifecycle),
            (DomainEventKinds.Reboot, 1, (nint)(delegate* unmanaged<nint, nint, nint, void>)&OnReboot),
            (DomainEventKinds.Watchdog, 3, (nint)(delegate* unmanaged<nint, nint, int, nint, void>)&OnWatchdog),
            (DomainEventKinds.IoError, 6, (nint)(delegate* unmanaged<nint, nint, nint, nint, int, nint, nint, void>)&OnIoError),
            (DomainEventKinds.ControlError, 7, (nint)(delegate* unmanaged<nint, nint, nint, void>)&OnControlError),
            (DomainEventKinds.Devices, 15, (nint)(delegate* unmanaged<nint, nint, nint, nint, void>)&OnDeviceRemoved),
            (DomainEventKinds.Agent, 18, (nint)(delegate* unmanaged<nint, nint, int, int, nint, void>)&OnAgent),
            (DomainEventKinds.Devices, 19, (nint)(delegate* unmanaged<nint, nint, nint, nint, void>)&OnDeviceAdded),
            (DomainEventKinds.Jobs, 20, (nint)(delegate* unmanaged<nint, nint, int, nint, void>)&OnMigrationIteration),
            (DomainEventKinds.Jobs, 21,
                (nint)(delegate* unmanaged<nint, nint, LibvirtNative.TypedParameterLayout*, int, nint, void>)&OnJobCompleted),
            (DomainEventKinds.Devices, 22, (nint)(delegate* unmanaged<nint, nint, nint, nint, void>)&OnDeviceRemovalFailed),
        };
        return callbacks.Where(c => kinds.HasFlag(c.Kind)).Select(c => (c.EventId, c.Callback));
    }

    [UnmanagedCallersOnly]
    private static int OnLifecycle(nint connection, nint domain, int change, int detail, nint opaque)
    {
        Publish(opaque, new DomainLifecycleEvent(DomainHandle.Identity(domain), (LifecycleChange)change, detail));
        return 0;
    }

    [UnmanagedCallersOnly]
    private static void OnReboot(nint connection, nint domain, nint opaque)
        => Publish(opaque, new DomainRebootEvent(DomainHandle.Identity(domain)));

    [UnmanagedCallersOnly]
    private static void OnWatchdog(nint connection, nint domain, int action, nint opaque)
        => Publish(opaque, new DomainWatchdogEvent(DomainHandle.Identity(domain), action));

    [UnmanagedCallersOnly]
    private static void OnIoError(nint connection, nint domain, nint path, nint alias, int action, nint reason, nint opaque)
        => Publish(opaque, new DomainIoErrorEvent(DomainHandle.Identity(domain), Text(path), Text(alias), action, Text(reason)));

    [UnmanagedCallersOnly]
    private static void OnControlError(nint connection, nint domain, nint opaque)
        => Publish(opaque, new DomainControlErrorEvent(DomainHandle.Identity(domain)));

    [UnmanagedCallersOnly]
    private static void OnDeviceAdded(nint connection, nint domain, nint alias, nint opaque)
        => Publish(opaque, new DomainDeviceEvent(DomainHandle.Identity(domain), DeviceChange.Added, Text(alias)));

    [UnmanagedCallersOnly]
    private static void OnDeviceRemoved(nint connection, nint domain, nint alias, nint opaque)
        => Publish(opaque, new DomainDeviceEvent(DomainHandle.Identity(domain), DeviceChange.Removed, Text(alias)));

    [UnmanagedCallersOnly]
    private static void OnDeviceRemovalFailed(nint connection, nint domain, nint alias, nint opaque)
        => Publish(opaque, new DomainDeviceEvent(DomainHandle.Identity(domain), DeviceChange.RemovalFailed, Text(alias)));

    [UnmanagedCallersOnly]
    private static void OnAgent(nint connection, nint domain, int state, int reason, nint opaque)
        => Publish(opaque, new DomainAgentEvent(DomainHandle.Identity(domain), state == 1, reason));

    [UnmanagedCallersOnly]
    private static void OnMigrationIteration(nint connection, nint domain, int iteration, nint opaque)
        => Publish(opaque, new DomainMigrationIterationEvent(DomainHandle.Identity(domain), iteration));

    [UnmanagedCallersOnly]
    private static void OnJobCompleted(
        nint connection, nint domain, LibvirtNative.TypedParameterLayout* parameters, int count, nint opaque)
        => Publish(opaque, new DomainJobCompletedEvent(DomainHandle.Identity(domain), TypedValue.Read(parameters, count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Publish(nint opaque, LibvirtEvent next) => CallbackCookie.Receive<LibvirtEventStream>(opaque).Publish(next);

    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "";
}
