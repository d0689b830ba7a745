using Kilonova.NodeAgent.Registration;

namespace Kilonova.NodeAgent.Tests.Registration;

public class HostShutdownTests
{
    private readonly TimeProvider time = TimeProvider.System;

    [Theory]
    [InlineData("running", "b false", false)]
    [InlineData("degraded", "b false", false)]
    [InlineData("stopping", "b false", true)]
    [InlineData("running", "b true", true)]
    [InlineData("offline", "Failed to connect to bus", false)]
    public async Task systemd_and_logind_say_so(string systemd, string logind, bool underWay)
    {
        using var root = Root(systemd, logind);
        Assert.Equal(underWay, await new HostShutdown(time, root.Path).IsUnderWayAsync(0, default));
    }

    [Fact]
    public async Task Without_systemd_a_host_never_counts_as_going_down()
    {
        using var root = Root("stopping", "b true");
        Directory.Delete(root.File("run"), recursive: true);
        Assert.False(await new HostShutdown(time, root.Path).IsUnderWayAsync(0, default));
    }

    [Fact]
    public async Task Without_logind_systemd_alone_tells()
    {
        using var root = Root("stopping", "b false");
        File.Delete(root.File("usr/bin/busctl"));
        Assert.True(await new HostShutdown(time, root.Path).IsUnderWayAsync(0, default));
    }

    [Fact]
    public async Task An_answer_from_before_the_guest_was_seen_off_does_not_count()
    {
        using var root = Root("running", "b false");
        var shutdown = new HostShutdown(time, root.Path);
        Assert.False(await shutdown.IsUnderWayAsync(0, default));
        Tool(root, "systemctl", "stopping");
        Assert.True(await shutdown.IsUnderWayAsync(time.GetTimestamp(), default));
    }

    private static TemporaryDirectory Root(string systemd, string logind)
    {
        var root = new TemporaryDirectory();
        Directory.CreateDirectory(root.File("run/systemd/system"));
        Directory.CreateDirectory(root.File("usr/bin"));
        Tool(root, "systemctl", systemd);
        Tool(root, "busctl", logind);
        return root;
    }

    // As is-system-running does, it fails unless all is well.
    private static void Tool(TemporaryDirectory root, string name, string says)
    {
        var path = root.File($"usr/bin/{name}");
        File.WriteAllText(path, $"#!/bin/sh\necho '{says}'\nexit 1\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
