using System.Text;

namespace Kilonova.Scheduling.Tests;

/// <summary>The file of options: defaults, what is read, and what is refused with which words.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void Defaults_keep_every_rule_and_can_be_written_and_read()
    {
        Assert.Empty(new SchedulerConfiguration().Validate());
        var file = $"{{{string.Join(",", SchedulerOptions.All.Select(o => $"\"{o.Name}\": {o.Default}"))}}}";
        var read = SchedulerConfiguration.Parse(Encoding.UTF8.GetBytes(file));
        Assert.All(SchedulerOptions.All, o => Assert.Equal(o.Default, o.Write(read)));
        _ = new Scheduler(read);
    }

    [Fact]
    public void What_is_named_is_read_and_the_rest_keeps_its_default()
    {
        var read = SchedulerConfiguration.Parse("""
            // Stack, and ask only these.
            { "ramWeightMultiplier": -1, "enabledFilters": ["ComputeFilter", "NumInstancesFilter"], "maxInstancesPerHost": 3, "defaultScheduleZone": "az1", "metricsWeightSetting": ["cpu=-1.5"], }
            """u8.ToArray());
        Assert.Equal(-1, read.RamWeightMultiplier);
        Assert.Equal(["ComputeFilter", "NumInstancesFilter"], read.EnabledFilters);
        Assert.Equal(3, read.MaxInstancesPerHost);
        Assert.Equal("az1", read.DefaultScheduleZone);
        Assert.Equal(["cpu=-1.5"], read.MetricsWeightSetting);
        Assert.Equal(1, read.HostSubsetSize);
    }

    [Theory]
    [InlineData("[]", "The scheduler's options are a JSON object.")]
    [InlineData("{", "The scheduler's options are no JSON")]
    [InlineData("""{"ramWeightMultiplyer": 1}""", "ramWeightMultiplyer: there is no such option; known are aggregate")]
    [InlineData("""{"hostSubsetSize": 0}""", "hostSubsetSize: must be a whole number, at least 1, is 0.")]
    [InlineData("""{"hostSubsetSize": 1.5}""", "hostSubsetSize: must be a whole number, at least 1, is 1.5.")]
    [InlineData("""{"hostSubsetSize": "1"}""", "hostSubsetSize: must be a whole number, at least 1, is \"1\".")]
    [InlineData("""{"maxAttempts": 3, "maxAttempts": 4}""", "maxAttempts: is given twice.")]
    [InlineData("""{"softAffinityWeightMultiplier": -1}""", "softAffinityWeightMultiplier: must be a number, at least 0, is -1.")]
    [InlineData("""{"pciWeightMultiplier": -0.5}""", "pciWeightMultiplier: must be a number, at least 0, is -0.5.")]
    [InlineData("""{"ramWeightMultiplier": "big"}""", "ramWeightMultiplier: must be a number, is \"big\".")]
    [InlineData("""{"maxInstancesPerHost": 0}""", "maxInstancesPerHost: must be a whole number, at least 1, is 0.")]
    [InlineData("""{"metricsRequired": "yes"}""", "metricsRequired: must be true or false, is \"yes\".")]
    [InlineData("""{"metricsWeightSetting": ["cpu"]}""", "metricsWeightSetting: must be a list of texts: each name=ratio, is [\"cpu\"].")]
    [InlineData("""{"metricsWeightSetting": ["cpu=fast"]}""", "metricsWeightSetting: must be a list of texts: each name=ratio, is")]
    [InlineData("""{"enabledFilters": ["RamFilter"]}""", "enabledFilters: must be a list of texts: names of filters, each once, is [\"RamFilter\"].")]
    [InlineData("""{"enabledFilters": ["ComputeFilter", "ComputeFilter"]}""", "enabledFilters: must be a list of texts: names of filters, each once, is")]
    [InlineData("""{"enabledWeighers": [7]}""", "enabledWeighers: must be a list of texts: names of weighers, each once, is [7].")]
    [InlineData("""{"defaultAvailabilityZone": ""}""", "defaultAvailabilityZone: must be a text that is not empty, is \"\".")]
    [InlineData("""{"defaultAvailabilityZone": null}""", "defaultAvailabilityZone: must be a text that is not empty, is null.")]
    [InlineData("""{"onStepFailure": "Ignore"}""", "onStepFailure: must be one of RejectHost, FailRequest, is \"Ignore\".")]
    public void What_breaks_a_rule_is_refused_with_field_and_rule(string file, string message) =>
        Assert.StartsWith(message, Assert.Throws<FormatException>(() => SchedulerConfiguration.Parse(Encoding.UTF8.GetBytes(file))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_configuration_made_in_code_is_checked_too() =>
        Assert.Equal(
            ["ramWeightMultiplier: must be a number, is NaN.", "maxIoOpsPerHost: must be a whole number, at least 0, is -1."],
            new SchedulerConfiguration { RamWeightMultiplier = double.NaN, MaxIoOpsPerHost = -1 }.Validate());

    [Fact]
    public void Every_step_of_the_registry_is_documented_by_its_own_name()
    {
        var configuration = new SchedulerConfiguration();
        Assert.All(SchedulerRegistry.Default.Filters, f => Assert.Equal(f.Key, f.Value(configuration).Name));
        Assert.All(SchedulerRegistry.Default.Weighers, w => Assert.Equal(w.Key, w.Value(configuration).Name));
        Assert.All(SchedulerRegistry.Default.RequestFilters, f => Assert.Equal(f.Key, f.Value(configuration).Name));
    }
}
