using System.Runtime.InteropServices;

namespace Kilonova.Libvirt.Native;

/// <summary>
/// The C functions as they are. A call's error is in a thread-local of libvirt, so every call and the copy of its error
/// happen on one thread (<see cref="NativeError"/>).
/// </summary>
internal static unsafe partial class LibvirtNative
{
    private const string Library = "libvirt.so.0";

    [LibraryImport(Library)]
    internal static partial int virInitialize();

    [LibraryImport(Library)]
    internal static partial NativeError.Layout* virGetLastError();

    [LibraryImport(Library)]
    internal static partial void virResetLastError();

    [LibraryImport(Library)]
    internal static partial void virSetErrorFunc(nint userData, delegate* unmanaged<nint, NativeError.Layout*, void> handler);

    // Event loop

    [LibraryImport(Library)]
    internal static partial int virEventRegisterDefaultImpl();

    [LibraryImport(Library)]
    internal static partial int virEventRunDefaultImpl();

    [LibraryImport(Library)]
    internal static partial int virEventAddTimeout(
        int milliseconds, delegate* unmanaged<int, nint, void> callback, nint opaque, delegate* unmanaged<nint, void> free);

    [LibraryImport(Library)]
    internal static partial int virEventRemoveTimeout(int timer);

    // Connection

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint virConnectOpen(string uri);

    [LibraryImport(Library)]
    internal static partial int virConnectClose(nint connection);

    [LibraryImport(Library)]
    internal static partial int virConnectIsAlive(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial int virConnectSetKeepAlive(ConnectHandle connection, int intervalSeconds, uint count);

    [LibraryImport(Library)]
    internal static partial int virConnectRegisterCloseCallback(
        ConnectHandle connection, delegate* unmanaged<nint, int, nint, void> callback, nint opaque, delegate* unmanaged<nint, void> free);

    [LibraryImport(Library)]
    internal static partial int virConnectUnregisterCloseCallback(
        ConnectHandle connection, delegate* unmanaged<nint, int, nint, void> callback);

    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventRegisterAny(
        ConnectHandle connection, nint domain, int eventId, void* callback, nint opaque, delegate* unmanaged<nint, void> free);

    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventDeregisterAny(ConnectHandle connection, int callbackId);

    // Host

    [LibraryImport(Library)]
    internal static partial int virConnectGetVersion(ConnectHandle connection, out ulong version);

    [LibraryImport(Library)]
    internal static partial int virConnectGetLibVersion(ConnectHandle connection, out ulong version);

    [LibraryImport(Library)]
    internal static partial nint virConnectGetHostname(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial nint virConnectGetURI(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial nint virConnectGetType(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial nint virConnectGetCapabilities(ConnectHandle connection);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint virConnectGetDomainCapabilities(
        ConnectHandle connection, string? emulator, string? architecture, string? machine, string? virtType, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNodeGetInfo(ConnectHandle connection, out NodeInfoLayout info);

    [LibraryImport(Library)]
    internal static partial ulong virNodeGetFreeMemory(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial int virNodeGetFreePages(
        ConnectHandle connection, uint pageSizes, uint* pagesKiB, int startCell, uint cellCount, ulong* counts, uint flags);

    /// <summary><c>virNodeInfo</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct NodeInfoLayout
    {
        internal fixed byte Model[32];
        internal CULong MemoryKiB;
        internal uint Cpus;
        internal uint Mhz;
        internal uint Nodes;
        internal uint Sockets;
        internal uint Cores;
        internal uint Threads;
    }
}
