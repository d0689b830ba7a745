using System.Collections.Immutable;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;
using Kilonova.Scheduling.RequestFilters;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Scheduling;

/// <summary>Every filter and weigher that a configuration can name. A new one is one file and one line here.</summary>
public sealed record SchedulerRegistry
{
    /// <summary>What comes with the library.</summary>
    public static readonly SchedulerRegistry Default = new();

    /// <summary>Request filters by name.</summary>
    public ImmutableDictionary<string, Func<SchedulerConfiguration, RequestFilter>> RequestFilters { get; init; } =
        ImmutableDictionary<string, Func<SchedulerConfiguration, RequestFilter>>.Empty
            .Add(ImageMinimums.FilterName, _ => new ImageMinimums())
            .Add(DefaultZone.FilterName, c => new DefaultZone(c.DefaultScheduleZone))
            .Add(TenantAggregates.FilterName, c => new TenantAggregates(c.LimitTenantsToAggregate, c.AggregateRequiredForTenants))
            .Add(ImageTypeSupport.FilterName, c => new ImageTypeSupport(c.RequireImageTypeSupport))
            .Add(ComputeStatus.FilterName, _ => new ComputeStatus())
            .Add(IsolatedAggregates.FilterName, c => new IsolatedAggregates(c.EnableIsolatedAggregateFiltering))
            .Add(ImageTraits.FilterName, c => new ImageTraits(c.ImageMetadataPrefilter))
            .Add(Accelerators.FilterName, _ => new Accelerators())
            .Add(EphemeralEncryption.FilterName, _ => new EphemeralEncryption());

    /// <summary>Filters by name.</summary>
    public ImmutableDictionary<string, Func<SchedulerConfiguration, HostFilter>> Filters { get; init; } =
        ImmutableDictionary<string, Func<SchedulerConfiguration, HostFilter>>.Empty
            .Add(AggregateImagePropertiesIsolation.FilterName, c => new AggregateImagePropertiesIsolation(c.AggregateImagePropertiesIsolationNamespace, c.AggregateImagePropertiesIsolationSeparator))
            .Add(AggregateInstanceExtraSpecsFilter.FilterName, c => new AggregateInstanceExtraSpecsFilter(c.AggregateExtraSpecsWithoutPrefix))
            .Add(AggregateIoOpsFilter.FilterName, c => new AggregateIoOpsFilter(c.MaxIoOpsPerHost))
            .Add(AggregateMultiTenancyIsolation.FilterName, _ => new AggregateMultiTenancyIsolation())
            .Add(AggregateNumInstancesFilter.FilterName, c => new AggregateNumInstancesFilter(c.MaxInstancesPerHost))
            .Add(AggregateTypeAffinityFilter.FilterName, _ => new AggregateTypeAffinityFilter())
            .Add(AllHostsFilter.FilterName, _ => new AllHostsFilter())
            .Add(AvailabilityZoneFilter.FilterName, c => new AvailabilityZoneFilter(c.DefaultAvailabilityZone))
            .Add(ComputeCapabilitiesFilter.FilterName, _ => new ComputeCapabilitiesFilter())
            .Add(ComputeFilter.FilterName, _ => new ComputeFilter())
            .Add(DifferentHostFilter.FilterName, _ => new DifferentHostFilter())
            .Add(ImagePropertiesFilter.FilterName, c => new ImagePropertiesFilter(c.ImagePropertiesDefaultArchitecture))
            .Add(IoOpsFilter.FilterName, c => new IoOpsFilter(c.MaxIoOpsPerHost))
            .Add(IsolatedHostsFilter.FilterName, c => new IsolatedHostsFilter(c.IsolatedHosts, c.IsolatedImages, c.RestrictIsolatedHostsToIsolatedImages))
            .Add(JsonFilter.FilterName, _ => new JsonFilter())
            .Add(MetricsFilter.FilterName, c => new MetricsFilter(c.MetricsWeightSetting))
            .Add(NumInstancesFilter.FilterName, c => new NumInstancesFilter(c.MaxInstancesPerHost))
            .Add(NumaTopologyFilter.FilterName, _ => new NumaTopologyFilter())
            .Add(PciPassthroughFilter.FilterName, _ => new PciPassthroughFilter())
            .Add(RecordedCpuFilter.FilterName, _ => new RecordedCpuFilter())
            .Add(SameHostFilter.FilterName, _ => new SameHostFilter())
            .Add(ServerGroupAffinityFilter.FilterName, _ => new ServerGroupAffinityFilter())
            .Add(ServerGroupAntiAffinityFilter.FilterName, _ => new ServerGroupAntiAffinityFilter())
            .Add(SimpleCidrAffinityFilter.FilterName, _ => new SimpleCidrAffinityFilter());

    /// <summary>Weighers by name.</summary>
    public ImmutableDictionary<string, Func<SchedulerConfiguration, HostWeigher>> Weighers { get; init; } =
        ImmutableDictionary<string, Func<SchedulerConfiguration, HostWeigher>>.Empty
            .Add(BuildFailureWeigher.WeigherName, c => new BuildFailureWeigher(c.BuildFailureWeightMultiplier))
            .Add(CpuWeigher.WeigherName, c => new CpuWeigher(c.CpuWeightMultiplier))
            .Add(CrossCellWeigher.WeigherName, c => new CrossCellWeigher(c.CrossCellMoveWeightMultiplier))
            .Add(DiskWeigher.WeigherName, c => new DiskWeigher(c.DiskWeightMultiplier))
            .Add(IoOpsWeigher.WeigherName, c => new IoOpsWeigher(c.IoOpsWeightMultiplier))
            .Add(MetricsWeigher.WeigherName, c => new MetricsWeigher(c.MetricsWeightMultiplier, c.MetricsWeightSetting, c.MetricsRequired, c.MetricsWeightOfUnavailable))
            .Add(PciWeigher.WeigherName, c => new PciWeigher(c.PciWeightMultiplier))
            .Add(RamWeigher.WeigherName, c => new RamWeigher(c.RamWeightMultiplier))
            .Add(SoftAffinityWeigher.WeigherName, c => new SoftAffinityWeigher(c.SoftAffinityWeightMultiplier))
            .Add(SoftAntiAffinityWeigher.WeigherName, c => new SoftAntiAffinityWeigher(c.SoftAntiAffinityWeightMultiplier));

    internal static ImmutableArray<T> Create<T>(
        ImmutableDictionary<string, Func<SchedulerConfiguration, T>> known, ImmutableArray<string> enabled, SchedulerConfiguration configuration, string option)
    {
        var duplicate = enabled.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1)?.Key;
        if (duplicate is not null) throw new ArgumentException($"{option}: {duplicate} is named twice.", nameof(configuration));
        return [.. enabled.Select(name => known.TryGetValue(name, out var create)
            ? create(configuration)
            : throw new ArgumentException($"{option}: there is no {name}; known are {string.Join(", ", known.Keys.Order(StringComparer.Ordinal))}.", nameof(configuration)))];
    }
}
