using System.Text.RegularExpressions;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>
/// Compiles what a flavor and an image say into the guest's NUMA topology. The order of checks is Nova's, so that of several errors the same one is told
/// (spec: S8, guest topology build).
/// </summary>
public static partial class TopologyConstraints
{
    private const string HyperThreading = "HW_CPU_HYPERTHREADING";

    /// <summary>Compiles the topology.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>The topology; null when the guest needs none; or the error.</returns>
    public static Checked<GuestTopology> Of(FlavorSpec flavor, ImageSpec? image)
    {
        ArgumentNullException.ThrowIfNull(flavor);
        var properties = new GuestProperties(flavor, image);
        var policy = CpuConstraints.Policy(flavor, image);
        if (policy.Error is { } badPolicy) return badPolicy;
        var threads = CpuConstraints.Threads(flavor, image);
        if (threads.Error is { } badThreads) return badThreads;
        var realTime = CpuConstraints.RealTime(flavor, image);
        if (realTime.Error is { } badRealTime) return badRealTime;
        var mask = CpuConstraints.DedicatedMask(flavor);
        if (mask.Error is { } badMask) return badMask;
        var emulator = CpuConstraints.EmulatorThreads(flavor);
        if (emulator.Error is { } badEmulator) return badEmulator;
        var resolved = WithResources(properties, policy.Value, emulator.Value);
        if (resolved.Error is { } badResources) return badResources;
        var cpuPolicy = resolved.Value;
        var resolvedThreads = WithTrait(properties, threads.Value);
        if (resolvedThreads.Error is { } badTrait) return badTrait;
        var threadPolicy = resolvedThreads.Value;
        if (Contradiction(cpuPolicy, threadPolicy, emulator.Value, mask.Value, realTime.Value) is { } contradiction) return contradiction;
        var count = CellConstraints.Count(properties);
        if (count.Error is { } badCount) return badCount;
        var pages = MemoryConstraints.Pages(flavor, image);
        if (pages.Error is { } badPages) return badPages;
        var locked = MemoryConstraints.Locked(flavor, image);
        if (locked.Error is { } badLock) return badLock;

        var pins = cpuPolicy is CpuPolicy.Dedicated or CpuPolicy.Mixed;
        if (count.Value is null && pages.Value == PageSize.NotAsked && !pins && properties.Flavor("hw:pmem") is null) return (GuestTopology?)null;
        var pinned = cpuPolicy switch
        {
            CpuPolicy.Dedicated => CpuSet.Range(0, flavor.Vcpus),
            CpuPolicy.Mixed => mask.Value ?? realTime.Value!,
            _ => CpuSet.Empty,
        };
        var cells = CellConstraints.Divide(properties, count.Value ?? 1, pinned);
        if (cells.Error is { } badCells) return badCells;
        return new GuestTopology(cells.Value, cpuPolicy, threadPolicy, pages.Value, emulator.Value);
    }

    /// <summary>What <c>resources:VCPU</c> and <c>resources:PCPU</c> say: the older way to ask for pinning, and never both.</summary>
    private static Checked<CpuPolicy> WithResources(GuestProperties properties, CpuPolicy policy, EmulatorThreadsPolicy emulator)
    {
        var (shared, pinned) = (0L, 0L);
        foreach (var (key, value) in properties.ExtraSpecs)
        {
            if (CpuResource().Match(key) is not { Success: true } match || !GuestProperties.TryWhole(value, out var amount)) continue;
            if (match.Groups["class"].Value == "VCPU") shared += amount;
            else pinned += amount;
        }

        if (policy != CpuPolicy.None && (shared != 0 || pinned != 0))
        {
            return Invalid(
                "It is not possible to use the 'resources:VCPU' or 'resources:PCPU' extra specs in combination with the 'hw:cpu_policy' extra spec or "
                + "'hw_cpu_policy' image metadata property; use one or the other");
        }

        if (shared != 0 && pinned != 0) return Invalid("It is not possible to specify both 'resources:VCPU' and 'resources:PCPU' extra specs; use one or the other");
        if (shared != 0) return CpuPolicy.Shared;
        if (pinned == 0) return policy;
        if (emulator == EmulatorThreadsPolicy.Isolate && pinned != properties.Vcpus + 1)
        {
            return Invalid(
                "You have requested 'hw:emulator_threads_policy=isolate' but have not requested sufficient PCPUs to handle this policy; you must allocate exactly "
                + "flavor.vcpus + 1 PCPUs.");
        }

        if (emulator != EmulatorThreadsPolicy.Isolate && pinned != properties.Vcpus)
        {
            return Invalid(
                "There is a mismatch between the number of PCPUs requested via 'resourcesNN:PCPU' and the flavor); you must allocate exactly flavor.vcpus PCPUs");
        }

        return CpuPolicy.Dedicated;
    }

