using static Kilonova.Scheduling.Tests.Filters.FilterTable;

namespace Kilonova.Scheduling.Tests.Filters;

/// <summary>Filters that read the metadata of aggregates, a table for each.</summary>
public sealed class AggregateFilterTests
{
    [Theory]
    [InlineData("red", "a any c spaced")]
    [InlineData("blue", "any c d")]
    [InlineData("green", "any")]
    [InlineData("re", "any")]
    public void Projects_pass_where_one_aggregate_names_them_or_none_names_anybody(string project, string expected) => Assert.Equal(expected, Passing(
        "AggregateMultiTenancyIsolation", Request() with { Project = project },
        [
            Host("a", ("filter_tenant_id", "red")), Host("any", ("other", "x")), Host("c", ("filter_tenant_id", "blue,red")), Host("d", ("filter_tenant_id", "blue")),
            Host("empty", ("filter_tenant_id", "")), Host("spaced", ("filter_tenant_id", " x , red ")),
        ]));

    [Fact]
    public void One_aggregate_that_names_the_project_is_enough() => Assert.Equal("both", Passing(
        "AggregateMultiTenancyIsolation", Request(), [Host("both", ("filter_tenant_id", "blue"), ("filter_tenant_id", "red")), Host("blue", ("filter_tenant_id", "blue"))]));

    [Theory]
    [InlineData("m1", "any m1 several")]
    [InlineData("c1", "any several")]
    [InlineData("M1", "any")]
    public void Flavors_pass_where_they_are_named_or_none_is(string flavor, string expected) => Assert.Equal(expected, Passing(
        "AggregateTypeAffinityFilter", Request() with { FlavorName = flavor },
        [Host("any", ("other", "m1")), Host("empty", ("instance_type", "")), Host("m1", ("instance_type", "m1")), Host("several", ("instance_type", "c1, m1"))]));

    [Theory]
    [InlineData("aggregate_instance_extra_specs:ssd", "true", false, "list true")]
    [InlineData("aggregate_instance_extra_specs:ssd", "<or> true <or> false", false, "false list true")]
    [InlineData("aggregate_instance_extra_specs:ssd", "s!= true", false, "false list num")]
    [InlineData("aggregate_instance_extra_specs:ssd", "= 2", false, "false! list! num true!")]
    [InlineData("aggregate_instance_extra_specs:ssd", "= 9", false, "false! list! true!")]
    [InlineData("aggregate_instance_extra_specs:nope", "x", false, "")]
    [InlineData("ssd", "true", false, "false list none num true")]
    [InlineData("ssd", "true", true, "list true")]
    [InlineData("capabilities:ssd", "true", true, "false list none num true")]
    [InlineData("hw:cpu_policy", "x", true, "false list none num true")]
    public void Extra_specs_are_compared_with_aggregates(string key, string value, bool withoutPrefix, string expected) => Assert.Equal(expected, Passing(
        "AggregateInstanceExtraSpecsFilter", Request(s => s[key] = value),
        [Host("false", ("ssd", "false")), Host("list", ("ssd", "maybe, true")), Host("none", ("x", "true")), Host("num", ("ssd", "2")), Host("true", ("ssd", "true"))],
        new SchedulerConfiguration { AggregateExtraSpecsWithoutPrefix = withoutPrefix }));

    [Theory]
    [InlineData("os_distro", "debian", null, "any both debian unknown")]
    [InlineData("os_distro", "centos", null, "any both unknown")]
    [InlineData("os_type", "linux", null, "any both centos debian unknown")]
    [InlineData("not_a_property", "x", null, "any both centos debian unknown")]
    [InlineData("os_distro", "centos", "iso", "any both centos debian unknown")]
    public void Images_pass_where_their_properties_are_allowed_or_nothing_is_said(string property, string value, string? nameSpace, string expected) => Assert.Equal(expected, Passing(
        "AggregateImagePropertiesIsolation", Request(null, p => p[property] = value),
        [Host("any"), Host("both", ("os_distro", "centos, debian")), Host("centos", ("os_distro", "ubuntu")), Host("debian", ("os_distro", "debian")), Host("unknown", ("not_a_property", "y"))],
        new SchedulerConfiguration { AggregateImagePropertiesIsolationNamespace = nameSpace }));

    [Theory]
    [InlineData("true", "yes")]
    [InlineData("yes", "yes")]
    [InlineData("false", "no yes")]
    public void Flags_are_compared_as_Nova_writes_them(string value, string expected) => Assert.Equal(expected, Passing(
        "AggregateImagePropertiesIsolation", Request(null, p => p["img_hide_hypervisor_id"] = value), [Host("no", ("img_hide_hypervisor_id", "true")), Host("yes", ("img_hide_hypervisor_id", "True"))]));

    [Theory]
    [InlineData("IoOpsFilter", "few")]
    [InlineData("AggregateIoOpsFilter", "bad few raised")]
    [InlineData("NumInstancesFilter", "few")]
    [InlineData("AggregateNumInstancesFilter", "bad few raised")]
    public void Limits_are_the_configurations_or_the_smallest_of_the_aggregates(string filter, string expected)
    {
        var key = filter.Contains("Io", StringComparison.Ordinal) ? "max_io_ops_per_host" : "max_instances_per_host";
        Hosts.HostFacts Busy(Hosts.HostFacts host, int load) => host with { Activity = new() { IoOperations = load, Instances = load } };
        Assert.Equal(expected, Passing(
            filter, Request(),
            [
                Busy(Host("bad", (key, "2"), (key, "x")), filter.StartsWith("Agg", StringComparison.Ordinal) ? 7 : 8), Busy(Host("few"), 7), Busy(Host("full"), 8),
                Busy(Host("lowered", (key, "9"), (key, " 2 ")), filter.StartsWith("Agg", StringComparison.Ordinal) ? 2 : 8), Busy(Host("raised", (key, "20")), 8),
            ],
            new SchedulerConfiguration { MaxIoOpsPerHost = 8, MaxInstancesPerHost = 8 }));
    }
}
