using System.Collections.Immutable;
using Kilonova.Scheduling.Filters;
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
            .Add(ImageMinimums.FilterName, _ => new ImageMinimums());

    /// <summary>Filters by name.</summary>
    public ImmutableDictionary<string, Func<SchedulerConfiguration, HostFilter>> Filters { get; init; } =
        ImmutableDictionary<string, Func<SchedulerConfiguration, HostFilter>>.Empty
            .Add(ComputeFilter.FilterName, _ => new ComputeFilter())
            .Add(AvailabilityZoneFilter.FilterName, c => new AvailabilityZoneFilter(c.DefaultAvailabilityZone));

    /// <summary>Weighers by name.</summary>
    public ImmutableDictionary<string, Func<SchedulerConfiguration, HostWeigher>> Weighers { get; init; } =
        ImmutableDictionary<string, Func<SchedulerConfiguration, HostWeigher>>.Empty
            .Add(RamWeigher.WeigherName, c => new RamWeigher(c.RamWeightMultiplier))
            .Add(CpuWeigher.WeigherName, c => new CpuWeigher(c.CpuWeightMultiplier))
            .Add(DiskWeigher.WeigherName, c => new DiskWeigher(c.DiskWeightMultiplier));

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
