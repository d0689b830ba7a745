using System.IO.Compression;
using System.Text.Json;
using Kilonova.Crds;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

/// <summary>Answers of Nova's own scheduler to seeded cases (vectors/README.md): survivors exactly, weights to 1e-9.</summary>
public sealed class NovaVectorTests
{
    private static readonly string[] Known = [ComputeFilter.FilterName, AvailabilityZoneFilter.FilterName];
    private static readonly string[] Weighers = ["CPUWeigher", "DiskWeigher", "RAMWeigher"];

    [Fact]
    public void Survivors_of_each_filter_are_Novas()
    {
        var compared = 0;
        foreach (var (name, vector, request, answer) in Requests())
        {
            var filters = answer.GetProperty("filters").EnumerateArray().ToList();
            if (filters.Count == 0) continue;
            // Nova's "initial" is after forced and requested destinations.
            var initial = Names(answer.GetProperty("initial")).ToHashSet();
            var snapshot = Given.Snapshot(Hosts(vector).Where(h => initial.Contains(h.Name)));
            var enabled = filters.Select(f => f.GetProperty("filter").GetString()!).Where(f => Known.Contains(f)).ToList();
            var scheduler = new Scheduler(new SchedulerConfiguration { EnabledFilters = [.. enabled] });
            var trace = new DecisionTrace();
            scheduler.Decide(snapshot, Given.NoResources(request.GetProperty("availability_zone").GetString()), trace);
            var left = Names(answer.GetProperty("initial"));
            foreach (var filter in filters)
            {
                left = trace.Steps.FirstOrDefault(s => s.Step == filter.GetProperty("filter").GetString())?.Survivors ?? left;
                Assert.True(left.SequenceEqual(Names(filter.GetProperty("hosts"))), $"{name}: {filter} but we: {string.Join(' ', left)}");
                compared++;
            }
        }

        Assert.InRange(compared, 250, int.MaxValue);
    }

    [Fact]
    public void Weights_and_order_are_Novas()
    {
        var (compared, orders) = (0, 0);
        foreach (var (name, vector, _, answer) in Requests())
        {
            var weighers = answer.GetProperty("weighers").EnumerateArray().ToList();
            if (weighers.Count == 0) continue;
            var survivors = weighers[0].GetProperty("raw").EnumerateObject().Select(p => p.Name).ToHashSet();
            var snapshot = Given.Snapshot(Hosts(vector).Where(h => survivors.Contains(h.Name)));
            var scheduler = new Scheduler(Configuration(vector) with
            {
                EnabledFilters = [], EnabledWeighers = [.. Weighers.Where(w => weighers.Exists(x => x.GetProperty("weigher").GetString() == w))],
            });
            var trace = new DecisionTrace();
            scheduler.Decide(snapshot, Given.NoResources(), trace);
            foreach (var weigher in weighers)
            {
                var ours = trace.Weighers.Single(w => w.Weigher == weigher.GetProperty("weigher").GetString());
                foreach (var value in ours.Values)
                {
                    Close($"{name} {ours.Weigher} raw {value}", weigher.GetProperty("raw").GetProperty(value.Host).GetDouble(), value.Raw);
                    Close($"{name} {ours.Weigher} normalized {value}", weigher.GetProperty("normalized").GetProperty(value.Host).GetDouble(), value.Normalized);
                    Close($"{name} {ours.Weigher} multiplier {value}", weigher.GetProperty("multiplier").GetProperty(value.Host).GetDouble(), value.Multiplier);
                    compared++;
                }
            }

            if (!answer.TryGetProperty("total", out var total)) continue;
            Assert.Equal(Names(answer.GetProperty("order")), trace.Order.Select(o => o.Name));
            foreach (var (host, weight) in trace.Order.Select(o => (o.Name, o.Weight))) Close($"{name} total {host}", total.GetProperty(host).GetDouble(), weight);
            orders++;
        }

        Assert.InRange(compared, 3000, int.MaxValue);
        Assert.InRange(orders, 15, int.MaxValue);
    }

    internal static IEnumerable<JsonElement> Read(string file)
    {
        using var stream = typeof(NovaVectorTests).Assembly.GetManifestResourceStream(file) ?? throw new FileNotFoundException(file);
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        while (reader.ReadLine() is { } line) yield return JsonDocument.Parse(line).RootElement;
    }

