using System.Globalization;
using Kilonova.Benchmarks.Clusters;
using Kilonova.Integration.Cluster;

namespace Kilonova.Benchmarks;

/// <summary>What operator and agent cost when there is nothing to do: ten guests run on one host with QEMU, and nothing of them changes.</summary>
internal static class IdleLane
{
    private const int Guests = 10;
    private const int AgentPort = 9105;
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(LaneOptions options, Figures figures)
    {
        var window = TimeSpan.FromSeconds(options.Number("--seconds", 60));
        var settle = TimeSpan.FromSeconds(options.Number("--settle", 60));
        options.End();
        await using var cluster = await BenchCluster.StartAsync(new ClusterShape(Hosts: 1, AgentArguments: $"--listen 0.0.0.0:{AgentPort}"));
        var host = cluster.Parts.Host(cluster.Parts.Hosts[0]);
        var ids = await cluster.CreateAsync("idle", Guests);
        await cluster.WaitAsync(ids, Milestone.Active);
        await RequestCounts.SettledAsync(cluster.Parts.Kubectl);

        // What the start made hot is compiled in the background for a while; a process that has run for a day does none of that.
        await Task.Delay(settle);

        using var http = new HttpClient();
        var components = new[]
        {
            new Component("operator-1", MetricsOf($"127.0.0.1:{(await File.ReadAllTextAsync(Path.Combine(cluster.Parts.Directory, "ports", "operator-1"))).Trim()}"), 150),
            new Component($"agent-{host.Name}", MetricsOf($"{await AddressAsync(host)}:{AgentPort}"), 120),
        };
        var table = new Table($"{Guests} guests, {window.TotalSeconds:0} s", "RSS", "CPU", "of a core, median of 20 s", "requests per min", "which");
        var before = new List<(IReadOnlyDictionary<string, long> Requests, ProcessUsage Usage)>();
        foreach (var component in components)
            before.Add((await ClientRequests.ReadAsync(http, component.Metrics), ProcessUsage.Of(cluster.Parts, component.Name)));

        // In slices as long as a heartbeat's period; the median one is judged.
        var slices = (int)Math.Ceiling(window / Slice);
        var cpu = components.Select(_ => new List<TimeSpan>()).ToArray();
        for (var slice = 0; slice < slices; slice++)
        {
            var began = components.Select(c => ProcessUsage.Of(cluster.Parts, c.Name).Cpu).ToArray();
            await Task.Delay(window / slices);
            for (var i = 0; i < components.Length; i++)
                cpu[i].Add(ProcessUsage.Of(cluster.Parts, components[i].Name).Cpu - began[i]);
        }

        foreach (var ((component, (requests, usage)), used) in components.Zip(before).Zip(cpu))
        {
            var after = ProcessUsage.Of(cluster.Parts, component.Name);
            var sent = (await ClientRequests.ReadAsync(http, component.Metrics)).ToDictionary(r => r.Key, r => (r.Value - requests.GetValueOrDefault(r.Key)) / window.TotalMinutes);
            var core = used.Order().ElementAt(slices / 2) / (window / slices);
            table.Add(
                component.Name, Megabytes(after.ResidentBytes / 1e6), Table.Time((after.Cpu - usage.Cpu).TotalMicroseconds), Percent(core * 100), Number(sent.Values.Sum()),
                string.Join(", ", sent.Where(s => s.Value > 0).OrderByDescending(s => s.Value).Select(s => $"{s.Key} {Number(s.Value)}")));
            figures.AtMost($"{component.Name} idle: RSS", after.ResidentBytes / 1e6, component.MegabytesLimit, Megabytes);
            figures.AtMost($"{component.Name} idle: CPU, of a core", core * 100, 0.5, Percent);
        }

        table.Print("Idle");
    }

    private static Uri MetricsOf(string endpoint) => new($"http://{endpoint}/metrics");

    private static async Task<string> AddressAsync(TestHost host) =>
        (await host.ExecAsync("ip", "-4", "-o", "addr", "show", "eth0")).Ensured.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3].Split('/')[0];

    private static string Megabytes(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.0} MB");

    private static string Percent(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.00} %");

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private sealed record Component(string Name, Uri Metrics, double MegabytesLimit);
}
