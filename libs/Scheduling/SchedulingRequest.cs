using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling;

/// <summary>A host that must not be tried.</summary>
/// <param name="Host">Name of the Hypervisor.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record ExcludedHost(string Host, string Reason);

/// <summary>What a server asks of a host, compiled once from the server, its flavor and its image, and the same for every decision until one of them changes.</summary>
public sealed record SchedulingRequest
{
    /// <summary>Instance ID. Hosts whose ledger holds any entry of it are no candidates.</summary>
    public required string InstanceID { get; init; }

    /// <summary>What is claimed, in canonical order of classes; amounts are positive.</summary>
    public required ImmutableArray<ResourceAmount> Resources { get; init; }

    /// <summary>Availability zone; any when absent.</summary>
    public string? AvailabilityZone { get; init; }

    /// <summary>Hosts that must not be tried.</summary>
    public ImmutableArray<ExcludedHost> ExcludedHosts { get; init; } = [];

    /// <summary>Traits that a host must have.</summary>
    public ImmutableArray<string> RequiredTraits { get; init; } = [];

    /// <summary>Traits that a host must not have.</summary>
    public ImmutableArray<string> ForbiddenTraits { get; init; } = [];

    /// <summary>Flavor that was asked for.</summary>
    public FlavorSpec? Flavor { get; init; }

    /// <summary>Image that the root disk is made from.</summary>
    public ImageSpec? Image { get; init; }

    /// <summary>Compiles the request of a server.</summary>
    /// <param name="server">The server, with its identity (<c>status.instanceID</c>, else its UID).</param>
    /// <param name="flavor">Its flavor.</param>
    /// <param name="image">Its image; null when it has none.</param>
    /// <param name="excluded">Hosts that must not be tried, besides <c>status.failedHosts</c>.</param>
    /// <returns>The request.</returns>
    public static SchedulingRequest For(Server server, FlavorSpec flavor, ImageSpec? image, IEnumerable<ExcludedHost>? excluded = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(flavor);
        var failed = (server.Status?.FailedHosts ?? []).Select(f => new ExcludedHost(f.Host, $"failed to build this server ({f.Reason}): {f.Message}"));
        return new SchedulingRequest
        {
            InstanceID = server.Status?.InstanceID ?? server.Metadata.Uid ?? throw new ArgumentException("A server has a UID.", nameof(server)),
            Resources = ResourcesOf(flavor, image),
            AvailabilityZone = server.Spec.AvailabilityZone,
            ExcludedHosts = [.. failed.Concat(excluded ?? []).DistinctBy(e => e.Host)],
            Flavor = flavor,
            Image = image,
        };
    }

    /// <summary>
    /// What a flavor claims: VCPU, MEMORY_MB, and DISK_GB = root + ephemeral + swap rounded up to GiB (spec: S7). A root disk of 0 takes the image's own size,
    /// and is counted with the least size that the image states.
    /// </summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>Amounts in canonical order; what is 0 is left out.</returns>
    public static ImmutableArray<ResourceAmount> ResourcesOf(FlavorSpec flavor, ImageSpec? image)
    {
        ArgumentNullException.ThrowIfNull(flavor);
        var root = flavor.RootGiB > 0 ? flavor.RootGiB : image?.MinDiskGiB ?? 0;
        var disk = Math.Max(root, 0) + Math.Max(flavor.EphemeralGiB ?? 0, 0) + ((Math.Max(flavor.SwapMiB ?? 0, 0) + 1023) / 1024);
        return Canonical([new(ResourceClass.Vcpu, flavor.Vcpus), new(ResourceClass.MemoryMb, flavor.MemoryMiB), new(ResourceClass.DiskGb, disk)]);
    }

    /// <summary>Brings amounts into canonical order and leaves out what is not positive.</summary>
    /// <param name="amounts">Amounts, each class once.</param>
    /// <returns>The same, in canonical order.</returns>
    public static ImmutableArray<ResourceAmount> Canonical(IEnumerable<ResourceAmount> amounts) =>
        [.. amounts.Where(a => a.Amount > 0).OrderBy(a => a.ResourceClass, Comparer<string>.Create(ResourceClass.Compare))];
}
