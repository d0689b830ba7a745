using System.Runtime.InteropServices;
using Kilonova.Libvirt.Native;

namespace Kilonova.Libvirt.Events;

/// <summary>
/// libvirt's default event implementation on a thread of its own. One per process, because libvirt knows one per process; it has
/// to be registered before the first connection is opened and runs until the process ends.
/// </summary>
internal sealed unsafe class EventLoop
{
    private static readonly Lazy<EventLoop> OfProcess = new(() => new EventLoop());

    private int liveCookies;

    private EventLoop()
    {
        NativeError.Check(LibvirtNative.virInitialize());
        LibvirtNative.virSetErrorFunc(0, &NativeError.Ignore);
        NativeError.Check(LibvirtNative.virEventRegisterDefaultImpl());
        new Thread(Run, CallStackBytes) { IsBackground = true, Name = "libvirt events" }.Start();
    }

    /// <summary>Stack of the threads that call libvirt: its deepest XML parsing stays far below.</summary>
    internal const int CallStackBytes = 512 * 1024;

    /// <summary>The loop of this process, started on first use.</summary>
    /// <exception cref="DllNotFoundException">libvirt.so.0 is not installed.</exception>
    internal static EventLoop Current => OfProcess.Value;

    /// <summary>Callback cookies that libvirt holds; returns to 0 when all connections are closed.</summary>
    internal int LiveCookies => Volatile.Read(ref liveCookies);

    internal void CookieMade() => Interlocked.Increment(ref liveCookies);

    internal void CookieFreed() => Interlocked.Decrement(ref liveCookies);

    /// <summary>
    /// Completes when everything that the loop was dispatching at the time of the call is done. A callback deregistered while
    /// it is being dispatched is freed, and its reference to the connection dropped, only afterwards.
    /// </summary>
    internal static Task BarrierAsync()
    {
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handle = GCHandle.ToIntPtr(GCHandle.Alloc(passed));
        if (LibvirtNative.virEventAddTimeout(0, &OnBarrier, handle, &FreeBarrier) < 0)
        {
            GCHandle.FromIntPtr(handle).Free();
            throw NativeError.Last();
        }

        return passed.Task;
    }

    [UnmanagedCallersOnly]
    private static void OnBarrier(int timer, nint opaque)
    {
        _ = LibvirtNative.virEventRemoveTimeout(timer);
        ((TaskCompletionSource)GCHandle.FromIntPtr(opaque).Target!).TrySetResult();
    }

    [UnmanagedCallersOnly]
    private static void FreeBarrier(nint opaque) => GCHandle.FromIntPtr(opaque).Free();

    private static void Run()
    {
        while (true)
            NativeError.Check(LibvirtNative.virEventRunDefaultImpl());
    }
}
