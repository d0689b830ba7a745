using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Passes hosts that can run the kind of guest which the image's properties <c>hw_architecture</c>, <c>img_hv_type</c> and <c>hw_vm_mode</c> ask for, on a hypervisor of the
/// version that <c>img_hv_requested_version</c> asks for; an image that states none of the three passes everywhere (spec: SCH-21).
/// </summary>
public sealed class ImagePropertiesFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ImagePropertiesFilter";

    private readonly string? defaultArchitecture;

    /// <summary>Creates the filter.</summary>
    /// <param name="defaultArchitecture">Architecture of images that state none; any when null.</param>
    public ImagePropertiesFilter(string? defaultArchitecture) => this.defaultArchitecture = defaultArchitecture;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "unable to run the image's kind of guest";

    /// <inheritdoc/>
    public override bool RunsOnRebuild => true;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.CapabilitiesChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) =>
        defaultArchitecture is not null
        || (request.Image?.Properties is { Count: > 0 } && Wanted(request.Image) is not (null, null, null));

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var wanted = Wanted(request.Image);
        return wanted is (null, null, null) || Runs(hosts.Capabilities[row], wanted, Version(request.Image));
    }

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        var wanted = Wanted(request.Image);
        if (wanted is (null, null, null)) return;
        var version = Version(request.Image);
        var capabilities = hosts.Capabilities;
        foreach (var row in survivors)
            if (!Runs(capabilities[row], wanted, version)) survivors.Remove(row);
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var (architecture, type, mode) = Wanted(request.Image);
        var capabilities = hosts.Capabilities[row];
        var version = ImageProperty.Raw(request.Image, "img_hv_requested_version") is { } asked ? $" {asked}" : "";
        var supported = capabilities.SupportedGuests.Count == 0 ? "nothing" : string.Join(", ", capabilities.SupportedGuests.Select(g => $"{g.Architecture} {g.HypervisorType} {g.VmMode}"));
        return $"{string.Join(' ', new[] { architecture, type, mode }.Where(p => p is not null))}{version} wanted, the host runs {supported} with version {VersionRange.Format(capabilities.HypervisorVersion)}";
    }

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if it could run the image's kind of guest";

    private (string? Architecture, string? HypervisorType, string? VmMode) Wanted(ImageSpec? image) => (
        Of(image, "hw_architecture", defaultArchitecture) is { } architecture ? GuestKind.Architecture(architecture) : null,
        Of(image, "img_hv_type", null) is { } type ? GuestKind.HypervisorType(type) : null,
        Of(image, "hw_vm_mode", null) is { } mode ? GuestKind.VmMode(mode) : null);

    private static string? Of(ImageSpec? image, string name, string? otherwise) => ImageProperty.Raw(image, name) is { } value ? value : otherwise;

    /// <summary>As in Nova, a name may be any of the three: <c>xen</c> is a hypervisor and a mode.</summary>
    private static bool Includes(SupportedGuest guest, string? wanted) =>
        wanted is null || guest.Architecture == wanted || guest.HypervisorType == wanted || guest.VmMode == wanted;

    private static bool Runs(HostCapabilities host, (string? Architecture, string? HypervisorType, string? VmMode) wanted, string? version)
    {
        for (var i = 0; i < host.SupportedGuests.Count; i++)
        {
            var guest = host.SupportedGuests[i];
            if (Includes(guest, wanted.Architecture) && Includes(guest, wanted.HypervisorType) && Includes(guest, wanted.VmMode))
                return version is null || host.HypervisorVersion == 0 || VersionRange.Includes(version, host.HypervisorVersion);
        }

        return false;
    }

    private static string? Version(ImageSpec? image) => ImageProperty.Raw(image, "img_hv_requested_version") is { Length: > 0 } asked ? asked : null;
}
