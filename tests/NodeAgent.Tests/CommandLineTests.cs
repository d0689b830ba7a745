namespace Kilonova.NodeAgent.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("20s", 20)]
    [InlineData("5m", 300)]
    [InlineData("1.5h", 5400)]
    public void Times_are_read_as_people_write_them(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), CommandLine.ParseTime(text));

    [Theory]
    [InlineData("20")]
    [InlineData("s")]
    [InlineData("")]
    [InlineData("5 minutes")]
    public void Anything_else_is_no_time(string text) => Assert.Throws<FormatException>(() => CommandLine.ParseTime(text));

    [Fact]
    public async Task Options_reach_the_agent()
    {
        AgentOptions? seen = null;
        var root = CommandLine.Root((options, _, _, _) =>
        {
            seen = options;
            return Task.FromResult(0);
        });
        var code = await root.Parse(["--node-name", "n", "--image-directory", "/a:/b", "--image-directory", "/c", "--full-pass-interval", "2s", "--virt-type", "qemu"]).InvokeAsync();
        Assert.Equal(0, code);
        Assert.Equal("n", seen!.NodeName);
        Assert.Equal(["/a", "/b", "/c"], seen.ImageDirectories);
        Assert.Equal(TimeSpan.FromSeconds(2), seen.FullPassInterval);
        Assert.Equal(Crds.VirtType.Qemu, seen.VirtType);
        Assert.Equal(TimeSpan.FromSeconds(20), seen.LeaseInterval);
    }

    [Fact]
    public void Fault_points_of_another_form_are_refused() => Assert.Throws<ArgumentException>(() => new FaultPoints(["Disks=explode"], "/tmp"));
}
