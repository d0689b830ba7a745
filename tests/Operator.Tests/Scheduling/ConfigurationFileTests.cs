using Kilonova.Operator.Scheduling;

namespace Kilonova.Operator.Tests.Scheduling;

/// <summary>Bad options are refused before anything is done with them.</summary>
public sealed class ConfigurationFileTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void Without_a_file_the_defaults_hold() => Assert.Equal(3, ConfigurationFile.Read(null).Options!.MaxAttempts);

    [Fact]
    public void Options_are_read()
    {
        File.WriteAllText(_file, """{ "maxAttempts": 5, "enabledFilters": ["ComputeFilter"] }""");
        var (options, error) = ConfigurationFile.Read(_file);
        Assert.Null(error);
        Assert.Equal((5, "ComputeFilter"), (options!.MaxAttempts, Assert.Single(options.EnabledFilters)));
    }

    [Theory]
    [InlineData("""{ "maxAttempts": 0 }""", "maxAttempts")]
    [InlineData("""{ "enabledFilters": ["NoSuchFilter"] }""", "NoSuchFilter")]
    [InlineData("""{ "maxAtempts": 3 }""", "maxAtempts")]
    [InlineData("[]", "")]
    public void A_bad_option_is_named_with_its_file(string text, string name)
    {
        File.WriteAllText(_file, text);
        var (options, error) = ConfigurationFile.Read(_file);
        Assert.Null(options);
        Assert.StartsWith($"--scheduler-config {_file}: ", error, StringComparison.Ordinal);
        Assert.Contains(name, error!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() => Assert.Contains("/no/such/file", ConfigurationFile.Read("/no/such/file").Error!, StringComparison.Ordinal);

    public void Dispose() => File.Delete(_file);
}
