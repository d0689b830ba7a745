namespace Kilonova.NodeAgent.Registration;

/// <summary>From CPU flags, as the Linux kernel names them, to placement's standard traits.</summary>
internal static class CpuTraits
{
    private static readonly Dictionary<string, string[]> ByFlag = new(StringComparer.Ordinal)
    {
        ["3dnow"] = ["HW_CPU_X86_3DNOW"],
        ["abm"] = ["HW_CPU_X86_ABM"],
        ["aes"] = ["HW_CPU_X86_AESNI"],
        ["avx"] = ["HW_CPU_X86_AVX"],
        ["avx2"] = ["HW_CPU_X86_AVX2"],
        ["avx512bw"] = ["HW_CPU_X86_AVX512BW"],
        ["avx512cd"] = ["HW_CPU_X86_AVX512CD"],
        ["avx512dq"] = ["HW_CPU_X86_AVX512DQ"],
        ["avx512er"] = ["HW_CPU_X86_AVX512ER"],
        ["avx512f"] = ["HW_CPU_X86_AVX512F"],
        ["avx512pf"] = ["HW_CPU_X86_AVX512PF"],
        ["avx512vl"] = ["HW_CPU_X86_AVX512VL"],
        ["avx512_vnni"] = ["HW_CPU_X86_AVX512VNNI"],
        ["avx512vbmi"] = ["HW_CPU_X86_AVX512VBMI"],
        ["avx512ifma"] = ["HW_CPU_X86_AVX512IFMA"],
        ["bmi1"] = ["HW_CPU_X86_BMI"],
        ["bmi2"] = ["HW_CPU_X86_BMI2"],
        ["f16c"] = ["HW_CPU_X86_F16C"],
        ["fma"] = ["HW_CPU_X86_FMA3"],
        ["fma4"] = ["HW_CPU_X86_FMA4"],
        ["mmx"] = ["HW_CPU_X86_MMX"],
        ["mpx"] = ["HW_CPU_X86_MPX"],
        ["pclmulqdq"] = ["HW_CPU_X86_CLMUL"],
        ["rtm"] = ["HW_CPU_X86_TSX"],
        ["sha_ni"] = ["HW_CPU_X86_SHA"],
        ["sse"] = ["HW_CPU_X86_SSE"],
        ["sse2"] = ["HW_CPU_X86_SSE2"],
        ["sse4_1"] = ["HW_CPU_X86_SSE41"],
        ["sse4_2"] = ["HW_CPU_X86_SSE42"],
        ["sse4a"] = ["HW_CPU_X86_SSE4A"],
        ["pni"] = ["HW_CPU_X86_SSE3"],
        ["ssse3"] = ["HW_CPU_X86_SSSE3"],
        ["svm"] = ["HW_CPU_X86_SVM", "HW_CPU_X86_AMD_SVM"],
        ["tbm"] = ["HW_CPU_X86_TBM"],
        ["vmx"] = ["HW_CPU_X86_VMX", "HW_CPU_X86_INTEL_VMX"],
        ["xop"] = ["HW_CPU_X86_XOP"],
    };

    // What the CPU model of emulated guests (qemu64) has.
    private static readonly HashSet<string> Emulated = new(StringComparer.Ordinal)
    {
        "mmx", "pni", "sse", "sse2",
    };

    /// <summary>Traits of the CPU that guests of this host see, sorted.</summary>
    /// <param name="flags">Flags of the host's CPU.</param>
    /// <param name="emulated">Whether guests are emulated: then they get an emulated CPU and nothing of the host's.</param>
    public static IReadOnlyList<string> Of(IEnumerable<string> flags, bool emulated) =>
    [
        .. (emulated ? Emulated : flags).SelectMany(flag => ByFlag.GetValueOrDefault(flag) ?? []).Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>Flags of the first CPU in the text of <c>/proc/cpuinfo</c>.</summary>
    public static IReadOnlyList<string> Flags(string cpuinfo)
    {
        var line = cpuinfo.Split('\n').FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal));
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
    }
}
