using System.Runtime.InteropServices;

namespace Kilonova.Libvirt.Native;

/// <summary>Copies libvirt's thread-local error. Only to be used on the thread of the failed call.</summary>
internal static unsafe class NativeError
{
    /// <summary>The error of the last call on this thread.</summary>
    internal static LibvirtException Last()
    {
        var error = LibvirtNative.virGetLastError();
        return error == null
            ? new LibvirtException(LibvirtErrorCode.InternalError, 0, LibvirtErrorLevel.Error, "libvirt reported a failure without an error")
            : new LibvirtException(
                (LibvirtErrorCode)error->Code, error->Domain, (LibvirtErrorLevel)error->Level,
                Marshal.PtrToStringUTF8(error->Message) ?? "no message");
    }

    /// <summary>Throws if <paramref name="result"/> is negative, libvirt's sign of failure.</summary>
    internal static int Check(int result) => result < 0 ? throw Last() : result;

    /// <summary>Copies and frees a string that libvirt allocated; a null pointer throws the call's error.</summary>
    internal static string TakeString(nint text)
    {
        if (text == 0)
            throw Last();
        try
        {
            return Marshal.PtrToStringUTF8(text)!;
        }
        finally
        {
            NativeMemory.Free((void*)text);
        }
    }

    /// <summary>Keeps libvirt from printing each error on stderr: the caller gets it as an exception.</summary>
    [UnmanagedCallersOnly]
    internal static void Ignore(nint userData, Layout* error)
    {
    }

    /// <summary>Head of <c>virError</c>; what follows is not read.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Layout
    {
        internal int Code;
        internal int Domain;
        internal nint Message;
        internal int Level;
    }
}
