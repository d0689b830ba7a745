using System.Runtime.InteropServices;

namespace Kilonova.NodeAgent.Registration.Preflight;

/// <summary>Asks the kernel whether its clock is kept right.</summary>
internal static partial class KernelClock
{
    // struct timex of a 64-bit Linux: 208 bytes, of which the first (modes = 0: only asked) stay zero.
    private const int Size = 208;

    private const int TimeError = 5; // TIME_ERROR: the clock is not synchronised

    /// <summary>Asks; null when the kernel does not say.</summary>
    public static unsafe ClockFacts? Read()
    {
        var buffer = stackalloc byte[Size];
        new Span<byte>(buffer, Size).Clear();
        var state = Adjtimex(buffer);
        return state < 0 ? null : new ClockFacts(state != TimeError);
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static unsafe partial int Adjtimex(byte* timex);
}
