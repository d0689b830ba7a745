using System.Globalization;
using System.Runtime.InteropServices;
using Kilonova.Libvirt.Events;

namespace Kilonova.Libvirt.Tests.Support;

/// <summary>What grows when something leaks.</summary>
/// <param name="LiveBytes">Bytes that are allocated and not freed, in the C library's heap and, after a full collection, in .NET's.</param>
/// <param name="ResidentBytes">Resident memory of this process.</param>
/// <param name="Descriptors">Open sockets, event descriptors and pipes; not the assemblies that .NET maps as it goes.</param>
/// <param name="LibvirtThreads">Threads that this library or libvirt started.</param>
/// <param name="Cookies">Callback cookies that libvirt holds.</param>
internal sealed partial record Leaks(long LiveBytes, long ResidentBytes, int Descriptors, int LibvirtThreads, int Cookies)
{
    internal static Leaks Measure()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var resident = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        var cookies = EventLoop.Current.LiveCookies;
        var heap = mallinfo2();
        return new Leaks(
            (long)(heap.InUse + heap.Mapped) + GC.GetTotalMemory(forceFullCollection: true),
            long.Parse(resident.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024,
            Directory.GetFiles("/proc/self/fd").Count(fd => new FileInfo(fd).LinkTarget is { } target && !target.StartsWith('/')),
            Directory.GetDirectories("/proc/self/task").Count(IsLibvirts),
            cookies);
    }

    /// <summary>Nothing may be more than before; less is what an earlier test still had to end. Memory is judged by its slope.</summary>
    internal void AssertNoMoreThan(Leaks before) => Assert.True(
        Descriptors <= before.Descriptors && LibvirtThreads <= before.LibvirtThreads && Cookies <= before.Cookies, $"{before} -> {this}");

    /// <summary>
    /// Growth per round: the median of the slopes between any two samples (Theil-Sen). A leak shows in all of them; a step that .NET takes
    /// once, such as a heap segment or freshly compiled code, in few.
    /// </summary>
    internal static double PerRound(IReadOnlyList<(int Round, Leaks Leaks)> samples, Func<Leaks, long> measure)
    {
        var slopes = samples.SelectMany((first, i) => samples.Skip(i + 1).Select(second
            => (double)(measure(second.Leaks) - measure(first.Leaks)) / (second.Round - first.Round))).Order().ToArray();
        return slopes[slopes.Length / 2];
    }

    /// <summary>A thread can end while it is looked at.</summary>
    private static bool IsLibvirts(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/comm").StartsWith("libvirt", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    [LibraryImport("libc")]
    private static partial HeapInfo mallinfo2();

    /// <summary><c>struct mallinfo2</c> of glibc 2.33.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct HeapInfo
    {
        internal nuint Arena;
        internal nuint FreeChunks;
        internal nuint FastChunks;
        internal nuint MappedChunks;
        internal nuint Mapped;
        internal nuint Unused;
        internal nuint FastFree;
        internal nuint InUse;
        internal nuint Free;
        internal nuint Releasable;
    }
}
