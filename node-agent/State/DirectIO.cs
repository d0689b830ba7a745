using System.Runtime.InteropServices;

namespace Kilonova.NodeAgent.State;

/// <summary>Whether a file system lets files be opened past the page cache, as QEMU does with <c>cache=none</c>.</summary>
internal static partial class DirectIO
{
    private const int OpenFlags = 0x4000 | 0x80000 | 0x2; // O_DIRECT | O_CLOEXEC | O_RDWR on x86-64

    /// <summary>Tries it in a directory.</summary>
    public static bool Works(string directory)
    {
        var path = Path.Combine(directory, ".direct-io");
        File.WriteAllBytes(path, new byte[4096]);
        try
        {
            var descriptor = Open(path, OpenFlags);
            if (descriptor < 0)
                return false;
            _ = Close(descriptor);
            return true;
        }
        finally
        {
            File.Delete(path);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
