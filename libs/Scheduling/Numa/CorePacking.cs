using System.Collections.Immutable;

namespace Kilonova.Scheduling.Numa;

/// <summary>Host CPUs of one cell of a guest.</summary>
/// <param name="Cpus">Host CPUs, in the order of the guest's CPUs.</param>
/// <param name="EmulatorCpu">Host CPU for QEMU's own threads, if one is asked for.</param>
/// <param name="Threads">Threads of a core that the guest may be shown.</param>
internal readonly record struct PackedCpus(ImmutableArray<int> Cpus, int? EmulatorCpu, int Threads);

/// <summary>
/// Which host CPUs a guest is pinned to. Cores with most free threads are used first, as many threads of each as the guest can fill; where that works for no
/// number of threads, single threads one by one (spec: S8, sibling packing).
/// </summary>
internal static class CorePacking
{
    /// <summary>Whether there are CPUs, by counts alone.</summary>
    public static bool CanPin(HostCell host, int count, int emulator, ThreadPolicy policy)
    {
        if (count == 0 || host.FreeThreads < count + emulator) return false;
        switch (policy)
        {
            case ThreadPolicy.Isolate:
                return (host.ThreadsPerCore == 1 || host.IsUndivided)
                    && host.CoresWithFree(host.ThreadsPerCore) >= count
                    && host.CoresWithFree(1) >= count + emulator;
            case ThreadPolicy.Require:
                return ThreadsToUse(host, count, 2) > 0;
            default:
                return true;
        }
    }

    /// <summary>Chooses CPUs; <see cref="CanPin"/> has said yes.</summary>
    public static PackedCpus Pin(HostCell host, int count, int emulator, ThreadPolicy policy)
    {
        var isolates = policy == ThreadPolicy.Isolate;
        var threads = isolates ? 1 : ThreadsToUse(host, count, policy == ThreadPolicy.Require ? 2 : 1);
        var least = isolates ? host.ThreadsPerCore : Math.Max(threads, 1);
        var each = threads == 0 ? int.MaxValue : threads;
        var cpus = ImmutableArray.CreateBuilder<int>(count);
        foreach (var core in host.Cores)
        {
            if (cpus.Count == count) break;
            if (FreeIn(host, core) < least) continue;
            var taken = 0;
            foreach (var cpu in core)
            {
                if (!host.FreeCpus.Contains(cpu)) continue;
                if (cpus.Count == count || taken++ == each) break;
                cpus.Add(cpu);
            }
        }

        var used = Math.Max(threads, 1);
        int? reserved = emulator == 0 ? null : EmulatorCpu(host, cpus, isolates);
        return new PackedCpus(cpus.MoveToImmutable(), reserved, Gcd(used, count % used));
    }

    /// <summary>Threads of a core that a guest with these pins may be shown: what all of its cores have, the last perhaps but a part that divides it; else 1.</summary>
    public static int ThreadsShown(HostCell host, ImmutableArray<int> pins)
    {
        var (most, cores) = (1, 0);
        foreach (var core in host.Cores)
        {
            var used = core.Count(pins.Contains);
            if (used == 0) continue;
            cores++;
            most = Math.Max(most, used);
        }

        var full = (pins.Length + most - 1) / most;
        return cores == full ? Gcd(most, pins.Length % most) : 1;
    }

    /// <summary>Most threads of a core that fill the guest; 0 when none from <paramref name="least"/> on do.</summary>
    private static int ThreadsToUse(HostCell host, int count, int least)
    {
        for (var threads = host.ThreadsPerCore; threads >= least; threads--)
            if (threads * host.CoresWithFree(threads) >= count) return threads;
        return 0;
    }

    /// <summary>The first free CPU that is left; for a guest that isolates, on a core that it does not use.</summary>
    private static int EmulatorCpu(HostCell host, ImmutableArray<int>.Builder pinned, bool isolates)
    {
        foreach (var core in host.Cores)
        {
            if (isolates && core.Any(pinned.Contains)) continue;
            foreach (var cpu in core)
                if (host.FreeCpus.Contains(cpu) && !pinned.Contains(cpu)) return cpu;
        }

        throw new InvalidOperationException("No CPU is left for QEMU's own threads, though there was room for one.");
    }

    private static int FreeIn(HostCell host, ImmutableArray<int> core)
    {
        var free = 0;
        foreach (var cpu in core)
            if (host.FreeCpus.Contains(cpu)) free++;
        return free;
    }

    private static int Gcd(int left, int right)
    {
        while (right != 0) (left, right) = (right, left % right);
        return left;
    }
}
