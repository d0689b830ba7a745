using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>What a flavor and an image say of a guest's CPUs, each wish alone (spec: S8, guest topology build).</summary>
public static class CpuConstraints
{
    /// <summary>How CPUs are served. The flavor has the last word: an image cannot ask for more than it grants.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>The policy, or the error.</returns>
    public static Checked<CpuPolicy> Policy(FlavorSpec flavor, ImageSpec? image)
    {
        var (wanted, ofImage) = new GuestProperties(flavor, image).Both("cpu_policy");
        if (Unknown(wanted, ofImage, "dedicated", "shared", "mixed") is { } bad)
            return new RequestError("InvalidCPUAllocationPolicy", $"CPU policy requested from '{bad.Source}' is invalid, given: '{bad.Value}', available: '('dedicated', 'shared', 'mixed')'.");
        if ((wanted == "mixed" && ofImage == "dedicated") || (wanted == "shared" && (ofImage is "mixed" or "dedicated")))
            return new RequestError("ImageCPUPinningForbidden", "Image property 'hw_cpu_policy' is not permitted to override CPU pinning policy set against the flavor");
        return (wanted ?? ofImage) switch
        {
            "dedicated" => CpuPolicy.Dedicated,
            "shared" => CpuPolicy.Shared,
            "mixed" => CpuPolicy.Mixed,
            _ => CpuPolicy.None,
        };
    }

    /// <summary>What pinning does about threads. A flavor that prefers lets nobody override it, one that says nothing lets the image choose.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>The policy, or the error.</returns>
    public static Checked<ThreadPolicy> Threads(FlavorSpec flavor, ImageSpec? image)
    {
        var (wanted, ofImage) = new GuestProperties(flavor, image).Both("cpu_thread_policy");
        if (Unknown(wanted, ofImage, "prefer", "isolate", "require") is { } bad)
            return new RequestError("InvalidCPUThreadAllocationPolicy", $"CPU thread policy requested from '{bad.Source}' is invalid, given: '{bad.Value}', available: '('prefer', 'isolate', 'require')'.");
        if (wanted is not null and not "prefer" && ofImage is not null && ofImage != wanted)
            return new RequestError("ImageCPUThreadPolicyForbidden", "Image property 'hw_cpu_thread_policy' is not permitted to override CPU thread pinning policy set against the flavor");
        return (wanted ?? ofImage) switch
        {
            "prefer" => ThreadPolicy.Prefer,
            "isolate" => ThreadPolicy.Isolate,
            "require" => ThreadPolicy.Require,
            _ => ThreadPolicy.None,
        };
    }

    /// <summary>Where QEMU's own threads run; only the flavor says.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <returns>The policy, or the error.</returns>
    public static Checked<EmulatorThreadsPolicy> EmulatorThreads(FlavorSpec flavor) => new GuestProperties(flavor, null).Flavor("hw:emulator_threads_policy") switch
    {
        null => EmulatorThreadsPolicy.None,
        "share" => EmulatorThreadsPolicy.Share,
        "isolate" => EmulatorThreadsPolicy.Isolate,
        var other => new RequestError("InvalidEmulatorThreadsPolicy", $"CPU emulator threads option requested is invalid, given: '{other}', available: '('share', 'isolate')'."),
    };

    /// <summary>
    /// The guest's CPUs that run in real time: those of the image's mask, else of the flavor's, else all. One must be left for QEMU's own threads, unless these are
    /// sent elsewhere (spec: RT-02, RT-03).
    /// </summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>The CPUs; null when none is asked for; or the error.</returns>
    public static Checked<CpuSet> RealTime(FlavorSpec flavor, ImageSpec? image)
    {
        var properties = new GuestProperties(flavor, image);
        if (!GuestProperties.IsTrue(properties.Flavor("hw:cpu_realtime"))) return (CpuSet?)null;
        var all = CpuSet.Range(0, flavor.Vcpus);
        var (ofFlavor, ofImage) = properties.Both("cpu_realtime_mask");
        var realTime = all;
        if ((ofImage ?? ofFlavor) is { } mask)
        {
            var parsed = Mask(mask, flavor.Vcpus);
            if (parsed.Error is { } error) return error;
            realTime = parsed.Value!;
        }

        var noRoom = new RequestError(
            "RealtimeMaskNotFoundOrInvalid", "Use of realtime CPUs requires either one or more non-realtime CPU(s) or offloaded emulator threads.");
        if (realTime.Count == 0) return noRoom;
        if (!realTime.IsSubsetOf(all))
        {
            return new RequestError(
                "RealtimeMaskNotFoundOrInvalid",
                "Realtime policy vCPU(s) mask is configured with RT vCPUs that are not a subset of the vCPUs in the flavor. See hw:cpu_realtime_mask or hw_cpu_realtime_mask");
        }

        var emulator = EmulatorThreads(flavor);
        if (emulator.Error is { } bad) return bad;
        return emulator.Value == EmulatorThreadsPolicy.None && realTime.Equals(all) ? noRoom : realTime;
    }

    /// <summary>The guest's CPUs that the flavor pins under the mixed policy: some, not all.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <returns>The CPUs; null when there is no mask; or the error.</returns>
    public static Checked<CpuSet> DedicatedMask(FlavorSpec flavor)
    {
        if (new GuestProperties(flavor, null).Flavor("hw:cpu_dedicated_mask") is not { } mask) return (CpuSet?)null;
        var parsed = Mask(mask, flavor.Vcpus);
        if (parsed.Error is { } error) return error;
        var pinned = parsed.Value!;
        var all = CpuSet.Range(0, flavor.Vcpus);
        if (pinned.Count == 0 || pinned.Equals(all))
        {
            return new RequestError(
                "InvalidMixedInstanceDedicatedMask", "Mixed instance must have at least 1 pinned vCPU and 1 unpinned vCPU. See 'hw:cpu_dedicated_mask'.");
        }

        if (!pinned.IsSubsetOf(all))
        {
            return new RequestError(
                "InvalidMixedInstanceDedicatedMask", "Mixed instance dedicated vCPU(s) mask is not a subset of vCPUs in the flavor. See \"hw:cpu_dedicated_mask\"");
        }

        return pinned;
    }

    /// <summary>A mask that begins with an exclusion takes away from all of the guest's CPUs.</summary>
    private static Checked<CpuSet> Mask(string mask, int vcpus) => CpuSet.Parse(mask.StartsWith('^') ? $"0-{vcpus - 1},{mask}" : mask);

    private static (string Source, string Value)? Unknown(string? flavor, string? image, params ReadOnlySpan<string> known)
    {
        if (flavor is not null && !known.Contains(flavor)) return ("flavor extra specs", flavor);
        if (image is not null && !known.Contains(image)) return ("image properties", image);
        return null;
    }
}
