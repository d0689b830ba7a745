using System.Diagnostics;
using System.Text.Json;
using Kilonova.Crds;

namespace Kilonova.Operator.Tests.Live;

/// <summary>What the plugin says of a cluster is what the operator decided there.</summary>
public sealed class PluginTests(ControlPlane plane) : IClassFixture<ControlPlane>
{
    [Fact]
    public async Task Why_tells_of_servers_with_and_without_a_host_what_the_operator_decided()
    {
        await using var cluster = new LiveCluster(plane);
        await cluster.StartAsync();
        await cluster.Hosts.AddAsync(2, slots: 2, prefix: "asked");
        foreach (var name in new[] { "one", "two", "three", "four" })
            await cluster.CreateAsync(name);
        await Eventually.Is(() => cluster.Mine().Count(LiveCluster.IsReady) == 4, "all places are taken");
        await cluster.CreateAsync("five");
        await Eventually.Is(
            () => LiveCluster.Condition(cluster.Seen("five"), "Scheduled")?.Reason == "NoValidHost" && cluster.Seen("five")!.Status!.Scheduling is not null,
            "the fifth has no host", describe: () => LiveCluster.Describe(cluster.Seen("five")));

        var nowhere = await AskAsync(1, "why", "five", "-n", cluster.Project);
        var condition = LiveCluster.Condition(cluster.Seen("five"), "Scheduled")!;
        Assert.StartsWith(nowhere.GetProperty("message").GetString()!, condition.Message, StringComparison.Ordinal);
        var report = cluster.Seen("five")!.Status!.Scheduling!;
        Assert.Equal(report.NearestMiss, nowhere.GetProperty("nearestMiss").GetString());
        Assert.Equal(
            report.Samples!.Select(s => (s.Host, s.Filter, s.Message)),
            nowhere.GetProperty("rejected").EnumerateArray().Select(r => (r.GetProperty("host").GetString()!, r.GetProperty("step").GetString()!, r.GetProperty("message").GetString()!)));

        // Its own place is the only one that is free when it is taken off it.
        var placed = await AskAsync(0, "why", "one", "-n", cluster.Project);
        Assert.Equal(cluster.Seen("one")!.Status!.Host, placed.GetProperty("boundTo").GetString());
        Assert.Equal(cluster.Seen("one")!.Status!.Host, placed.GetProperty("host").GetString());
        Assert.Equal(cluster.Seen("one")!.Status!.ClaimID, placed.GetProperty("held").GetProperty("claimID").GetString());

        Assert.Equal(0, (await AskAsync(1, "capacity", "--flavor", cluster.Flavor, "-n", cluster.Project)).GetProperty("fits").GetInt32());
        await Task.WhenAll(cluster.Mine().Select(s => cluster.DeleteAsync(s.Metadata.Name!)));
        await cluster.NothingLeftAsync();
        Assert.Equal(4, (await AskAsync(0, "capacity", "--flavor", cluster.Flavor, "-n", cluster.Project)).GetProperty("fits").GetInt32());
    }

    private async Task<JsonElement> AskAsync(int code, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "kubectl-kilonova.dll"), .. arguments, "-o", "json", "--kubeconfig", plane.Kubeconfig])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == code, $"ended with {process.ExitCode}: {await error}{await output}");
        using var json = JsonDocument.Parse(await output);
        return json.RootElement.TryGetProperty("server", out var server) ? server.Clone() : json.RootElement.Clone();
    }
}
