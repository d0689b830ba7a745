using Kilonova.Scheduling.Hosts;
using static Kilonova.Scheduling.Tests.Filters.FilterTable;

namespace Kilonova.Scheduling.Tests.Filters;

/// <summary>Filters that ask what kind of host it is, a table for each.</summary>
public sealed class CapabilityFilterTests
{
    private static readonly HostFacts[] Two =
    [
        Given.Host("amd") with
        {
            Capabilities = new HostCapabilities
            {
                CpuInfo = """{"vendor": "AMD", "topology": {"cores": 8}, "features": ["aes", "svm"]}""", HypervisorVersion = 8_000_000, CpuFeatures = ["aes", "svm"],
                Stats = new Dictionary<string, string> { ["rack"] = "r1" }, MachineTypes = ["pc-q35-7.2", "pc-q35-8.0"],
                SupportedGuests = [new("x86_64", "kvm", "hvm"), new("x86_64", "qemu", "hvm")],
            },
        },
        Given.Host("intel") with
        {
            Capabilities = new HostCapabilities
            {
                CpuInfo = """{"vendor": "Intel", "topology": {"cores": 16}, "features": ["aes", "avx2"]}""", HypervisorVersion = 7_002_000, CpuFeatures = ["aes", "avx2"], MachineTypes = ["pc-q35-7.2"],
                SupportedGuests = [new("x86_64", "qemu", "hvm"), new("aarch64", "qemu", "hvm")],
            },
        },
    ];

    [Theory]
    [InlineData("capabilities:hypervisor_type", "QEMU", "amd intel")]
    [InlineData("capabilities:hypervisor_type", "s== qemu", "")]
    [InlineData("capabilities:hypervisor_version", ">= 8000000", "amd")]
    [InlineData("capabilities:hypervisor_version", "= 7002000", "amd intel")]
    [InlineData("hypervisor_version", "== 7002000", "intel")]
    [InlineData("capabilities:cpu_info:topology:cores", "> 8", "")]
    [InlineData("capabilities:cpu_info:topology:cores", ">= 16", "intel")]
    [InlineData("capabilities:cpu_info:topology:cores", "s< 2", "intel")]
    [InlineData("capabilities:cpu_info:vendor", "<or> AMD <or> Intel", "amd intel")]
    [InlineData("capabilities:cpu_info:vendor", "<or>", "amd! intel!")]
    [InlineData("capabilities:cpu_info:vendor", "= 1", "amd! intel!")]
    [InlineData("capabilities:cpu_info:vendor", "==", "")]
    [InlineData("capabilities:cpu_info:features", "<all-in> aes svm", "amd")]
    [InlineData("capabilities:cpu_info:features", "['aes', 'svm']", "amd")]
    [InlineData("capabilities:cpu_info", "<in> avx2", "intel")]
    [InlineData("capabilities:stats:rack", "r1", "amd")]
    [InlineData("capabilities:rack", "r1", "amd")]
    [InlineData("rack", "r2", "intel")]
    [InlineData("capabilities:nosuch", "1", "")]
    [InlineData("nosuch", "1", "amd intel")]
    [InlineData("other:hypervisor_type", "x", "amd intel")]
    [InlineData("capabilities:free_ram_mb", ">= 32768", "amd intel")]
    [InlineData("capabilities:free_ram_mb", "!= 32768", "")]
    [InlineData("capabilities:free_ram_mb:x", "1", "")]
    public void Extra_specs_are_compared_with_the_host(string key, string value, string expected) => Assert.Equal(expected, Passing("ComputeCapabilitiesFilter", Request(s => s[key] = value), Two));

