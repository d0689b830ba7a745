using Kilonova.Crds;

namespace Kilonova.Scheduling.Hosts;

/// <summary>A kind of guest that a host can run, in Nova's words.</summary>
/// <param name="Architecture">For instance <c>x86_64</c>.</param>
/// <param name="HypervisorType"><c>kvm</c> or <c>qemu</c>.</param>
/// <param name="VmMode"><c>hvm</c>.</param>
public sealed record SupportedGuest(string Architecture, string HypervisorType, string VmMode);

/// <summary>What kind of host it is: all that changes only with its hardware, its software or its admin.</summary>
public sealed record HostCapabilities
{
    private CpuDocument? cpu;

    /// <summary>A host of which nothing is known.</summary>
    public static readonly HostCapabilities Unknown = new();

    /// <summary>Identity of the host that its agent made.</summary>
    public string? HostID { get; init; }

    /// <summary>Host name as the hypervisor knows it; the Hypervisor's name when absent.</summary>
    public string? NodeName { get; init; }

    /// <summary>Address of the host.</summary>
    public string? HostIP { get; init; }

    /// <summary>Cell of the host.</summary>
    public string? Cell { get; init; }

    /// <summary>Hypervisor, as Nova's libvirt driver calls it.</summary>
    public string HypervisorType { get; init; } = "QEMU";

    /// <summary>Version of the hypervisor as one number: major × 1,000,000 + minor × 1,000 + release; 0 when not known.</summary>
    public long HypervisorVersion { get; init; }

    /// <summary>Description of the CPU, in JSON: <c>arch</c>, <c>model</c>, <c>vendor</c>, <c>topology</c>, <c>features</c>.</summary>
    public string? CpuInfo { get; init; }

    /// <summary>Model of the CPU.</summary>
    public string? CpuModel { get; init; }

    /// <summary>Features of the CPU, sorted; empty when not known.</summary>
    public IReadOnlyList<string> CpuFeatures { get; init; } = [];

    /// <summary>Machine types that guests can have; empty when not known.</summary>
    public IReadOnlyList<string> MachineTypes { get; init; } = [];

    /// <summary>Kinds of guests that the host can run.</summary>
    public IReadOnlyList<SupportedGuest> SupportedGuests { get; init; } = [];

    /// <summary>Further facts by name (Nova: <c>stats</c>).</summary>
    public IReadOnlyDictionary<string, string>? Stats { get; init; }

    /// <summary>Reads the capabilities of a host.</summary>
    /// <param name="hypervisor">Its Hypervisor.</param>
    /// <returns>The capabilities.</returns>
    public static HostCapabilities Of(Hypervisor hypervisor)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        if (hypervisor.Status is not { } status) return Unknown;
        string[] features = [.. (status.CpuFeatures ?? []).Order(StringComparer.Ordinal)];
        return new HostCapabilities
        {
            HostID = status.HostID,
            NodeName = status.Hostname,
            HostIP = status.HostIP,
            HypervisorVersion = VersionNumber(status.HypervisorVersion),
            CpuInfo = CpuDescription.Json(status.Architecture, status.CpuModel, features),
            CpuModel = status.CpuModel,
            CpuFeatures = features,
            MachineTypes = status.MachineTypes ?? [],
            SupportedGuests = Guests(status.Architecture, status.VirtType),
        };
    }

    /// <summary>The description of the CPU, parsed once; null when there is none. Hosts of a snapshot with the same description have the same object.</summary>
    internal CpuDocument? Cpu => cpu ?? (CpuInfo is null ? null : cpu = new CpuDocument(CpuInfo));

    /// <summary>The same, with the description that others have too.</summary>
    internal HostCapabilities SharingCpu(Dictionary<string, CpuDocument> known)
    {
        if (CpuInfo is null) return this;
        if (!known.TryGetValue(CpuInfo, out var shared)) known[CpuInfo] = shared = Cpu!;
        return ReferenceEquals(shared, cpu) ? this : this with { CpuInfo = shared.Text, cpu = shared };
    }

    /// <summary>Whether all of it is the same, whichever objects hold it.</summary>
    internal bool SaysTheSame(HostCapabilities other) =>
        ReferenceEquals(this, other)
        || (HostID == other.HostID && NodeName == other.NodeName && HostIP == other.HostIP && Cell == other.Cell && HypervisorType == other.HypervisorType
            && HypervisorVersion == other.HypervisorVersion && CpuInfo == other.CpuInfo && CpuModel == other.CpuModel
            && CpuFeatures.SequenceEqual(other.CpuFeatures) && MachineTypes.SequenceEqual(other.MachineTypes) && SupportedGuests.SequenceEqual(other.SupportedGuests)
            && (Stats ?? NoStats).OrderBy(s => s.Key, StringComparer.Ordinal).SequenceEqual((other.Stats ?? NoStats).OrderBy(s => s.Key, StringComparer.Ordinal)));

    private static readonly Dictionary<string, string> NoStats = [];

    private static SupportedGuest[] Guests(string? architecture, VirtType? virtType)
    {
        if (string.IsNullOrEmpty(architecture)) return [];
        var emulated = new SupportedGuest(architecture, "qemu", "hvm");
        return virtType == VirtType.Kvm ? [new SupportedGuest(architecture, "kvm", "hvm"), emulated] : [emulated];
    }

    private static long VersionNumber(string? text) =>
        Version.TryParse(text, out var version) ? (version.Major * 1_000_000L) + (version.Minor * 1_000L) + Math.Max(version.Build, 0) : 0;
}
