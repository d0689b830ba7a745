using System.Collections.Immutable;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>Sockets, cores of each, and threads of each core that a guest sees.</summary>
/// <param name="Sockets">Sockets; in a preference, 0 for any.</param>
/// <param name="Cores">Cores of each socket; in a preference, 0 for any.</param>
/// <param name="Threads">Threads of each core; in a preference, 0 for any.</param>
public readonly record struct CpuTopology(int Sockets, int Cores, int Threads);

/// <summary>What a flavor and an image say of sockets, cores and threads (spec: CPU-30, S8).</summary>
/// <param name="Preferred">What is preferred; 0 where nothing is said.</param>
/// <param name="Maximum">The most of each.</param>
public sealed record GuestCpuTopology(CpuTopology Preferred, CpuTopology Maximum)
{
    /// <summary>The most where nobody limits it.</summary>
    public const int Unlimited = 65536;

    /// <summary>Reads flavor and image. An image may lower the flavor's limits, not raise them; its preference replaces the flavor's as a whole.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>Preference and limits, or the error.</returns>
    public static Checked<GuestCpuTopology> Of(FlavorSpec flavor, ImageSpec? image)
    {
        ArgumentNullException.ThrowIfNull(flavor);
        var properties = new GuestProperties(flavor, image);
        var limit = Read(properties.Flavor, "hw:cpu_max_", "hw:max_cpu_");
        if (limit.Error is { } badLimit) return badLimit;
        var wanted = Read(properties.Flavor, "hw:cpu_");
        if (wanted.Error is { } badWanted) return badWanted;
        var imageLimit = Read(properties.Image, "hw_cpu_max_");
        if (imageLimit.Error is { } badImageLimit) return badImageLimit;
        var imageWanted = Read(properties.Image, "hw_cpu_");
        if (imageWanted.Error is { } badImageWanted) return badImageWanted;

        var (most, lowered) = (limit.Value, imageLimit.Value);
        if (Exceeds(lowered, OrUnlimited(most)))
        {
            return new RequestError(
                "ImageVCPULimitsRangeExceeded", $"Image vCPU topology limits {Text(lowered)} exceeds the limits of the flavor {Text(most)}");
        }

        var maximum = OrUnlimited(new CpuTopology(Or(lowered.Sockets, most.Sockets), Or(lowered.Cores, most.Cores), Or(lowered.Threads, most.Threads)));
        if (Exceeds(imageWanted.Value, maximum))
        {
            return new RequestError(
                "ImageVCPUTopologyRangeExceeded", $"Image vCPU topology {Text(imageWanted.Value)} exceeds the limits of the flavor or image {Text(maximum)}");
        }

        // A preference of the flavor that its own or the image's limits forbid is passed over.
        var preferred = imageWanted.Value != default ? imageWanted.Value : Exceeds(wanted.Value, maximum) ? default : wanted.Value;
        return new GuestCpuTopology(preferred, maximum);
    }

    /// <summary>Every way to make a number of CPUs within the limits: those that match the preference best first, then most cores in all, then most sockets.</summary>
    /// <param name="vcpus">CPUs of the guest.</param>
    /// <param name="withThreads">Whether cores may have more than one thread.</param>
    /// <returns>At least one; or the error.</returns>
    public Checked<ImmutableArray<CpuTopology>> Desirable(int vcpus, bool withThreads = true)
    {
        var most = new CpuTopology(Math.Min(vcpus, Maximum.Sockets), Math.Min(vcpus, Maximum.Cores), withThreads ? Math.Min(vcpus, Maximum.Threads) : 1);
        var possible = new List<CpuTopology>();
        for (var sockets = 1; sockets <= most.Sockets; sockets++)
        {
            if (vcpus % sockets != 0) continue;
            var each = vcpus / sockets;
            for (var cores = 1; cores <= Math.Min(most.Cores, each); cores++)
                if (each % cores == 0 && each / cores <= most.Threads) possible.Add(new CpuTopology(sockets, cores, each / cores));
        }

        if (possible.Count == 0)
        {
            return new RequestError(
                "ImageVCPULimitsRangeImpossible",
                $"Requested vCPU limits {most.Sockets}:{most.Cores}:{most.Threads} are impossible to satisfy for vcpus count {vcpus}");
        }

        return possible.OrderByDescending(Score).ThenByDescending(t => t.Sockets * t.Cores).ThenByDescending(t => t.Sockets).ToImmutableArray();
    }

    /// <summary>
    /// The best way for a guest that is placed: with as many threads of a core as its pinned CPUs share cores, but no more than preferred (spec: S8, guest CPU topology
    /// choice).
    /// </summary>
    /// <param name="vcpus">CPUs of the guest.</param>
    /// <param name="placement">Where it is; null for a guest without topology.</param>
    /// <returns>The topology, or the error.</returns>
    public Checked<CpuTopology> Best(int vcpus, NumaPlacement? placement)
    {
        var desirable = Desirable(vcpus);
        if (desirable.Error is { } error) return error;
        if (placement?.Guest is not { Pins: true }) return desirable.Value[0];
        var shared = placement.Cells.Min(c => c.Threads);
        var most = Math.Max(1, Preferred.Threads > 0 ? Math.Min(Preferred.Threads, shared) : shared);
        // Of the numbers of threads that are possible the largest that is not above.
        var threads = desirable.Value.Select(t => t.Threads).Where(t => t <= most).DefaultIfEmpty(desirable.Value[0].Threads).Max();
        return desirable.Value.First(t => t.Threads == threads);
    }

    private static Checked<CpuTopology> Read(Func<string, string?> read, string prefix, string? alsoPrefix = null)
    {
        Span<int> numbers = stackalloc int[3];
        for (var i = 0; i < 3; i++)
        {
            var part = i switch { 0 => "sockets", 1 => "cores", _ => "threads" };
            if ((read(prefix + part) ?? (alsoPrefix is null ? null : read(alsoPrefix + part))) is not { } text) continue;
            if (!GuestProperties.TryWhole(text, out var number) || number is < int.MinValue or > int.MaxValue)
                return new RequestError("InvalidRequest", $"Invalid flavor extra spec. Error: invalid literal for int() with base 10: '{text}'");
            numbers[i] = (int)number;
        }

        return new CpuTopology(numbers[0], numbers[1], numbers[2]);
    }

    private static bool Exceeds(CpuTopology wanted, CpuTopology most) => wanted.Sockets > most.Sockets || wanted.Cores > most.Cores || wanted.Threads > most.Threads;

    private static CpuTopology OrUnlimited(CpuTopology limit) => new(Or(limit.Sockets, Unlimited), Or(limit.Cores, Unlimited), Or(limit.Threads, Unlimited));

    private static int Or(int number, int otherwise) => number != 0 ? number : otherwise;

    private static string Text(CpuTopology topology) => $"(sockets={topology.Sockets}, cores={topology.Cores}, threads={topology.Threads})";

    private int Score(CpuTopology topology) =>
        (Preferred.Sockets != 0 && topology.Sockets == Preferred.Sockets ? 1 : 0)
        + (Preferred.Cores != 0 && topology.Cores == Preferred.Cores ? 1 : 0)
        + (Preferred.Threads != 0 && topology.Threads == Preferred.Threads ? 1 : 0);
}
