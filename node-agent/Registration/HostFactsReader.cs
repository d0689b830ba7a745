using Kilonova.Crds;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Host;
using Kilonova.NodeAgent.Domains;
using Kilonova.NodeAgent.State;

namespace Kilonova.NodeAgent.Registration;

/// <summary>Reads a host's facts from libvirt and the kernel, and decides what guests get here.</summary>
internal sealed class HostFactsReader(LibvirtHost libvirt, StateDirectory state, KvmProbe probe, AgentOptions options)
{
    /// <summary>CPU model of emulated guests: the oldest that every QEMU has, so that a guest finds the same CPU after an update.</summary>
    private const string EmulatedCpu = "qemu64";

    private const string DefaultMachine = "pc"; // Nova's default on x86-64

    /// <summary>Reads everything.</summary>
    /// <param name="wanted">Accelerator that the Hypervisor asks for.</param>
    /// <param name="bootID">Boot ID.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="Libvirt.LibvirtException">libvirt does not answer.</exception>
    public async Task<(HostFacts Facts, HostProfile Profile)> ReadAsync(VirtType wanted, string bootID, CancellationToken cancel)
    {
        var node = await libvirt.Host.GetNodeInfoAsync(cancel);
        var version = await libvirt.Host.GetVersionAsync(cancel);
        var hostname = await libvirt.Host.GetHostnameAsync(cancel);
        var capabilities = await libvirt.Host.GetCapabilitiesAsync(cancel);
        var facts = new HostFacts
        {
            Hostname = hostname,
            Architecture = capabilities.Cpu.Architecture,
            VirtType = VirtType.Qemu,
            HypervisorVersion = version.Hypervisor.ToString(3),
            LibvirtVersion = version.Daemon.ToString(3),
            CpuModel = capabilities.Cpu.Model,
            Cpus = node.Cpus,
            MemoryMiB = node.MemoryKiB / 1024,
            Traits = [],
        };
        if (version.Driver == "TEST")
        {
            var architecture = capabilities.Guests is [var guest, ..] ? guest.Architecture : capabilities.Cpu.Architecture;
            return (facts with { Traits = Traits([], emulated: true, threads: false, architecture) }, new HostProfile { DomainType = "test", Architecture = architecture });
        }

        wanted = options.VirtType ?? wanted;
        var kvm = wanted == VirtType.Qemu ? null : await probe.VerdictAsync(bootID, cancel);
        var virtType = wanted == VirtType.Auto ? (kvm!.Usable ? VirtType.Kvm : VirtType.Qemu) : wanted;
        var profile = await ProfileAsync(virtType, facts.Architecture, cancel);
        var flags = CpuTraits.Flags(await File.ReadAllTextAsync("/proc/cpuinfo", cancel));
        return (facts with { VirtType = virtType, Kvm = kvm, Traits = Traits(flags, virtType != VirtType.Kvm, node.ThreadsPerCore > 1, facts.Architecture) }, profile);
    }

    private async Task<HostProfile> ProfileAsync(VirtType virtType, string architecture, CancellationToken cancel)
    {
        var type = virtType == VirtType.Kvm ? "kvm" : "qemu";
        var can = await libvirt.Host.GetDomainCapabilitiesAsync(type, DefaultMachine, architecture, null, cancel);
        return new HostProfile
        {
            DomainType = type,
            Architecture = architecture,
            Machine = can.Machine,
            Emulator = can.Emulator,
            CpuMode = type == "kvm" && can.Cpu.HostModel is not null ? "host-model" : "custom",
            CpuModel = type == "kvm" && can.Cpu.HostModel is { } host ? host.Model : EmulatedCpu,
            DiskCache = DirectIO.Works(state.Instances) ? "none" : "writeback",
        };
    }

    private static string[] Traits(IEnumerable<string> flags, bool emulated, bool threads, string architecture) =>
    [
        .. CpuTraits.Of(flags, emulated)
            .Concat(threads ? ["HW_CPU_HYPERTHREADING"] : [])
            .Append($"HW_ARCH_{architecture.ToUpperInvariant()}")
            .Append("COMPUTE_IMAGE_TYPE_QCOW2")
            .Append("COMPUTE_IMAGE_TYPE_RAW")
            .Append("COMPUTE_NET_VIF_MODEL_VIRTIO")
            .Append("COMPUTE_STORAGE_BUS_VIRTIO")
            .Append("COMPUTE_STORAGE_BUS_IDE")
            .Order(StringComparer.Ordinal),
    ];
}
