using Kilonova.Crds;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Placement;

/// <summary>
/// What a guest's hardware asks of providers (spec: S7, flavor to resources): pinned CPUs are PCPU, thread policies ask for or against threads, and secure boot, a TPM, encrypted
/// memory, persistent memory and PCI devices near one socket ask for what serves them.
/// </summary>
internal sealed class GuestNeeds
{
    private const string Threads = "HW_CPU_HYPERTHREADING";

    public List<ResourceAmount> Resources { get; } = [];

    public List<string> RequiredTraits { get; } = [];

    public List<string> ForbiddenTraits { get; } = [];

    public string? Invalid { get; private set; }

    public static GuestNeeds Of(FlavorSpec flavor, ImageSpec? image)
    {
        var needs = new GuestNeeds();
        needs.TakeCpus(flavor, image);
        needs.TakeSecurity(flavor, image);
        needs.TakePersistentMemory(flavor);
        var affinity = PciConstraints.Policy(flavor, image);
        if (affinity.Error is { } error) needs.Invalid ??= error.Message;
        else if (affinity.Value == PciNumaPolicy.Socket) needs.RequiredTraits.Add("COMPUTE_SOCKET_PCI_NUMA_AFFINITY");
        return needs;
    }

    private void TakeCpus(FlavorSpec flavor, ImageSpec? image)
    {
        var policy = CpuConstraints.Policy(flavor, image);
        var threads = CpuConstraints.Threads(flavor, image);
        var emulator = CpuConstraints.EmulatorThreads(flavor);
        var pinned = Pinned(policy.Value, flavor, image);
        if ((policy.Error ?? threads.Error ?? emulator.Error ?? pinned.Error) is { } error)
        {
            Invalid ??= error.Message;
            return;
        }

        if (pinned.Value > 0)
        {
            Resources.Add(new(ResourceClass.Vcpu, flavor.Vcpus - pinned.Value));
            Resources.Add(new(ResourceClass.Pcpu, pinned.Value + (emulator.Value == EmulatorThreadsPolicy.Isolate ? 1 : 0)));
        }

        if (threads.Value == ThreadPolicy.Require) RequiredTraits.Add(Threads);
        if (threads.Value == ThreadPolicy.Isolate) ForbiddenTraits.Add(Threads);
    }

    /// <summary>Under the mixed policy the CPUs of the mask are pinned, else those that run in real time.</summary>
    private static Checked<int> Pinned(CpuPolicy policy, FlavorSpec flavor, ImageSpec? image)
    {
        if (policy == CpuPolicy.Dedicated) return flavor.Vcpus;
        if (policy != CpuPolicy.Mixed) return 0;
        var mask = CpuConstraints.DedicatedMask(flavor);
        if (mask.Error is { } badMask) return badMask;
        if (mask.Value is { } cpus) return cpus.Count;
        var realTime = CpuConstraints.RealTime(flavor, image);
        if (realTime.Error is { } badRealTime) return badRealTime;
        return realTime.Value?.Count ?? 0;
    }

    private void TakeSecurity(FlavorSpec flavor, ImageSpec? image)
    {
        if ((Spec(flavor, "os:secure_boot") ?? ImageProperty.Raw(image, "os_secure_boot")) == "required") RequiredTraits.Add("COMPUTE_SECURITY_UEFI_SECURE_BOOT");
        switch (Spec(flavor, "hw:tpm_version") ?? ImageProperty.Raw(image, "hw_tpm_version"))
        {
            case "1.2":
                RequiredTraits.Add("COMPUTE_SECURITY_TPM_1_2");
                break;
            case "2.0":
                RequiredTraits.Add("COMPUTE_SECURITY_TPM_2_0");
                break;
        }

        if ((Spec(flavor, "hw:mem_encryption") is { } encrypted && ImageProperty.IsTrue(encrypted)) || ImageProperty.Flag(image, "hw_mem_encryption"))
            Resources.Add(new("MEM_ENCRYPTION_CONTEXT", 1));
    }

    private void TakePersistentMemory(FlavorSpec flavor)
    {
        foreach (var label in (Spec(flavor, "hw:pmem") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).CountBy(l => l))
            Resources.Add(new($"CUSTOM_PMEM_NAMESPACE_{label.Key.ToUpperInvariant()}", label.Value));
    }

    private static string? Spec(FlavorSpec flavor, string key) => flavor.ExtraSpecs is { } specs && specs.TryGetValue(key, out var value) && value.Length > 0 ? value : null;
}