    [Theory]
    [InlineData("", null, "amd bare intel")]
    [InlineData("hw_architecture=x86_64", null, "amd intel")]
    [InlineData("hw_architecture=amd64", null, "amd intel")]
    [InlineData("architecture=aarch64", null, "intel")]
    [InlineData("img_hv_type=kvm", null, "amd")]
    [InlineData("img_hv_type=xapi", null, "")]
    [InlineData("hw_vm_mode=hv", null, "amd intel")]
    [InlineData("hw_architecture=vax", null, "amd! bare! intel!")]
    [InlineData("hw_vm_mode=hvm,img_hv_requested_version=>=8.0", null, "amd")]
    [InlineData("hw_vm_mode=hvm,img_hv_requested_version=>=7.0;<8", null, "intel")]
    [InlineData("hw_vm_mode=hvm,img_hv_requested_version===7.2.0", null, "intel")]
    [InlineData("img_hv_requested_version=>=99", null, "amd bare intel")]
    [InlineData("hw_vm_mode=hvm,img_hv_requested_version=about 8", null, "amd! intel!")]
    [InlineData("", "aarch64", "intel")]
    [InlineData("hw_architecture=x86_64", "aarch64", "amd intel")]
    public void Images_go_where_their_kind_of_guest_runs(string properties, string? otherwise, string expected) => Assert.Equal(expected, Passing(
        "ImagePropertiesFilter",
        Request(null, p =>
        {
            foreach (var property in properties.Split(',', StringSplitOptions.RemoveEmptyEntries)) p[property.Split('=', 2)[0]] = property.Split('=', 2)[1].Replace(';', ',');
        }),
        [.. Two, Given.Host("bare")], new SchedulerConfiguration { ImagePropertiesDefaultArchitecture = otherwise }));

    [Theory]
    [InlineData("images/debian", true, "debian", "iso1 iso2")]
    [InlineData("images/other", true, "debian", "plain")]
    [InlineData(null, true, "debian", "plain")]
    [InlineData("images/debian", false, "debian", "iso1 iso2")]
    [InlineData("images/other", false, "debian", "iso1 iso2 plain")]
    [InlineData(null, false, "debian", "iso1 iso2 plain")]
    [InlineData("images/debian", true, null, "plain")]
    [InlineData("images/debian", false, null, "iso1 iso2 plain")]
    public void Isolated_hosts_and_images_go_together(string? image, bool restricted, string? isolated, string expected) => Assert.Equal(expected, Passing(
        "IsolatedHostsFilter", Request() with { ImageName = image }, [Given.Host("iso1"), Given.Host("iso2"), Given.Host("plain")],
        new SchedulerConfiguration { IsolatedHosts = ["iso1", "iso2", "gone"], IsolatedImages = isolated is null ? [] : [$"images/{isolated}"], RestrictIsolatedHostsToIsolatedImages = restricted }));

    [Theory]
    [InlineData("", "all none some")]
    [InlineData("a=1", "all some")]
    [InlineData("a=1,b=2", "all")]
    [InlineData("nope=1", "")]
    public void Hosts_must_report_every_metric_that_is_weighed(string settings, string expected) => Assert.Equal(expected, Passing(
        "MetricsFilter", Request(),
        [
            Given.Host("all") with { Activity = new() { Metrics = new Dictionary<string, double> { ["a"] = 1, ["b"] = 0 } } }, Given.Host("none"),
            Given.Host("some") with { Activity = new() { Metrics = new Dictionary<string, double> { ["a"] = 1 } } },
        ],
        new SchedulerConfiguration { MetricsWeightSetting = [.. settings.Split(',', StringSplitOptions.RemoveEmptyEntries)] }));

    [Theory]
    [InlineData("", null, "amd intel unknown")]
    [InlineData("aes", null, "amd intel unknown")]
    [InlineData("aes,svm", null, "amd unknown")]
    [InlineData("sve", null, "unknown")]
    [InlineData("", "pc-q35-8.0", "amd unknown")]
    [InlineData("avx2", "pc-q35-8.0", "unknown")]
    public void Guests_go_where_their_recorded_cpu_and_machine_type_are(string features, string? machine, string expected) => Assert.Equal(expected, Passing(
        "RecordedCpuFilter", Request() with { Recorded = new RecordedCpu("EPYC", [.. features.Split(',', StringSplitOptions.RemoveEmptyEntries)], machine) }, [.. Two, Given.Host("unknown")]));

    [Fact]
    public void All_hosts_pass_all_hosts() => Assert.Equal("amd intel", Passing("AllHostsFilter", Request(), Two));

    [Theory]
    [InlineData("ImagePropertiesFilter", true)]
    [InlineData("ComputeCapabilitiesFilter", false)]
    public void A_rebuild_asks_only_filters_that_are_about_images(string filter, bool asked)
    {
        var request = Request(s => s["capabilities:nosuch"] = "1", p => p["hw_architecture"] = "ppc64le") with { Rebuild = true };
        Assert.Equal(asked ? "" : "amd intel", Passing(filter, request, Two));
    }
}
