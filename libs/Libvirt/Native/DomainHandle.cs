using System.Runtime.InteropServices;
using Kilonova.Libvirt.Domains;

namespace Kilonova.Libvirt.Native;

/// <summary>One reference to a <c>virDomainPtr</c>; lives for one call only.</summary>
internal sealed unsafe class DomainHandle : SafeHandle
{
    private const int UuidLength = 16;

    private DomainHandle(nint domain)
        : base(0, ownsHandle: true) => SetHandle(domain);

    public override bool IsInvalid => handle == 0;

    /// <summary>Takes over a pointer that a call returned; 0 throws that call's error.</summary>
    internal static DomainHandle Take(nint domain)
        => domain == 0 ? throw NativeError.Last() : new DomainHandle(domain);

    internal static DomainHandle Lookup(ConnectHandle connection, Guid uuid)
    {
        var bytes = stackalloc byte[UuidLength];
        uuid.TryWriteBytes(new Span<byte>(bytes, UuidLength), bigEndian: true, out _);
        return Take(LibvirtNative.virDomainLookupByUUID(connection, bytes));
    }

    internal DomainIdentity Identity() => Identity(handle);

    /// <summary>Reads what the pointer itself holds; no round trip.</summary>
    internal static DomainIdentity Identity(nint domain)
    {
        var bytes = stackalloc byte[UuidLength];
        if (LibvirtNative.virDomainGetUUID(domain, bytes) < 0)
            throw NativeError.Last();
        var name = Marshal.PtrToStringUTF8((nint)LibvirtNative.virDomainGetName(domain)) ?? throw NativeError.Last();
        var id = LibvirtNative.virDomainGetID(domain);
        return new DomainIdentity(
            new Guid(new ReadOnlySpan<byte>(bytes, UuidLength), bigEndian: true), name, id == uint.MaxValue ? null : (int)id);
    }

    protected override bool ReleaseHandle() => LibvirtNative.virDomainFree(handle) == 0;
}
