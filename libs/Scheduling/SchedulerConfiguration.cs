using System.Collections.Immutable;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;
using Kilonova.Scheduling.RequestFilters;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Scheduling;

/// <summary>What happens when a filter or weigher throws.</summary>
public enum StepFailure
{
    /// <summary>The host for which it throws is rejected, visibly.</summary>
    RejectHost,

    /// <summary>The whole request fails, as in Nova.</summary>
    FailRequest,
}

/// <summary>
/// Options of the scheduler. <see cref="SchedulerOptions"/> has for each its name in a file, Nova's name, its rule and what it does; <see cref="Parse"/> reads a file.
/// </summary>
public sealed record SchedulerConfiguration
{
    /// <summary>Request filters, in order.</summary>
    public ImmutableArray<string> EnabledRequestFilters { get; init; } =
    [
        ImageMinimums.FilterName, DefaultZone.FilterName, TenantAggregates.FilterName, ImageTypeSupport.FilterName, ComputeStatus.FilterName,
        IsolatedAggregates.FilterName, ImageTraits.FilterName, Accelerators.FilterName, EphemeralEncryption.FilterName,
    ];

    /// <summary>Filters, in order: cheap ones first.</summary>
    public ImmutableArray<string> EnabledFilters { get; init; } =
    [
        ComputeFilter.FilterName, AvailabilityZoneFilter.FilterName, AggregateMultiTenancyIsolation.FilterName, DifferentHostFilter.FilterName, SameHostFilter.FilterName,
        ServerGroupAntiAffinityFilter.FilterName, ServerGroupAffinityFilter.FilterName, AggregateInstanceExtraSpecsFilter.FilterName, ImagePropertiesFilter.FilterName,
        ComputeCapabilitiesFilter.FilterName, RecordedCpuFilter.FilterName, SimpleCidrAffinityFilter.FilterName, JsonFilter.FilterName,
        PciPassthroughFilter.FilterName, NumaTopologyFilter.FilterName,
    ];

    /// <summary>Weighers, in the order in which their values are added up.</summary>
    public ImmutableArray<string> EnabledWeighers { get; init; } =
    [
        BuildFailureWeigher.WeigherName, CpuWeigher.WeigherName, CrossCellWeigher.WeigherName, DiskWeigher.WeigherName, IoOpsWeigher.WeigherName, MetricsWeigher.WeigherName,
        PciWeigher.WeigherName, RamWeigher.WeigherName, SoftAffinityWeigher.WeigherName, SoftAntiAffinityWeigher.WeigherName,
    ];

    /// <summary>Multiplier of free memory.</summary>
    public double RamWeightMultiplier { get; init; } = 1.0;

    /// <summary>Multiplier of free virtual CPUs.</summary>
    public double CpuWeightMultiplier { get; init; } = 1.0;

    /// <summary>Multiplier of free disk.</summary>
    public double DiskWeightMultiplier { get; init; } = 1.0;

    /// <summary>Multiplier of guests that burden disks.</summary>
    public double IoOpsWeightMultiplier { get; init; } = -1.0;

    /// <summary>Multiplier of members on the host, for groups of policy SoftAffinity.</summary>
    public double SoftAffinityWeightMultiplier { get; init; } = 1.0;

    /// <summary>Multiplier of members on the host, for groups of policy SoftAntiAffinity.</summary>
    public double SoftAntiAffinityWeightMultiplier { get; init; } = 1.0;

    /// <summary>What a failed build weighs against a host.</summary>
    public double BuildFailureWeightMultiplier { get; init; } = 1_000_000.0;

    /// <summary>What it weighs that a server stays in its cell.</summary>
    public double CrossCellMoveWeightMultiplier { get; init; } = 1_000_000.0;

    /// <summary>What it weighs that a host's PCI devices are kept free.</summary>
    public double PciWeightMultiplier { get; init; } = 1.0;

