using System.Runtime.InteropServices;

namespace Kilonova.Libvirt.Events;

/// <summary>
/// What libvirt hands back to a callback: a GCHandle on the receiver, freed in libvirt's free callback and nowhere else, unless
/// the registration failed or the driver forgot it (then by <see cref="Free"/>, which does nothing the second time).
/// </summary>
internal sealed class CallbackCookie
{
    private readonly GCHandle handle;
    private int freed;

    internal CallbackCookie(object receiver)
    {
        Receiver = receiver;
        handle = GCHandle.Alloc(this);
        EventLoop.Current.CookieMade();
    }

    internal object Receiver { get; }

    internal nint Opaque => GCHandle.ToIntPtr(handle);

    internal static T Receive<T>(nint opaque)
        where T : class => (T)((CallbackCookie)GCHandle.FromIntPtr(opaque).Target!).Receiver;

    internal void Free()
    {
        if (Interlocked.Exchange(ref freed, 1) != 0)
            return;
        EventLoop.Current.CookieFreed();
        handle.Free();
    }

    [UnmanagedCallersOnly]
    internal static void OnFree(nint opaque) => ((CallbackCookie)GCHandle.FromIntPtr(opaque).Target!).Free();
}
