using Kilonova.Crds;
using Kilonova.NodeAgent.Registration;
using Kilonova.NodeAgent.Registration.Preflight;

namespace Kilonova.NodeAgent.Tests.Registration;

/// <summary>The checks of the host: from files to conditions with a cure.</summary>
public class PreflightTests
{
    private static readonly string[] AllControllers = ["cpu", "cpuset", "memory", "pids"];

    [Theory]
    [InlineData(0, 0, true, "True NoneWanted", "spec.hugePages")]
    [InlineData(4, 4, true, "True PagesReserved", "are there")]
    [InlineData(4, 3, true, "False PagesMissing", "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages")]
    [InlineData(4, 0, true, "False PagesMissing", "write 4 to")]
    [InlineData(4, 4, false, "False NotMounted", "mount -t hugetlbfs")]
    public void Huge_pages(long wanted, long there, bool mounted, string expected, string cure)
    {
        var facts = new PreflightFacts { HugePages = [new HugePages { SizeKiB = 2048, Count = there }, new HugePages { Node = 1, SizeKiB = 2048, Count = 99 }], HugePagesMounted = mounted };
        var spec = new HypervisorSpec { HugePages = wanted == 0 ? null : [new HugePages { SizeKiB = 2048, Count = wanted }] };
        Is(expected, cure, PreflightChecks.HugePages(facts, spec));
    }

    [Theory]
    [InlineData("cpu cpuset memory io", "True Available", "memory")]
    [InlineData("cpu cpuset io", "False Missing", "Without memory ")]
    [InlineData("", "False Missing", "Without cpu, cpuset, memory ")]
    [InlineData(null, "Unknown NotMounted", "mount the host's")]
    public void Controllers_of_control_groups(string? there, string expected, string cure) =>
        Is(expected, cure, PreflightChecks.CgroupControllers(new PreflightFacts { CgroupControllers = there?.Split(' ').ToHashSet() }));

    [Theory]
    [InlineData("", "", false, "True Off", "Only the agent")]
    [InlineData("a b", "", false, "True AutostartCleared", "Autostart was on for a, b")]
    [InlineData("a", "c", false, "False AutostartOn", "virsh autostart --disable")]
    [InlineData("", "", true, "False LibvirtGuestsStarts", "ON_BOOT=ignore")]
    [InlineData("a b", "", true, "False LibvirtGuestsStarts", "Autostart was on for a, b")]
    [InlineData("a b c d e f g", "", false, "True AutostartCleared", "a, b, c, d, e and 2 more")]
    public void Autostart(string cleared, string left, bool libvirtGuests, string expected, string cure) =>
        Is(expected, cure, PreflightChecks.Autostart(new PreflightFacts { LibvirtGuestsStarts = libvirtGuests }, new AutostartFacts(Names(cleared), Names(left), "it is read-only.")));

    [Theory]
    [InlineData(false, null, null, null, "True NoKubelet", "")]
    [InlineData(true, "none", null, 4096L, "True SharesHost", "")]
    [InlineData(true, "none", "None", 4096L, "True SharesHost", "")]
    [InlineData(true, "none", "None", null, "False NothingReserved", "spec.reservedHostMemoryMiB")]
    [InlineData(true, "static", "None", 4096L, "False CpuManagerStatic", "cpuManagerPolicy: none")]
    [InlineData(true, "none", "Static", 4096L, "False MemoryManagerStatic", "memoryManagerPolicy: None")]
    [InlineData(true, null, null, 4096L, "Unknown StateNotReadable", "cpu_manager_state")]
    public void Kubelet(bool there, string? cpu, string? memory, long? reserved, string expected, string cure) =>
        Is(expected, cure, PreflightChecks.Kubelet(new PreflightFacts { Kubelet = there ? new KubeletFacts(cpu, memory) : null }, new HypervisorSpec { ReservedHostMemoryMiB = reserved }));

    [Theory]
    [InlineData(true, "True Synchronized", "")]
    [InlineData(false, "False NotSynchronized", "chrony")]
    [InlineData(null, "Unknown NotReadable", "adjtimex")]
    public void Clock(bool? synchronized, string expected, string cure) =>
        Is(expected, cure, PreflightChecks.Time(new PreflightFacts { Clock = synchronized is { } so ? new ClockFacts(so) : null }));

    [Theory]
    [InlineData(50, "False EnoughFree", "")]
    [InlineData(49, "True LittleFree", "Delete servers")]
    public void Disk_pressure(long free, string expected, string cure) => Is(expected, cure, PreflightChecks.DiskPressure(new DiskSpace(1000, free)));

