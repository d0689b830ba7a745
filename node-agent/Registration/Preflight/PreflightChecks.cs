using Kilonova.Crds;

namespace Kilonova.NodeAgent.Registration.Preflight;

/// <summary>The checks of the host: what was read → conditions, each with the cure in its message. Pure.</summary>
internal static class PreflightChecks
{
    /// <summary>Less free disk than this share of the whole is pressure.</summary>
    public const double PressureShare = 0.05;

    // What libvirt weighs CPUs, confines guests to CPUs and counts their memory with.
    private static readonly string[] Controllers = ["cpu", "cpuset", "memory"];

    /// <summary>All of them, in the order in which a Hypervisor shows them.</summary>
    public static IReadOnlyList<Finding> All(PreflightFacts facts, AutostartFacts autostart, HypervisorSpec spec) =>
        [HugePages(facts, spec), CgroupControllers(facts), Autostart(facts, autostart), Kubelet(facts, spec), Time(facts)];

    /// <summary>Whether there is room for guests' disks.</summary>
    public static Finding DiskPressure(DiskSpace disk)
    {
        const string type = "InstancesDiskPressure";
        return disk.FreeGiB < PressureShare * disk.TotalGiB
            ? new(type, true, "LittleFree", $"Less than {PressureShare:P0} of {disk.TotalGiB} GiB are free for guests' disks, and a guest whose disk cannot grow is halted. Delete servers of this host, remove what else fills the file system, or enlarge it; disable the host meanwhile.")
            : new(type, false, "EnoughFree", "There is room for guests' disks.");
    }

    /// <summary>Whether the huge pages that the admin wants are there.</summary>
    public static Finding HugePages(PreflightFacts facts, HypervisorSpec spec)
    {
        const string type = "HugePagesReady";
        if (spec.HugePages is not { Count: > 0 } wanted)
            return new(type, true, "NoneWanted", "No huge pages are set aside for guests (spec.hugePages).");
        var missing = wanted.Where(want => facts.HugePages.Where(has => (has.Node, has.SizeKiB) == (want.Node, want.SizeKiB)).Sum(has => has.Count) < want.Count).ToList();
        if (missing.Count > 0)
        {
            return new(type, false, "PagesMissing", string.Join(' ', missing.Select(want =>
                $"Cell {want.Node} has fewer than {want.Count} pages of {want.SizeKiB} KiB: write {want.Count} to /sys/devices/system/node/node{want.Node}/hugepages/hugepages-{want.SizeKiB}kB/nr_hugepages, or on the kernel's command line (hugepagesz=, hugepages=), which also works when memory is fragmented.")));
        }

        return facts.HugePagesMounted
            ? new(type, true, "PagesReserved", "The huge pages of spec.hugePages are there.")
            : new(type, false, "NotMounted", "No hugetlbfs is mounted, so QEMU cannot have huge pages: mount -t hugetlbfs hugetlbfs /dev/hugepages, then restart libvirtd.");
    }

    /// <summary>Whether guests can be confined and weighed.</summary>
    public static Finding CgroupControllers(PreflightFacts facts)
    {
        const string type = "CgroupControllers";
        if (facts.CgroupControllers is not { } there)
            return new(type, null, "NotMounted", "There is no /sys/fs/cgroup here to read. If the agent runs in a container, mount the host's.");
        var missing = Controllers.Where(name => !there.Contains(name)).ToList();
        return missing.Count == 0
            ? new(type, true, "Available", "The controllers cpu, cpuset and memory are there.")
            : new(type, false, "Missing", $"Without {string.Join(", ", missing)} guests are not weighed against each other, not confined to CPUs, or not counted. Take cgroup_disable= off the kernel's command line (for memory: add cgroup_enable=memory), then reboot; in a container, let it see the host's control groups.");
    }

    /// <summary>Whether only the agent starts guests.</summary>
    public static Finding Autostart(PreflightFacts facts, AutostartFacts autostart)
    {
        const string type = "GuestAutostartOff";
        const string why = "a guest that libvirt starts by itself may run on another host by then";
        var cleared = autostart.Cleared.Count > 0 ? $"Autostart was on for {Names(autostart.Cleared)} and was cleared: {why}. Find out who sets it." : null;
        if (autostart.Left.Count > 0)
            return new(type, false, "AutostartOn", $"Autostart is on for {Names(autostart.Left)} and could not be cleared: {autostart.Trouble} Clear it with virsh autostart --disable: {why}.");
        if (facts.LibvirtGuestsStarts)
            return new(type, false, "LibvirtGuestsStarts", $"libvirt-guests.service starts guests when the host boots: {why}. Set ON_BOOT=ignore in /etc/default/libvirt-guests (/etc/sysconfig/libvirt-guests), or disable the service; the agent starts what is to run. {cleared}".TrimEnd());
        return cleared is not null ? new(type, true, "AutostartCleared", cleared) : new(type, true, "Off", "Only the agent starts guests.");
    }

    /// <summary>Whether kubelet and guests keep off each other's CPUs and memory.</summary>
    public static Finding Kubelet(PreflightFacts facts, HypervisorSpec spec)
    {
        const string type = "KubeletCoexistence";
        if (facts.Kubelet is not { } kubelet)
            return new(type, true, "NoKubelet", "No kubelet keeps its state in /var/lib/kubelet.");
        if (kubelet.CpuPolicy is null)
            return new(type, null, "StateNotReadable", "The policy in /var/lib/kubelet/cpu_manager_state cannot be read. See that the file is whole and that the agent may read it.");
        if (kubelet.CpuPolicy != "none")
            return new(type, false, "CpuManagerStatic", $"The kubelet's CPU manager (policy {kubelet.CpuPolicy}) gives CPUs to containers alone, and guests run on all CPUs of the host, these too. Set cpuManagerPolicy: none in the kubelet's configuration, remove /var/lib/kubelet/cpu_manager_state and restart it.");
        if (kubelet.MemoryPolicy is not (null or "None" or "none"))
            return new(type, false, "MemoryManagerStatic", $"The kubelet's memory manager (policy {kubelet.MemoryPolicy}) promises memory of NUMA cells to containers that guests use too. Set memoryManagerPolicy: None in the kubelet's configuration, remove /var/lib/kubelet/memory_manager_state and restart it.");
        return spec.ReservedHostMemoryMiB is null
            ? new(type, false, "NothingReserved", "A kubelet runs pods here, and no more than the default is kept for the host: guests and pods together may be promised more memory than there is. Set spec.reservedHostMemoryMiB (and reservedHostCpus) of this Hypervisor to what pods and system need.")
            : new(type, true, "SharesHost", "The kubelet gives out nothing exclusively, and memory is kept for the host.");
    }

    /// <summary>Whether the clock is kept right.</summary>
    public static Finding Time(PreflightFacts facts)
    {
        const string type = "TimeSynced";
        return facts.Clock switch
        {
            null => new(type, null, "NotReadable", "The kernel does not say whether its clock is kept right (adjtimex)."),
            { Synchronized: true } => new(type, true, "Synchronized", "The host's clock is kept right."),
            _ => new(type, false, "NotSynchronized", "Nothing keeps the host's clock right: certificates and the times in conditions go wrong with it, and guests take their clock from it. Run chrony or systemd-timesyncd (timedatectl set-ntp true)."),
        };
    }

    private static string Names(IReadOnlyList<string> ids) => ids.Count <= 5 ? string.Join(", ", ids) : $"{string.Join(", ", ids.Take(5))} and {ids.Count - 5} more";
}
