using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Scheduling;

/// <summary>Every option of the scheduler, in the order in which they are documented.</summary>
public static class SchedulerOptions
{
    /// <summary>The options.</summary>
    public static ImmutableArray<SchedulerOption> All { get; } =
    [
        Names("enabledFilters", "filter_scheduler.enabled_filters", c => c.EnabledFilters, (c, v) => c with { EnabledFilters = v }, v => Known(v, SchedulerRegistry.Default.Filters.Keys),
            "names of filters, each once", "Filters, in the order in which they are asked. Each takes hosts out, so cheap ones come first."),
        Names("enabledWeighers", "filter_scheduler.weight_classes", c => c.EnabledWeighers, (c, v) => c with { EnabledWeighers = v }, v => Known(v, SchedulerRegistry.Default.Weighers.Keys),
            "names of weighers, each once", "Weighers, in the order in which their values are added up."),
        Names("enabledRequestFilters", null, c => c.EnabledRequestFilters, (c, v) => c with { EnabledRequestFilters = v }, v => Known(v, SchedulerRegistry.Default.RequestFilters.Keys),
            "names of request filters, each once", "Request filters, in order. They narrow or refuse a request before any host is looked at."),
        Choice("onStepFailure", null, c => c.OnStepFailure, (c, v) => c with { OnStepFailure = v },
            "What happens when a filter or weigher throws: the host for which it throws is rejected, visibly; or the whole request fails, as in Nova."),
        Whole("hostSubsetSize", "filter_scheduler.host_subset_size", c => c.HostSubsetSize, (c, v) => c with { HostSubsetSize = v }, 1,
            "The host is drawn from this many of the best. 1 takes the best."),
        Flag("shuffleBestSameWeighedHosts", "filter_scheduler.shuffle_best_same_weighed_hosts", c => c.ShuffleBestSameWeighedHosts, (c, v) => c with { ShuffleBestSameWeighedHosts = v },
            "The order among hosts that share the best weight is drawn, instead of the snapshot's."),
        Whole("maxAttempts", "scheduler.max_attempts", c => c.MaxAttempts, (c, v) => c with { MaxAttempts = v }, 1,
            "Hosts tried for a build before it fails, alternates included."),
        Text("defaultAvailabilityZone", "DEFAULT.default_availability_zone", c => c.DefaultAvailabilityZone, (c, v) => c with { DefaultAvailabilityZone = v! }, required: true,
            "Zone of hosts that no aggregate puts into one."),
        Text("defaultScheduleZone", "DEFAULT.default_schedule_zone", c => c.DefaultScheduleZone, (c, v) => c with { DefaultScheduleZone = v }, required: false,
            "Zone of servers that ask for none. Absent, they may be placed in any."),
        Number("ramWeightMultiplier", "filter_scheduler.ram_weight_multiplier", c => c.RamWeightMultiplier, (c, v) => c with { RamWeightMultiplier = v },
            "Multiplier of free memory. Negative stacks."),
        Number("cpuWeightMultiplier", "filter_scheduler.cpu_weight_multiplier", c => c.CpuWeightMultiplier, (c, v) => c with { CpuWeightMultiplier = v },
            "Multiplier of free virtual CPUs. Negative stacks."),
        Number("diskWeightMultiplier", "filter_scheduler.disk_weight_multiplier", c => c.DiskWeightMultiplier, (c, v) => c with { DiskWeightMultiplier = v },
            "Multiplier of free disk. Negative stacks."),
        Number("ioOpsWeightMultiplier", "filter_scheduler.io_ops_weight_multiplier", c => c.IoOpsWeightMultiplier, (c, v) => c with { IoOpsWeightMultiplier = v },
            "Multiplier of the guests that burden a host's disks. Negative prefers hosts that have few."),
        Number("softAffinityWeightMultiplier", "filter_scheduler.soft_affinity_weight_multiplier", c => c.SoftAffinityWeightMultiplier, (c, v) => c with { SoftAffinityWeightMultiplier = v },
            "Multiplier of the members on a host, for groups of policy SoftAffinity.", minimum: 0),
        Number("softAntiAffinityWeightMultiplier", "filter_scheduler.soft_anti_affinity_weight_multiplier", c => c.SoftAntiAffinityWeightMultiplier,
            (c, v) => c with { SoftAntiAffinityWeightMultiplier = v }, "Multiplier of the members on a host, for groups of policy SoftAntiAffinity.", minimum: 0),
        Number("buildFailureWeightMultiplier", "filter_scheduler.build_failure_weight_multiplier", c => c.BuildFailureWeightMultiplier,
            (c, v) => c with { BuildFailureWeightMultiplier = v }, "What failed builds weigh against a host: by default more than all else together. 0 forgives."),
        Number("crossCellMoveWeightMultiplier", "filter_scheduler.cross_cell_move_weight_multiplier", c => c.CrossCellMoveWeightMultiplier,
            (c, v) => c with { CrossCellMoveWeightMultiplier = v }, "What it weighs that a server which moves stays in its cell. Negative prefers other cells."),
        Number("pciWeightMultiplier", "filter_scheduler.pci_weight_multiplier", c => c.PciWeightMultiplier, (c, v) => c with { PciWeightMultiplier = v },
            "What it weighs that hosts with PCI devices are kept for guests that ask for some.", minimum: 0),
        Number("metricsWeightMultiplier", "metrics.weight_multiplier", c => c.MetricsWeightMultiplier, (c, v) => c with { MetricsWeightMultiplier = v }, "Multiplier of metrics."),
        Names("metricsWeightSetting", "metrics.weight_setting", c => c.MetricsWeightSetting, (c, v) => c with { MetricsWeightSetting = v }, v => v.All(s => MetricRatio.TryParse(s, out _)),
            "each name=ratio", "Metrics that are weighed, each with its ratio, for instance `cpu.percent=-1.0`."),
        Flag("metricsRequired", "metrics.required", c => c.MetricsRequired, (c, v) => c with { MetricsRequired = v },
            "A host that lacks a metric that is weighed is rejected (in Nova the whole request fails). If not, it has metricsWeightOfUnavailable."),
        Number("metricsWeightOfUnavailable", "metrics.weight_of_unavailable", c => c.MetricsWeightOfUnavailable, (c, v) => c with { MetricsWeightOfUnavailable = v },
            "Value of the weigher for a host that lacks a metric, where it may."),
        Whole("maxIoOpsPerHost", "filter_scheduler.max_io_ops_per_host", c => c.MaxIoOpsPerHost, (c, v) => c with { MaxIoOpsPerHost = v }, 0,
            "A host with this many guests that burden its disks takes no more, with IoOpsFilter or AggregateIoOpsFilter."),
        Whole("maxInstancesPerHost", "filter_scheduler.max_instances_per_host", c => c.MaxInstancesPerHost, (c, v) => c with { MaxInstancesPerHost = v }, 1,
            "A host with this many guests takes no more, with NumInstancesFilter or AggregateNumInstancesFilter."),
        Text("imagePropertiesDefaultArchitecture", "filter_scheduler.image_properties_default_architecture", c => c.ImagePropertiesDefaultArchitecture,
            (c, v) => c with { ImagePropertiesDefaultArchitecture = v }, required: false, "Architecture of images that state none."),
        Names("isolatedImages", "filter_scheduler.isolated_images", c => c.IsolatedImages, (c, v) => c with { IsolatedImages = v }, null,
            "names", "Images that go only to isolated hosts, each `namespace/name`, with IsolatedHostsFilter."),
        Names("isolatedHosts", "filter_scheduler.isolated_hosts", c => c.IsolatedHosts, (c, v) => c with { IsolatedHosts = v }, null,
            "names", "Hosts that are kept for isolated images, with IsolatedHostsFilter."),
        Flag("restrictIsolatedHostsToIsolatedImages", "filter_scheduler.restrict_isolated_hosts_to_isolated_images", c => c.RestrictIsolatedHostsToIsolatedImages,
            (c, v) => c with { RestrictIsolatedHostsToIsolatedImages = v }, "Isolated hosts take nothing but isolated images."),
        Text("aggregateImagePropertiesIsolationNamespace", "filter_scheduler.aggregate_image_properties_isolation_namespace", c => c.AggregateImagePropertiesIsolationNamespace,
            (c, v) => c with { AggregateImagePropertiesIsolationNamespace = v }, required: false, "Only metadata keys that begin with this and the separator isolate images. Absent, all do."),
        Text("aggregateImagePropertiesIsolationSeparator", "filter_scheduler.aggregate_image_properties_isolation_separator", c => c.AggregateImagePropertiesIsolationSeparator,
            (c, v) => c with { AggregateImagePropertiesIsolationSeparator = v! }, required: true, "What stands between that beginning and the rest of the key."),
        Flag("aggregateExtraSpecsWithoutPrefix", null, c => c.AggregateExtraSpecsWithoutPrefix, (c, v) => c with { AggregateExtraSpecsWithoutPrefix = v },
            "Extra specs without any prefix are compared with aggregates too, as in Nova. If not, only those that begin with `aggregate_instance_extra_specs:` are."),
        Flag("limitTenantsToAggregate", "scheduler.limit_tenants_to_placement_aggregate", c => c.LimitTenantsToAggregate, (c, v) => c with { LimitTenantsToAggregate = v },
            "A project that aggregates name (metadata `filter_tenant_id`, or that with a suffix) is placed on their hosts only."),
        Flag("aggregateRequiredForTenants", "scheduler.placement_aggregate_required_for_tenants", c => c.AggregateRequiredForTenants, (c, v) => c with { AggregateRequiredForTenants = v },
            "With limitTenantsToAggregate: a project that no aggregate names is placed nowhere."),
        Flag("requireImageTypeSupport", "scheduler.query_placement_for_image_type_support", c => c.RequireImageTypeSupport, (c, v) => c with { RequireImageTypeSupport = v },
            "Hosts must have the trait `COMPUTE_IMAGE_TYPE_…` of the image's format."),
        Flag("enableIsolatedAggregateFiltering", "scheduler.enable_isolated_aggregate_filtering", c => c.EnableIsolatedAggregateFiltering,
            (c, v) => c with { EnableIsolatedAggregateFiltering = v }, "An aggregate with metadata `trait:…: required` takes only servers that ask for all of these traits."),
        Flag("imageMetadataPrefilter", "scheduler.image_metadata_prefilter", c => c.ImageMetadataPrefilter, (c, v) => c with { ImageMetadataPrefilter = v },
            "Image properties of disks, video, interfaces and architecture ask for the traits of hosts that can give them."),
    ];

