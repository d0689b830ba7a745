using System.Collections.Immutable;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.RequestFilters;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Scheduling;

/// <summary>Options of the scheduler. In the comments: Nova's name of the option.</summary>
public sealed record SchedulerConfiguration
{
    /// <summary>Request filters, in order. Default: ImageMinimums.</summary>
    public ImmutableArray<string> EnabledRequestFilters { get; init; } = [ImageMinimums.FilterName];

    /// <summary>Filters, in order (<c>filter_scheduler.enabled_filters</c>). Default: ComputeFilter, AvailabilityZoneFilter.</summary>
    public ImmutableArray<string> EnabledFilters { get; init; } = [ComputeFilter.FilterName, AvailabilityZoneFilter.FilterName];

    /// <summary>Weighers, in the order in which their values are added up (<c>filter_scheduler.weight_classes</c>). Default: CPUWeigher, DiskWeigher, RAMWeigher.</summary>
    public ImmutableArray<string> EnabledWeighers { get; init; } = [CpuWeigher.WeigherName, DiskWeigher.WeigherName, RamWeigher.WeigherName];

    /// <summary>Multiplier of free memory (<c>ram_weight_multiplier</c>). Default: 1.0. Negative stacks.</summary>
    public double RamWeightMultiplier { get; init; } = 1.0;

    /// <summary>Multiplier of free virtual CPUs (<c>cpu_weight_multiplier</c>). Default: 1.0. Negative stacks.</summary>
    public double CpuWeightMultiplier { get; init; } = 1.0;

    /// <summary>Multiplier of free disk (<c>disk_weight_multiplier</c>). Default: 1.0. Negative stacks.</summary>
    public double DiskWeightMultiplier { get; init; } = 1.0;

    /// <summary>The host is drawn from this many of the best (<c>host_subset_size</c>). Default: 1, the best; at least 1.</summary>
    public int HostSubsetSize { get; init; } = 1;

    /// <summary>Whether the order among hosts that share the best weight is drawn (<c>shuffle_best_same_weighed_hosts</c>). Default: false, the order of the snapshot.</summary>
    public bool ShuffleBestSameWeighedHosts { get; init; }

    /// <summary>Hosts tried for a build before it fails, alternates included (<c>scheduler.max_attempts</c>). Default: 3; at least 1.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Zone of hosts that no aggregate puts into one (<c>default_availability_zone</c>). Default: <c>nova</c>.</summary>
    public string DefaultAvailabilityZone { get; init; } = "nova";
}
