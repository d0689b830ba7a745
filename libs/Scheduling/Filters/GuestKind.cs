using System.Collections.Frozen;

namespace Kilonova.Scheduling.Filters;

/// <summary>Canonical names of architectures, hypervisors and modes of guests.</summary>
internal static class GuestKind
{
    private static readonly FrozenSet<string> Architectures = FrozenSet.Create(StringComparer.Ordinal,
        "aarch64", "alpha", "armv6", "armv7l", "armv7b", "cris", "i686", "ia64", "lm32", "loongarch64", "m68k", "microblaze", "microblazeel", "mips", "mipsel", "mips64", "mips64el",
        "openrisc", "parisc", "parisc64", "ppc", "ppc64", "ppcle", "ppc64le", "ppcemb", "s390", "s390x", "sh4", "sh4eb", "sparc", "sparc64", "unicore32", "x86_64", "xtensa", "xtensaeb");

    private static readonly FrozenSet<string> Hypervisors = FrozenSet.Create(StringComparer.Ordinal,
        "baremetal", "bhyve", "docker", "fake", "hyperv", "ironic", "kqemu", "kvm", "lxc", "lxd", "openvz", "parallels", "vz", "powervm", "qemu", "test", "uml", "vbox", "vmware", "xen", "zvm", "phyp");

    private static readonly FrozenSet<string> Modes = FrozenSet.Create(StringComparer.Ordinal, "hvm", "xen", "uml", "exe");

    /// <summary>Canonical name of an architecture.</summary>
    /// <exception cref="FormatException">There is no such.</exception>
    public static string Architecture(string name) => Known(Architectures, "architecture", name.ToLowerInvariant() switch
    {
        "i386" or "i486" or "i586" or "x86_32" => "i686",
        "amd64" or "x64" or "x86-64" => "x86_64",
        var other => other,
    });

    /// <summary>Canonical name of a hypervisor.</summary>
    /// <exception cref="FormatException">There is no such.</exception>
    public static string HypervisorType(string name) => Known(Hypervisors, "hypervisor type", name.ToLowerInvariant() switch
    {
        "xapi" => "xen",
        var other => other,
    });

    /// <summary>Canonical name of a mode.</summary>
    /// <exception cref="FormatException">There is no such.</exception>
    public static string VmMode(string name) => Known(Modes, "virtual machine mode", name.ToLowerInvariant() switch
    {
        "pv" => "xen",
        "hv" or "baremetal" => "hvm",
        var other => other,
    });

    private static string Known(FrozenSet<string> known, string what, string name) => known.Contains(name) ? name : throw new FormatException($"{what} name '{name}' is not valid");
}
