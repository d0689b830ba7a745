using System.Globalization;
using System.Text.RegularExpressions;
using Kilonova.Benchmarks.Clusters;
using Kilonova.Integration.Cluster;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Events;

namespace Kilonova.Benchmarks.Boot;

/// <summary>A host with QEMU, seen through a connection of ours to its libvirtd, through the log of its agent, and through its guests' consoles.</summary>
internal sealed partial class BenchHost : IAsyncDisposable
{
    private const string DomainPrefix = "kilonova-";
    private static readonly TimeSpan ConsoleLimit = TimeSpan.FromMinutes(2);

    private readonly BenchCluster cluster;
    private readonly Task following;

    private BenchHost(BenchCluster cluster, TestHost host, LibvirtHost libvirt)
    {
        this.cluster = cluster;
        Host = host;
        Libvirt = libvirt;
        following = FollowAsync();
    }

    /// <summary>Its files and commands.</summary>
    public TestHost Host { get; }

    /// <summary>Its libvirtd.</summary>
    public LibvirtHost Libvirt { get; }

    /// <summary>Connects. The socket is in a mount namespace of the host; its libvirtd's root leads there.</summary>
    public static async Task<BenchHost> ConnectAsync(BenchCluster cluster, string name)
    {
        var host = cluster.Parts.Host(name);
        var pid = (await host.ExecAsync("cat", "/run/libvirtd.pid")).Ensured.Trim();
        var libvirt = new LibvirtHost($"qemu+unix:///system?socket=/proc/{pid}/root/run/libvirt/libvirt-sock");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await libvirt.ConnectAsync(limit.Token);
        return new BenchHost(cluster, host, libvirt);
    }

    /// <summary>Waits until a guest has said its first line, having looked every 10 ms.</summary>
    public static async Task SpokenAsync(string consoleFile)
    {
        using var limit = new CancellationTokenSource(ConsoleLimit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!File.Exists(consoleFile) || !(await File.ReadAllTextAsync(consoleFile, limit.Token)).Contains("kilonova-guest: ", StringComparison.Ordinal))
            await timer.WaitForNextTickAsync(limit.Token);
    }

    /// <summary>What the agent says of a build of its own.</summary>
    public AgentTimes TimesOf(string instanceID)
    {
        var lines = cluster.Parts.Log($"agent-{Host.Name}").Split('\n').Where(line => line.Contains(instanceID, StringComparison.Ordinal)).ToList();
        var prepared = Last(Prepared());
        return new AgentTimes(Milliseconds(prepared, 1), Milliseconds(prepared, 2), Milliseconds(prepared, 3), Milliseconds(prepared, 4), Milliseconds(Last(Started()), 1));

        Match Last(Regex pattern) =>
            lines.Select(line => pattern.Match(line)).LastOrDefault(match => match.Success) ?? throw new InvalidOperationException($"The agent's log says nothing like {pattern} of {instanceID}:\n{string.Join('\n', lines)}");
    }

    public async ValueTask DisposeAsync()
    {
        await Libvirt.DisposeAsync();
        await following;
    }

    private async Task FollowAsync()
    {
        await foreach (var next in Libvirt.Events.ReadAllAsync())
        {
            if (next is not DomainLifecycleEvent { Change: LifecycleChange.Defined or LifecycleChange.Started } change || !change.Domain.Name.StartsWith(DomainPrefix, StringComparison.Ordinal))
                continue;
            cluster.Seen.Note(change.Domain.Name[DomainPrefix.Length..], change.Change == LifecycleChange.Defined ? Milestone.Defined : Milestone.Started);
        }
    }

    private static TimeSpan Milliseconds(Match match, int group) => TimeSpan.FromMilliseconds(double.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\(image (\d+), disks (\d+), config drive (\d+), define (\d+)\)")]
    private static partial Regex Prepared();

    [GeneratedRegex(@": started in (\d+) ms")]
    private static partial Regex Started();
}

/// <summary>Parts of a build, as the agent measured them.</summary>
internal sealed record AgentTimes(TimeSpan Image, TimeSpan Disks, TimeSpan ConfigDrive, TimeSpan Define, TimeSpan Start);
