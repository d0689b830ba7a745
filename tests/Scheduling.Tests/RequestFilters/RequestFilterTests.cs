using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Tests.RequestFilters;

/// <summary>Request filters, each by the hosts that are left for what it makes of a request.</summary>
public sealed class RequestFilterTests
{
    [Theory]
    [InlineData(null, null, "one two unzoned")]
    [InlineData("az1", null, "one")]
    [InlineData("az1", "az2", "two")]
    [InlineData("nova", "", "unzoned")]
    public void A_default_zone_is_for_servers_that_ask_for_none(string? configured, string? asked, string expected) => Assert.Equal(expected, Placed(
        Request() with { AvailabilityZone = asked }, new SchedulerConfiguration { DefaultScheduleZone = configured },
        Given.Host("one") with { Zones = ["az1"] }, Given.Host("two") with { Zones = ["az2"] }, Given.Host("unzoned")));

    [Theory]
    [InlineData("red", false, false, "any blue red")]
    [InlineData("red", true, false, "red")]
    [InlineData("blue", true, false, "blue")]
    [InlineData("green", true, false, "any blue red")]
    [InlineData("green", true, true, "!no hosts are available for the project green: no aggregate names it")]
    [InlineData("empty", true, false, "")]
    public void Projects_are_limited_to_the_aggregates_that_name_them(string project, bool limited, bool required, string expected)
    {
        HostFacts Member(string name, string key, string value) => Given.Host(name) with { Aggregates = [new AggregateFacts("agg-" + name, new Dictionary<string, string> { [key] = value })] };
        var snapshot = Given.Snapshot(Given.Host("any"), Member("blue", "filter_tenant_id3", "blue"), Member("red", "filter_tenant_id", "red"));
        Assert.Equal(ClusterEvents.AggregatesChanged, snapshot.ApplyAggregates([new AggregateFacts("agg-empty", new Dictionary<string, string> { ["filter_tenant_id"] = "empty" })]));
        Assert.Equal(expected, Placed(Request() with { Project = project }, new SchedulerConfiguration
        {
            LimitTenantsToAggregate = limited,
            AggregateRequiredForTenants = required,
            EnabledFilters = [],
        }, snapshot));
    }

    [Theory]
    [InlineData(false, "bare qcow2")]
    [InlineData(true, "qcow2")]
    public void An_images_format_asks_for_the_trait_of_it(bool enabled, string expected) => Assert.Equal(expected, Placed(
        Request() with { Image = new ImageSpec { DiskFormat = DiskFormat.Qcow2 } }, new SchedulerConfiguration { RequireImageTypeSupport = enabled },
        Given.Host("bare"), Given.Host("qcow2") with { Traits = ["COMPUTE_IMAGE_TYPE_QCOW2"] }));

    [Fact]
    public void Hosts_of_disabled_services_are_left_out() =>
        Assert.Equal("on", Placed(Request(), new SchedulerConfiguration(), Given.Host("off") with { Traits = ["COMPUTE_STATUS_DISABLED"] }, Given.Host("on")));

    [Theory]
    [InlineData(false, "", "any gold")]
    [InlineData(true, "", "any")]
    [InlineData(true, "CUSTOM_GOLD", "gold")]
    public void Aggregates_keep_out_servers_that_do_not_ask_for_their_traits(bool enabled, string asked, string expected) => Assert.Equal(expected, Placed(
        Request() with { RequiredTraits = asked.Length == 0 ? [] : [asked] }, new SchedulerConfiguration { EnableIsolatedAggregateFiltering = enabled },
        Given.Host("any"),
        Given.Host("gold") with { Traits = ["CUSTOM_GOLD"], Aggregates = [new AggregateFacts("agg", new Dictionary<string, string> { ["trait:CUSTOM_GOLD"] = "required", ["trait:CUSTOM_X"] = "no" })] }));

    [Theory]
    [InlineData("hw_disk_bus", "virtio", false, "bare virtio")]
    [InlineData("hw_disk_bus", "virtio", true, "virtio")]
    [InlineData("hw_video_model", "virtio", true, "")]
    [InlineData("hw_architecture", "amd64", true, "virtio")]
    [InlineData("hw_architecture", "vax", true, "!ImageTraits failed: FormatException: architecture name 'vax' is not valid")]
    [InlineData("os_distro", "debian", true, "bare virtio")]
    public void Image_properties_ask_for_traits(string property, string value, bool enabled, string expected) => Assert.Equal(expected, Placed(
        Request() with { Image = new ImageSpec { Properties = new Dictionary<string, string> { [property] = value } } }, new SchedulerConfiguration { ImageMetadataPrefilter = enabled, EnabledFilters = [] },
        Given.Host("bare"), Given.Host("virtio") with { Traits = ["COMPUTE_STORAGE_BUS_VIRTIO", "HW_ARCH_X86_64"] }));

    [Theory]
    [InlineData("accel:device_profile", "fpga", "COMPUTE_ACCELERATORS")]
    [InlineData("hw:ephemeral_encryption", "true", "COMPUTE_EPHEMERAL_ENCRYPTION")]
    [InlineData("hw:ephemeral_encryption", "false", null)]
    [InlineData("other", "x", null)]
    public void Extra_specs_ask_for_traits(string key, string value, string? trait) => Assert.Equal(trait is null ? "bare has" : "has", Placed(
        Request() with { Flavor = new FlavorSpec { Vcpus = 1, MemoryMiB = 1, ExtraSpecs = new Dictionary<string, string> { [key] = value } } }, new SchedulerConfiguration(),
        Given.Host("bare"), Given.Host("has") with { Traits = [trait ?? "T"] }));

    [Fact]
    public void A_request_that_can_never_be_served_is_refused_before_any_host_is_looked_at() =>
        Assert.Equal("!trait:T: must be required or forbidden, is maybe", Placed(
            SchedulingRequest.For(
                new Server { Metadata = new() { Name = "s", Namespace = "ns", Uid = "u" }, Spec = new ServerSpec { Flavor = "f" } },
                new FlavorSpec { Vcpus = 1, MemoryMiB = 1, ExtraSpecs = new Dictionary<string, string> { ["trait:T"] = "maybe" } }, null),
            new SchedulerConfiguration(), Given.Host("a")));

    private static SchedulingRequest Request() => Given.NoResources() with { Project = "red" };

    private static string Placed(SchedulingRequest request, SchedulerConfiguration configuration, params HostFacts[] hosts) => Placed(request, configuration, Given.Snapshot(hosts));

    private static string Placed(SchedulingRequest request, SchedulerConfiguration configuration, Snapshot snapshot)
    {
        var trace = new DecisionTrace();
        var decision = Given.Scheduler(configuration).Decide(snapshot, request, trace);
        var refusal = decision.Rejected is [{ Hosts: var all } only] && all == snapshot.Count && trace.Steps.Count == 0 ? "!" + only.Reason : "";
        return refusal + string.Join(' ', trace.Order.Select(o => o.Name).Order(StringComparer.Ordinal));
    }
}