    private static IEnumerable<(string Name, JsonElement Vector, JsonElement Request, JsonElement Answer)> Requests()
    {
        foreach (var vector in Read("schedule.jsonl.gz"))
            foreach (var (request, answer) in vector.GetProperty("requests").EnumerateArray().Zip(vector.GetProperty("answers").EnumerateArray()))
                yield return ($"{vector.GetProperty("id")}/{request.GetProperty("id")}", vector, request, answer);
    }

    private static SchedulerConfiguration Configuration(JsonElement vector)
    {
        var multipliers = vector.GetProperty("weigher_multipliers");
        return new SchedulerConfiguration
        {
            RamWeightMultiplier = Number(multipliers, "ram_weight_multiplier") ?? 1.0,
            CpuWeightMultiplier = Number(multipliers, "cpu_weight_multiplier") ?? 1.0,
            DiskWeightMultiplier = Number(multipliers, "disk_weight_multiplier") ?? 1.0,
        };
    }

    private static IEnumerable<HostFacts> Hosts(JsonElement vector)
    {
        var known = vector.GetProperty("aggregates").EnumerateArray().ToDictionary(a => a.GetProperty("id").GetInt64(), a => a.GetProperty("metadata"));
        foreach (var host in vector.GetProperty("hosts").EnumerateArray())
        {
            var metadata = host.GetProperty("aggregates").EnumerateArray()
                .Select(a => a.ValueKind == JsonValueKind.Object ? a.GetProperty("metadata") : known[a.GetInt64()])
                .Select(m => m.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!)).ToList();
            var aggregates = metadata.Select((m, i) => Given.Aggregate($"agg{i}", metadata: m)).ToList();
            long Whole(string key) => (long)Number(host, key)!.Value;
            double Ratio(string key) => Number(host, key)!.Value;
            var service = host.TryGetProperty("service", out var s) ? s : default;
            bool Says(string key, bool otherwise) => service.ValueKind == JsonValueKind.Object && service.TryGetProperty(key, out var v) ? v.GetBoolean() : otherwise;
            yield return new HostFacts
            {
                Name = host.GetProperty("name").GetString()!,
                Inventory = new EffectiveInventory(
                [
                    new(ResourceClass.Vcpu, Whole("vcpus"), 0, 1, Whole("vcpus"), 1, Ratio("cpu_allocation_ratio")),
                    new(ResourceClass.MemoryMb, Whole("memory_mb"), 0, 1, Whole("memory_mb"), 1, Ratio("ram_allocation_ratio")),
                    new(ResourceClass.DiskGb, Whole("disk_gb"), 0, 1, Whole("disk_gb"), 1, Ratio("disk_allocation_ratio")),
                ]),
                Allocations = [new Allocation
                {
                    Id = "used", ClaimID = "c", Holder = "Server/a/b",
                    Resources = new Dictionary<string, long>
                    {
                        [ResourceClass.Vcpu] = Whole("vcpus_used"),
                        [ResourceClass.MemoryMb] = Number(host, "free_ram_mb") is { } freeRam ? Whole("memory_mb") - (long)freeRam : Whole("memory_mb_used"),
                        [ResourceClass.DiskGb] = Number(host, "free_disk_gb") is { } freeDisk ? Whole("disk_gb") - (long)freeDisk : Whole("disk_gb_used"),
                    },
                }],
                // Nova's clock: a service is up that reported within the last 60 s.
                Up = (service.ValueKind == JsonValueKind.Object && Number(service, "age") is { } age ? age <= 60 : Says("up", true)) && !Says("forced_down", false),
                Disabled = Says("disabled", false),
                DiskAvailableLeastGiB = (long?)Number(host, "disk_available_least"),
                Zones = [.. metadata.Where(m => m.ContainsKey("availability_zone"))
                    .SelectMany(m => m["availability_zone"].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct()],
                WeightMultipliers = AggregateMetadata.Multipliers(aggregates),
            };
        }
    }

    private static double? Number(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static IReadOnlyList<string> Names(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetString()!)];

    private static void Close(string what, double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-9 * Math.Max(1, Math.Abs(expected)), $"{what}: Nova has {expected}, we {actual}");
}
