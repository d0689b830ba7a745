using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.NodeAgent.Registration;
using Kilonova.NodeAgent.Registration.Preflight;

namespace Kilonova.NodeAgent.Tests.Registration;

public class HostStatusTests
{
    private static readonly HostFacts Facts = new()
    {
        Hostname = "node-a", Architecture = "x86_64", VirtType = VirtType.Qemu, HypervisorVersion = "7.2.22", LibvirtVersion = "9.0.0",
        Cpus = 8, MemoryMiB = 32768, Traits = ["HW_CPU_X86_SSE2"], Kvm = new KvmVerdict("boot", false, "it did nothing"),
    };

    private static readonly HostKnowledge Known = new()
    {
        HostID = "id", BootID = "boot", AgentVersion = "1", Facts = Facts, Disk = new DiskSpace(1000, 600), RunningGuests = 3, Now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
    };

    private static readonly Hypervisor New = new() { Metadata = new ObjectMeta { Name = "node-a", Generation = 1 }, Spec = new HypervisorSpec() };

    [Fact]
    public void A_host_that_serves_says_so()
    {
        var status = HostStatus.Of(New, Known);
        Assert.Equal(["LibvirtReady=True", "KvmUsable=False", "InstancesDiskPressure=False", "Ready=True"], status.Conditions!.Select(condition => $"{condition.Type}={condition.Status}"));
        Assert.Equal((8, 32768L, 1000L, 600L, 3), (status.Cpus, status.MemoryMiB, status.DiskGiB, status.FreeDiskGiB, status.RunningGuests));
    }

    [Fact]
    public void What_the_checks_found_is_told_and_does_not_keep_the_host_from_serving()
    {
        var status = HostStatus.Of(New, Known with { Checks = [new Finding("TimeSynced", false, "NotSynchronized", "run chrony"), new Finding("CgroupControllers", null, "NotMounted", "?")] });
        Assert.Equal("False NotSynchronized", Condition(status, "TimeSynced"));
        Assert.Equal("Unknown NotMounted", Condition(status, "CgroupControllers"));
        Assert.Equal("True AgentServes", Condition(status, "Ready"));
    }

    [Fact]
    public void Without_libvirt_it_is_not_Ready_and_the_last_facts_stay()
    {
        var before = New with { Status = HostStatus.Of(New, Known) };
        var status = HostStatus.Of(before, Known with { Facts = null, LibvirtTrouble = "no socket" });
        Assert.Equal(8, status.Cpus);
        Assert.Equal("False LibvirtNotReady", Condition(status, "Ready"));
        Assert.Contains("no socket", status.Conditions!.First(condition => condition.Type == "LibvirtReady").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_must_have_KVM_and_has_not_is_not_Ready() =>
        Assert.Equal("False KvmNotUsable", Condition(HostStatus.Of(New, Known with { Facts = Facts with { VirtType = VirtType.Kvm } }), "Ready"));

    [Fact]
    public void Little_free_disk_is_pressure() => Assert.Equal("True LittleFree", Condition(HostStatus.Of(New, Known with { Disk = new DiskSpace(1000, 49) }), "InstancesDiskPressure"));

    [Fact]
    public void Free_disk_that_wanders_is_not_told_each_time()
    {
        var before = New with { Status = HostStatus.Of(New, Known) };
        Assert.Equal(600, HostStatus.Of(before, Known with { Disk = new DiskSpace(1000, 560) }).FreeDiskGiB);
        Assert.Equal(540, HostStatus.Of(before, Known with { Disk = new DiskSpace(1000, 540) }).FreeDiskGiB);
    }

    [Fact]
    public void The_same_knowledge_gives_the_same_status()
    {
        var before = New with { Status = HostStatus.Of(New, Known) };
        var again = HostStatus.Of(before, Known with { Now = Known.Now.AddDays(1) });
        Assert.Equal(before.Status!.Conditions, again.Conditions);
    }

    [Fact]
    public void The_ledger_gets_raw_facts_in_canonical_order()
    {
        var spec = HostStatus.Provider("id", Facts, new DiskSpace(1000, 600), null);
        Assert.Equal(["DISK_GB 1000", "MEMORY_MB 32768", "VCPU 8"], spec.Inventories!.Select(fact => $"{fact.ResourceClass} {fact.Total}"));
        Assert.Equal(["HW_CPU_X86_SSE2"], spec.Traits);
    }

    [Fact]
    public void Traits_come_from_the_flags_of_the_CPU_that_guests_see()
    {
        var flags = CpuTraits.Flags("processor\t: 0\nflags\t\t: fpu sse sse2 avx2 svm aes\nbugs\t: none\n");
        Assert.Equal(["HW_CPU_X86_AESNI", "HW_CPU_X86_AMD_SVM", "HW_CPU_X86_AVX2", "HW_CPU_X86_SSE", "HW_CPU_X86_SSE2", "HW_CPU_X86_SVM"], CpuTraits.Of(flags, emulated: false));
        Assert.DoesNotContain("HW_CPU_X86_AVX2", CpuTraits.Of(flags, emulated: true));
    }

    private static string Condition(HypervisorStatus status, string type) => status.Conditions!.Where(condition => condition.Type == type).Select(condition => $"{condition.Status} {condition.Reason}").Single();
}
