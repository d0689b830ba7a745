using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Conformance;

/// <summary>The configuration of a scenario: Nova's ways everywhere, and what the scenario sets.</summary>
internal static class ScheduleConfiguration
{
    /// <summary>Filters of Nova's default, in order.</summary>
    private static readonly ImmutableArray<string> DefaultFilters =
        ["ComputeFilter", "ComputeCapabilitiesFilter", "ImagePropertiesFilter", "ServerGroupAntiAffinityFilter", "ServerGroupAffinityFilter"];

    /// <summary>Filters that are asked again for each instance of a request; the others once for all.</summary>
    private static readonly ImmutableArray<string> AskedEachTime =
    [
        "JsonFilter", "MetricsFilter", "IoOpsFilter", "AggregateIoOpsFilter", "NumInstancesFilter", "AggregateNumInstancesFilter", "NUMATopologyFilter", "PciPassthroughFilter",
        "ServerGroupAntiAffinityFilter", "ServerGroupAffinityFilter",
    ];

    /// <summary>Filters that a scenario enables, in order.</summary>
    public static ImmutableArray<string> Filters(JsonObject scenario) => scenario["enabled_filters"] is JsonArray filters ? [.. filters.Select(f => f!.ToString())] : DefaultFilters;

    /// <summary>Whether a filter is passed over from the second instance of a request on.</summary>
    public static bool IsAskedOnce(string filter) => !AskedEachTime.Contains(filter);

    /// <summary>The configuration.</summary>
    public static SchedulerConfiguration Of(JsonObject scenario, bool firstInstance)
    {
        var settings = scenario["conf"] as JsonObject ?? [];
        var multipliers = scenario["weigher_multipliers"] as JsonObject ?? [];
        double Multiplier(string name, double otherwise) => (multipliers[name] ?? settings["filter_scheduler." + name])?.GetValue<double>() ?? otherwise;
        T Setting<T>(string name, T otherwise) => settings[name] is { } value ? value.GetValue<T>() : otherwise;
        ImmutableArray<string> List(string name) => settings[name] is JsonArray list ? [.. list.Select(v => v!.ToString())] : [];
        var defaults = new SchedulerConfiguration();
        return new SchedulerConfiguration
        {
            EnabledRequestFilters = [],
            EnabledFilters = [.. Filters(scenario).Where(f => firstInstance || !IsAskedOnce(f))],
            EnabledWeighers = scenario["weighers"] is JsonArray weighers
                ? [.. weighers.Select(w => w!.ToString()).Order(StringComparer.Ordinal)]
                : [.. SchedulerRegistry.Default.Weighers.Keys.Order(StringComparer.Ordinal)],
            OnStepFailure = StepFailure.FailRequest,
            AggregateExtraSpecsWithoutPrefix = true,
            RamWeightMultiplier = Multiplier("ram_weight_multiplier", 1),
            CpuWeightMultiplier = Multiplier("cpu_weight_multiplier", 1),
            DiskWeightMultiplier = Multiplier("disk_weight_multiplier", 1),
            IoOpsWeightMultiplier = Multiplier("io_ops_weight_multiplier", -1),
            SoftAffinityWeightMultiplier = Multiplier("soft_affinity_weight_multiplier", 1),
            SoftAntiAffinityWeightMultiplier = Multiplier("soft_anti_affinity_weight_multiplier", 1),
            PciWeightMultiplier = Multiplier("pci_weight_multiplier", 1),
            BuildFailureWeightMultiplier = Multiplier("build_failure_weight_multiplier", 1_000_000),
            CrossCellMoveWeightMultiplier = Multiplier("cross_cell_move_weight_multiplier", 1_000_000),
            MetricsWeightMultiplier = multipliers["metrics_weight_multiplier"]?.GetValue<double>() ?? Setting("metrics.weight_multiplier", 1.0),
            // Nova logs settings that it cannot read, and goes on without them; here they would be refused.
            MetricsWeightSetting = [.. List("metrics.weight_setting").Where(s => MetricRatio.TryParse(s, out _))],
            MetricsRequired = Setting("metrics.required", true),
            MetricsWeightOfUnavailable = Setting("metrics.weight_of_unavailable", -10000.0),
            MaxIoOpsPerHost = Setting("filter_scheduler.max_io_ops_per_host", 8),
            MaxInstancesPerHost = Setting("filter_scheduler.max_instances_per_host", 50),
            ImagePropertiesDefaultArchitecture = Setting<string?>("filter_scheduler.image_properties_default_architecture", null),
            IsolatedHosts = List("filter_scheduler.isolated_hosts"),
            IsolatedImages = List("filter_scheduler.isolated_images"),
            RestrictIsolatedHostsToIsolatedImages = Setting("filter_scheduler.restrict_isolated_hosts_to_isolated_images", true),
            AggregateImagePropertiesIsolationNamespace = Setting<string?>("filter_scheduler.aggregate_image_properties_isolation_namespace", null),
            AggregateImagePropertiesIsolationSeparator = Setting("filter_scheduler.aggregate_image_properties_isolation_separator", "."),
            DefaultAvailabilityZone = Setting("DEFAULT.default_availability_zone", defaults.DefaultAvailabilityZone),
        };
    }
}