    /// <summary>What a trait says of threads: the older way to ask for a thread policy, and never both.</summary>
    private static Checked<ThreadPolicy> WithTrait(GuestProperties properties, ThreadPolicy policy)
    {
        var wanted = properties.Image("trait:" + HyperThreading) == "required" ? "required" : null;
        foreach (var (key, value) in properties.ExtraSpecs)
            if (ThreadTrait().IsMatch(key)) wanted = value;
        if (string.IsNullOrEmpty(wanted)) return policy;
        if (policy != ThreadPolicy.None)
        {
            return Invalid(
                "It is not possible to use the 'trait:HW_CPU_HYPERTHREADING' extra spec in combination with the 'hw:cpu_thread_policy' extra spec or "
                + "'hw_cpu_thread_policy' image metadata property; use one or the other");
        }

        return wanted switch
        {
            "forbidden" => ThreadPolicy.Isolate,
            "required" => ThreadPolicy.Require,
            _ => policy,
        };
    }

    private static RequestError? Contradiction(CpuPolicy policy, ThreadPolicy threads, EmulatorThreadsPolicy emulator, CpuSet? mask, CpuSet? realTime)
    {
        switch (policy)
        {
            case CpuPolicy.Dedicated:
                return mask is null ? null : OnlyMixed();
            case CpuPolicy.Mixed when mask is null == realTime is null:
                return new RequestError(
                    "RequiredMixedOrRealtimeCPUMask",
                    "Dedicated CPU set can be specified from either 'hw:cpu_dedicated_mask' or 'hw:cpu_realtime_mask' when using 'mixed' CPU policy. "
                    + "'hw:cpu_dedicated_mask' and 'hw:cpu_realtime_mask' can not be specified at the same time, or be specified with none of them.");
            case CpuPolicy.Mixed:
                return null;
            default:
                if (threads != ThreadPolicy.None)
                    return new RequestError("CPUThreadPolicyConfigurationInvalid", "Cannot set cpu thread pinning policy in a non dedicated cpu pinning policy");
                if (emulator == EmulatorThreadsPolicy.Isolate)
                    return new RequestError("BadRequirementEmulatorThreadsPolicy", "An isolated CPU emulator threads option requires a dedicated CPU policy option.");
                if (mask is not null) return OnlyMixed();
                return realTime is null ? null : new RequestError("RealtimeConfigurationInvalid", "Cannot set realtime policy in a non dedicated cpu pinning policy");
        }
    }

    private static RequestError OnlyMixed() => new("RequiredMixedInstancePolicy", "Cannot specify 'hw:cpu_dedicated_mask' without the 'mixed' policy.");

    private static RequestError Invalid(string message) => new("InvalidRequest", message);

    [GeneratedRegex("^resources([1-9][0-9]*)?:(?<class>VCPU|PCPU)$")]
    private static partial Regex CpuResource();

    [GeneratedRegex("^trait([1-9][0-9]*)?:HW_CPU_HYPERTHREADING$")]
    private static partial Regex ThreadTrait();
}
