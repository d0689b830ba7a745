using System.Runtime.InteropServices;

namespace Kilonova.NodeAgent;

/// <summary>
/// Keeps the process small: an agent runs on every host. The C library gives each thread an arena of its own, of which the JIT, TLS and libvirt leave most empty.
/// </summary>
internal static partial class ProcessMemory
{
    private const int ArenaMax = -8; // M_ARENA_MAX of malloc.h

    /// <summary>Has all threads share two arenas. To be called before there are threads.</summary>
    public static void ShareArenas() => _ = SetOption(ArenaMax, 2);

    /// <summary>Gives back what is free.</summary>
    public static void Trim()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = TrimArenas(0);
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimArenas(nuint keep);
}
