using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Kilonova.NodeAgent.State;

/// <summary>
/// Files that are either the old or the new ones after a crash, never half: written beside, fsynced, renamed, and the directory fsynced.
/// </summary>
internal static partial class DurableFile
{
    private const string TemporarySuffix = ".new";
    private const int OpenReadOnlyDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC on x86-64

    /// <summary>Writes a file that only its owner can read. When this returns, the content is on stable storage under its name.</summary>
    /// <exception cref="IOException">The file could not be written; the old one is still there.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var temporary = path + TemporarySuffix;
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
            UnixCreateMode = mode,
        }))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        Publish(temporary, path);
    }

    /// <summary>Gives a finished and fsynced file its name.</summary>
    public static void Publish(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Removes a file and makes that durable. Does nothing when there is none.</summary>
    public static void Delete(string path)
    {
        if (!File.Exists(path))
            return;
        File.Delete(path);
        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Whether a file is a half-written one that a crash left behind.</summary>
    public static bool IsTemporary(string path) => path.EndsWith(TemporarySuffix, StringComparison.Ordinal);

    /// <summary>Makes the entries of a directory durable.</summary>
    /// <exception cref="IOException">The directory cannot be opened or written back.</exception>
    public static void SyncDirectory(string path)
    {
        var descriptor = Open(path, OpenReadOnlyDirectory);
        if (descriptor < 0)
            throw Failure($"open directory {path}");
        try
        {
            if (Fsync(descriptor) != 0)
                throw Failure($"fsync directory {path}");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string what)
    {
        var error = new Win32Exception(Marshal.GetLastPInvokeError());
        return new IOException($"{what}: {error.Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