    [Fact]
    public void An_empty_root_says_that_there_is_nothing()
    {
        using var root = new TemporaryDirectory();
        var facts = new PreflightReader(root.Path).Read();
        Assert.Empty(facts.HugePages);
        Assert.Equal((null, null, false, false), (facts.CgroupControllers, facts.Kubelet, facts.HugePagesMounted, facts.LibvirtGuestsStarts));
        Assert.NotNull(facts.Clock);
    }

    [Fact]
    public void Facts_are_read_from_the_hosts_files()
    {
        using var root = new TemporaryDirectory();
        Write(root, "sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "512\n");
        Write(root, "sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages", "3\n");
        Write(root, "sys/devices/system/node/online", "0-1\n");
        Write(root, "proc/mounts", "proc /proc proc rw 0 0\nhugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\n");
        Write(root, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
        Write(root, "var/lib/kubelet/cpu_manager_state", """{"policyName":"static","defaultCpuSet":"0-3","entries":{},"checksum":14413152}""");
        Write(root, "var/lib/kubelet/memory_manager_state", """{"policyName":"None","machineState":{},"entries":{},"checksum":1}""");
        Write(root, "etc/systemd/system/multi-user.target.wants/libvirt-guests.service", "");
        var facts = new PreflightReader(root.Path).Read();
        Assert.Equal([(0, 2048L, 512L), (1, 1048576L, 3L)], facts.HugePages.Select(has => (has.Node, has.SizeKiB, has.Count)));
        Assert.True(facts.HugePagesMounted);
        Assert.Superset(AllControllers.ToHashSet(), facts.CgroupControllers!.ToHashSet());
        Assert.Equal(new KubeletFacts("static", "None"), facts.Kubelet);
        Assert.True(facts.LibvirtGuestsStarts, "ON_BOOT is start unless something else is said");
    }

    [Fact]
    public void Controllers_of_the_first_version_are_directories_some_of_which_hold_two()
    {
        using var root = new TemporaryDirectory();
        foreach (var name in new[] { "cpu,cpuacct", "cpuset", "memory" })
            Directory.CreateDirectory(root.File($"sys/fs/cgroup/{name}"));
        Assert.Equal("True", PreflightChecks.CgroupControllers(new PreflightReader(root.Path).Read()).Holds.ToString());
    }

    [Theory]
    [InlineData("etc/default/libvirt-guests", "ON_BOOT=ignore\n", false)]
    [InlineData("etc/sysconfig/libvirt-guests", "#ON_BOOT=start\n  ON_BOOT=\"ignore\"\n", false)]
    [InlineData("etc/default/libvirt-guests", "#ON_BOOT=ignore\nON_SHUTDOWN=suspend\n", true)]
    [InlineData("etc/default/libvirt-guests", "ON_BOOT=start\n", true)]
    public void Settings_of_libvirt_guests_count_only_while_it_is_enabled(string file, string settings, bool starts)
    {
        using var root = new TemporaryDirectory();
        Write(root, file, settings);
        Assert.False(new PreflightReader(root.Path).Read().LibvirtGuestsStarts);
        // A link into the host's /usr, which is not there: what counts is that it is there.
        Directory.CreateDirectory(root.File("etc/systemd/system/multi-user.target.wants"));
        File.CreateSymbolicLink(root.File("etc/systemd/system/multi-user.target.wants/libvirt-guests.service"), "/nowhere/libvirt-guests.service");
        Assert.Equal(starts, new PreflightReader(root.Path).Read().LibvirtGuestsStarts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"policyName\":")]
    [InlineData("[]")]
    [InlineData("{\"policyName\":7}")]
    public void A_kubelets_state_that_is_not_whole_is_not_guessed(string state)
    {
        using var root = new TemporaryDirectory();
        Write(root, "var/lib/kubelet/cpu_manager_state", state);
        Assert.Equal(new KubeletFacts(null, null), new PreflightReader(root.Path).Read().Kubelet);
    }

    private static void Is(string expected, string cure, Finding found)
    {
        Assert.Equal(expected, $"{found.Holds?.ToString() ?? "Unknown"} {found.Reason}");
        Assert.Contains(cure, found.Message, StringComparison.Ordinal);
    }

    private static string[] Names(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static void Write(TemporaryDirectory root, string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(root.File(path))!);
        File.WriteAllText(root.File(path), text);
    }
}