    /// <summary>Multiplier of metrics.</summary>
    public double MetricsWeightMultiplier { get; init; } = 1.0;

    /// <summary>Metrics that are weighed, each <c>name=ratio</c>.</summary>
    public ImmutableArray<string> MetricsWeightSetting { get; init; } = [];

    /// <summary>Whether a host must have every metric that is weighed.</summary>
    public bool MetricsRequired { get; init; } = true;

    /// <summary>Weight of a host that lacks a metric, where it may.</summary>
    public double MetricsWeightOfUnavailable { get; init; } = -10000.0;

    /// <summary>Most guests of a host that burden disks.</summary>
    public int MaxIoOpsPerHost { get; init; } = 8;

    /// <summary>Most guests of a host.</summary>
    public int MaxInstancesPerHost { get; init; } = 50;

    /// <summary>Architecture of images that state none.</summary>
    public string? ImagePropertiesDefaultArchitecture { get; init; }

    /// <summary>Images for isolated hosts, as <c>namespace/name</c>.</summary>
    public ImmutableArray<string> IsolatedImages { get; init; } = [];

    /// <summary>Hosts for isolated images.</summary>
    public ImmutableArray<string> IsolatedHosts { get; init; } = [];

    /// <summary>Whether isolated hosts take isolated images only.</summary>
    public bool RestrictIsolatedHostsToIsolatedImages { get; init; } = true;

    /// <summary>Only metadata keys with this prefix isolate images; all when absent.</summary>
    public string? AggregateImagePropertiesIsolationNamespace { get; init; }

    /// <summary>What stands between prefix and key.</summary>
    public string AggregateImagePropertiesIsolationSeparator { get; init; } = ".";

    /// <summary>Whether extra specs without a prefix are compared with aggregates too.</summary>
    public bool AggregateExtraSpecsWithoutPrefix { get; init; }

    /// <summary>Whether a project's servers go only to the aggregates that name it, where there are any.</summary>
    public bool LimitTenantsToAggregate { get; init; }

    /// <summary>Whether a project that no aggregate names gets no host.</summary>
    public bool AggregateRequiredForTenants { get; init; }

    /// <summary>Whether hosts must be known to support the image's format.</summary>
    public bool RequireImageTypeSupport { get; init; }

    /// <summary>Whether aggregates can keep out servers that do not ask for their traits.</summary>
    public bool EnableIsolatedAggregateFiltering { get; init; }

    /// <summary>Whether image properties ask for traits.</summary>
    public bool ImageMetadataPrefilter { get; init; }

    /// <summary>The host is drawn from this many of the best.</summary>
    public int HostSubsetSize { get; init; } = 1;

    /// <summary>Whether the order among hosts that share the best weight is drawn.</summary>
    public bool ShuffleBestSameWeighedHosts { get; init; }

    /// <summary>Hosts tried for a build before it fails, alternates included.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Zone of hosts that no aggregate puts into one.</summary>
    public string DefaultAvailabilityZone { get; init; } = "nova";

    /// <summary>Zone of servers that ask for none; any when absent.</summary>
    public string? DefaultScheduleZone { get; init; }

    /// <summary>What happens when a filter or weigher throws.</summary>
    public StepFailure OnStepFailure { get; init; }

    /// <summary>Reads a file of options in JSON; what is not named keeps its default.</summary>
    /// <param name="json">The file.</param>
    /// <returns>The options.</returns>
    /// <exception cref="FormatException">It is no JSON object, names an option that does not exist or twice, or a value breaks a rule; the message names field and rule.</exception>
    public static SchedulerConfiguration Parse(ReadOnlyMemory<byte> json) => SchedulerOptions.Parse(json);

    /// <summary>Checks every rule.</summary>
    /// <returns>A line for each that is broken, beginning with the option's name; empty when all is well.</returns>
    public IReadOnlyList<string> Validate() => SchedulerOptions.Validate(this);
}
