using System.Collections.Immutable;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Isolated images go only to isolated hosts. If restricted, isolated hosts also take nothing else: a server without an image is never on one. Not restricted, a server
/// without an image goes anywhere. With no isolated images, isolated hosts are avoided if restricted, and taken like others if not (spec: SCH-22).
/// </summary>
public sealed class IsolatedHostsFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "IsolatedHostsFilter";

    private readonly ImmutableHashSet<string> isolatedHosts;
    private readonly ImmutableHashSet<string> isolatedImages;
    private readonly bool restricted;

    /// <summary>Creates the filter.</summary>
    /// <param name="isolatedHosts">Names of hosts.</param>
    /// <param name="isolatedImages">Images, each <c>namespace/name</c>.</param>
    /// <param name="restricted">Whether isolated hosts take isolated images only.</param>
    public IsolatedHostsFilter(IEnumerable<string> isolatedHosts, IEnumerable<string> isolatedImages, bool restricted)
    {
        this.isolatedHosts = isolatedHosts.ToImmutableHashSet(StringComparer.Ordinal);
        this.isolatedImages = isolatedImages.ToImmutableHashSet(StringComparer.Ordinal);
        this.restricted = restricted;
    }

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "isolated, or not isolated as the image must be";

    /// <inheritdoc/>
    public override bool RunsOnRebuild => true;

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.None;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        var host = isolatedHosts.Contains(hosts.Name(row));
        if (isolatedImages.IsEmpty) return !restricted || !host;
        var image = ImageIsIsolated(request);
        return restricted ? image == host : !image || host;
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        ImageIsIsolated(request) ? $"the image {request.ImageName} goes only to isolated hosts" : "the host is kept for isolated images";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => ImageIsIsolated(request) ? "if it were isolated" : "if it were not isolated";

    private bool ImageIsIsolated(SchedulingRequest request) => request.ImageName is { } image && isolatedImages.Contains(image);
}
