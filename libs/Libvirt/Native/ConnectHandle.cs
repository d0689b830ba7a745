using System.Runtime.InteropServices;

namespace Kilonova.Libvirt.Native;

/// <summary>One reference to a <c>virConnectPtr</c>. A call in flight holds the handle, so it is never closed under a call.</summary>
internal sealed class ConnectHandle : SafeHandle
{
    internal ConnectHandle(nint connection)
        : base(0, ownsHandle: true) => SetHandle(connection);

    public override bool IsInvalid => handle == 0;

    /// <summary>What <c>virConnectClose</c> answered: 0 when nothing else holds the connection; null before.</summary>
    internal int? ReferencesLeft { get; private set; }

    protected override bool ReleaseHandle()
    {
        ReferencesLeft = LibvirtNative.virConnectClose(handle);
        return ReferencesLeft >= 0;
    }
}