    internal static SchedulerConfiguration Parse(ReadOnlyMemory<byte> json)
    {
        var configuration = new SchedulerConfiguration();
        using var document = Document(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object) throw new FormatException("The scheduler's options are a JSON object.");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            var option = All.FirstOrDefault(o => o.Name == property.Name)
                ?? throw new FormatException($"{property.Name}: there is no such option; known are {string.Join(", ", All.Select(o => o.Name).Order(StringComparer.Ordinal))}.");
            if (!seen.Add(property.Name)) throw new FormatException($"{property.Name}: is given twice.");
            configuration = option.Read(configuration, property.Value) is { } read && option.Keeps(read) ? read : throw new FormatException($"{property.Name}: must be {option.Rule}, is {property.Value.GetRawText()}.");
        }

        return configuration;
    }

    internal static IReadOnlyList<string> Validate(SchedulerConfiguration configuration) =>
        [.. All.Where(o => !o.Keeps(configuration)).Select(o => $"{o.Name}: must be {o.Rule}, is {o.Write(configuration)}.")];

    /// <summary>The first rule that is broken, names of steps apart: those are looked up in the registry that the scheduler is given.</summary>
    internal static string? FirstBroken(SchedulerConfiguration configuration) =>
        All.Where(o => !o.Name.StartsWith("enabled", StringComparison.Ordinal) || o.Name == "enableIsolatedAggregateFiltering").Where(o => !o.Keeps(configuration))
            .Select(o => $"{o.Name}: must be {o.Rule}, is {o.Write(configuration)}.").FirstOrDefault();

    private static JsonDocument Document(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException e)
        {
            throw new FormatException($"The scheduler's options are no JSON: {e.Message}", e);
        }
    }

    private static SchedulerOption Flag(
        string name, string? nova, Func<SchedulerConfiguration, bool> get, Func<SchedulerConfiguration, bool, SchedulerConfiguration> set, string description) => new()
        {
            Name = name,
            NovaName = nova,
            Description = description,
            Rule = "true or false",
            Keeps = _ => true,
            Write = c => get(c) ? "true" : "false",
            Read = (c, v) => v.ValueKind is JsonValueKind.True or JsonValueKind.False ? set(c, v.GetBoolean()) : null,
        };

    private static SchedulerOption Whole(
        string name, string? nova, Func<SchedulerConfiguration, int> get, Func<SchedulerConfiguration, int, SchedulerConfiguration> set, int minimum, string description) => new()
        {
            Name = name,
            NovaName = nova,
            Description = description,
            Rule = $"a whole number, at least {minimum}",
            Keeps = c => get(c) >= minimum,
            Write = c => get(c).ToString(CultureInfo.InvariantCulture),
            Read = (c, v) => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out var value) ? set(c, value) : null,
        };

    private static SchedulerOption Number(
        string name, string? nova, Func<SchedulerConfiguration, double> get, Func<SchedulerConfiguration, double, SchedulerConfiguration> set, string description, double? minimum = null) => new()
        {
            Name = name,
            NovaName = nova,
            Description = description,
            Rule = minimum is null ? "a number" : $"a number, at least {minimum.Value.ToString(CultureInfo.InvariantCulture)}",
            Keeps = c => double.IsFinite(get(c)) && !(get(c) < minimum),
            Write = c => get(c).ToString("0.0###############", CultureInfo.InvariantCulture),
            Read = (c, v) => v.ValueKind == JsonValueKind.Number && v.TryGetDouble(out var value) ? set(c, value) : null,
        };

    private static SchedulerOption Text(
        string name, string? nova, Func<SchedulerConfiguration, string?> get, Func<SchedulerConfiguration, string?, SchedulerConfiguration> set, bool required, string description) => new()
        {
            Name = name,
            NovaName = nova,
            Description = description,
            Rule = required ? "a text that is not empty" : "a text that is not empty, or null",
            Keeps = c => get(c) is { } text ? text.Length > 0 : !required,
            Write = c => get(c) is { } text ? $"\"{text}\"" : "null",
            Read = (c, v) => v.ValueKind == JsonValueKind.String ? set(c, v.GetString()) : v.ValueKind == JsonValueKind.Null ? set(c, null) : null,
        };

    private static SchedulerOption Names(
        string name, string? nova, Func<SchedulerConfiguration, ImmutableArray<string>> get, Func<SchedulerConfiguration, ImmutableArray<string>, SchedulerConfiguration> set,
        Func<ImmutableArray<string>, bool>? keeps, string rule, string description) => new()
        {
            Name = name,
            NovaName = nova,
            Description = description,
            Rule = $"a list of texts: {rule}",
            Keeps = c => !get(c).IsDefault && get(c).All(n => !string.IsNullOrEmpty(n)) && keeps?.Invoke(get(c)) != false,
            Write = c => get(c).IsDefault ? "null" : $"[{string.Join(", ", get(c).Select(n => $"\"{n}\""))}]",
            Read = (c, v) => v.ValueKind == JsonValueKind.Array && v.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
                ? set(c, [.. v.EnumerateArray().Select(e => e.GetString()!)]) : null,
        };

    private static SchedulerOption Choice<T>(string name, string? nova, Func<SchedulerConfiguration, T> get, Func<SchedulerConfiguration, T, SchedulerConfiguration> set, string description)
        where T : struct, Enum => new()
        {
            Name = name,
            NovaName = nova,
            Description = description,
            Rule = $"one of {string.Join(", ", Enum.GetNames<T>())}",
            Keeps = c => Enum.IsDefined(get(c)),
            Write = c => $"\"{get(c)}\"",
            Read = (c, v) => v.ValueKind == JsonValueKind.String && Enum.GetNames<T>().Contains(v.GetString(), StringComparer.Ordinal) ? set(c, Enum.Parse<T>(v.GetString()!)) : null,
        };

    /// <summary>A registry of one's own may know others: the scheduler checks again against the one that it is given.</summary>
    private static bool Known(ImmutableArray<string> names, IEnumerable<string> known) => names.Distinct().Count() == names.Length && names.All(known.Contains);
}
