using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Conformance;

/// <summary>The hosts of a scenario as facts, with what each decision takes of them.</summary>
internal sealed class ScheduleWorld
{
    private readonly Dictionary<string, HostFacts> hosts = new(StringComparer.Ordinal);

    /// <summary>Reads the hosts of a scenario.</summary>
    public ScheduleWorld(JsonObject scenario)
    {
        var aggregates = (scenario["aggregates"] as JsonArray ?? []).ToDictionary(a => a!["id"]!.ToString(), a => a!["metadata"] as JsonObject ?? []);
        foreach (var node in scenario["hosts"] as JsonArray ?? [])
        {
            var facts = Facts(node!.AsObject(), aggregates) with { Topology = Topology(node.AsObject(), scenario["conf"]) };
            hosts[facts.Name] = facts;
            Order.Add(facts.Name);
        }
    }

    /// <summary>Names in the scenario's order.</summary>
    public List<string> Order { get; } = [];

    /// <summary>A host as it is now.</summary>
    public HostFacts this[string name] => hosts[name];

    /// <summary>A snapshot with the hosts in an order: it decides among equals.</summary>
    public Snapshot Snapshot(IEnumerable<string> order)
    {
        var snapshot = new Snapshot();
        foreach (var name in order) snapshot.Apply(hosts[name]);
        return snapshot;
    }

    /// <summary>Takes what an instance of a flavor takes, room or not: placement is not asked here.</summary>
    /// <param name="limited">Whether the NUMA filter was asked: only then does Nova look at overcommit.</param>
    public NumaConsumption Consume(string name, FlavorSpec flavor, NumaWishes wishes, bool limited, string? groupedInstance, int number)
    {
        var facts = hosts[name];
        var numa = NumaConsumption.Of(facts.Topology!, wishes, limited);
        var disk = flavor.RootGiB + (flavor.EphemeralGiB ?? 0);
        var taken = Entry($"consumed-{number}", flavor.Vcpus, flavor.MemoryMiB, disk);
        List<Allocation> allocations = [.. facts.Allocations, taken];
        if (groupedInstance is not null && !allocations.Exists(a => a.Id == groupedInstance)) allocations.Add(Entry(groupedInstance, 0, 0, 0));
        hosts[name] = facts with
        {
            Topology = numa.Host,
            Allocations = allocations,
            DiskAvailableLeastGiB = facts.DiskAvailableLeastGiB - disk,
            Activity = facts.Activity with { Instances = facts.Activity.Instances + 1, IoOperations = facts.Activity.IoOperations + (numa.Completed ? 1 : 0) },
        };
        return numa;
    }

    /// <summary>Replaces a host.</summary>
    public void Set(HostFacts facts) => hosts[facts.Name] = facts;

    /// <summary>The figures of a host after a decision, as the vectors have them.</summary>
    public JsonObject After(string name)
    {
        var facts = hosts[name];
        long Free(string resourceClass) => facts.Inventory.TryGet(resourceClass, out var inventory) ? inventory.Total - inventory.Reserved - Used(facts, resourceClass) : 0;
        return new JsonObject
        {
            ["free_disk_mb"] = Math.Min(Free(ResourceClass.DiskGb), facts.DiskAvailableLeastGiB ?? long.MaxValue) * 1024,
            ["free_ram_mb"] = Free(ResourceClass.MemoryMb),
            ["num_instances"] = facts.Activity.Instances,
            ["num_io_ops"] = facts.Activity.IoOperations,
            ["vcpus_used"] = Used(facts, ResourceClass.Vcpu),
            ["pci_free"] = new JsonArray([.. facts.Topology!.Pci!.Pools.Select(p => p.Count).Where(c => c > 0).Select(c => (JsonNode)c)]),
            ["pinned_cpus"] = new JsonObject(facts.Topology.Cells.Select(c => KeyValuePair.Create(c.Id.ToString(CultureInfo.InvariantCulture), (JsonNode?)c.PinnedCpus.Count))),
        };
    }

    private static HostTopology Topology(JsonObject host, JsonNode? conf) => NumaHost.Topology(
        host["numa_topology"]?["cells"] as JsonArray ?? [],
        new OvercommitLimits(Number(host, "cpu_allocation_ratio") ?? 1, Number(host, "ram_allocation_ratio") ?? 1),
        conf?["compute.packing_host_numa_cells_allocation_strategy"]?.GetValue<bool>() == true,
        host["pci_pools"] as JsonArray ?? []);

    private static long Used(HostFacts facts, string resourceClass) => facts.Allocations.Sum(a => a.Resources.TryGetValue(resourceClass, out var amount) ? amount : 0);

    private static Allocation Entry(string id, long vcpus, long memory, long disk) => new()
    {
        Id = id,
        ClaimID = "c",
        Holder = "Server/a/b",
        Resources = new Dictionary<string, long> { [ResourceClass.Vcpu] = vcpus, [ResourceClass.MemoryMb] = memory, [ResourceClass.DiskGb] = disk },
    };

    private static HostFacts Facts(JsonObject host, Dictionary<string, JsonObject> known)
    {
        var name = host["name"]!.ToString();
        var aggregates = (host["aggregates"] as JsonArray ?? []).Select((a, i) => a is JsonObject own
            ? (Name: $"own-{own["id"]}-{i}", Metadata: own["metadata"] as JsonObject ?? [])
            : (Name: a!.ToString(), Metadata: known[a.ToString()])).Select(a => new AggregateFacts(a.Name, Texts(a.Metadata))).OrderBy(a => a.Name, StringComparer.Ordinal).ToList();
        var manifests = aggregates.Select(a => new Aggregate { Metadata = new() { Name = a.Name }, Spec = new() { Metadata = a.Metadata } }).ToList();
        var service = host["service"] as JsonObject;
        var up = service?["never_seen"]?.GetValue<bool>() != true
            && (Number(service, "age") is { } age ? age <= 60 : service?["up"]?.GetValue<bool>() ?? true);
        var memory = Whole(host, "memory_mb");
        var disk = Whole(host, "disk_gb");
        // What is used may be more than there is, and is not always the sum of the instances: one entry holds it, and the instances none.
        var used = Entry("used", Whole(host, "vcpus_used"), Number(host, "free_ram_mb") is { } freeMemory ? memory - (long)freeMemory : Whole(host, "memory_mb_used"),
            Number(host, "free_disk_gb") is { } freeDisk ? disk - (long)freeDisk : Whole(host, "disk_gb_used"));
        return new HostFacts
        {
            Name = name,
            Inventory = new EffectiveInventory(
            [
                new(ResourceClass.Vcpu, Whole(host, "vcpus"), 0, 1, Whole(host, "vcpus"), 1, Number(host, "cpu_allocation_ratio") ?? 1),
                new(ResourceClass.MemoryMb, memory, 0, 1, memory, 1, Number(host, "ram_allocation_ratio") ?? 1),
                new(ResourceClass.DiskGb, disk, 0, 1, disk, 1, Number(host, "disk_allocation_ratio") ?? 1),
            ]),
            Allocations = [used, .. (host["instances"] as JsonArray ?? []).Select(i => Entry(i!.ToString(), 0, 0, 0))],
            Up = up && service?["forced_down"]?.GetValue<bool>() != true,
            Disabled = service?["disabled"]?.GetValue<bool>() == true,
            DisabledReason = service?["disabled_reason"]?.ToString(),
            Aggregates = aggregates,
            Zones = Zones(host, aggregates),
            WeightMultipliers = AggregateMetadata.MultipliersOf(manifests),
            DiskAvailableLeastGiB = (long?)Number(host, "disk_available_least"),
            Capabilities = new HostCapabilities
            {
                HostID = host["uuid"]?.ToString(),
                NodeName = host["nodename"]?.ToString(),
                HostIP = host["host_ip"]?.ToString(),
                Cell = host["cell_uuid"]?.ToString(),
                HypervisorType = host["hypervisor_type"]?.ToString() ?? "QEMU",
                HypervisorVersion = (long)(Number(host, "hypervisor_version") ?? 0),
                CpuInfo = host["cpu_info"] switch { null => null, JsonValue text => text.ToString(), var node => node.ToJsonString() },
                SupportedGuests = [.. (host["supported_instances"] as JsonArray ?? []).Select(g => new SupportedGuest(g![0]!.ToString(), g[1]!.ToString(), g[2]!.ToString()))],
                Stats = Texts(host["stats"] as JsonObject ?? []),
            },
            Activity = new HostActivity
            {
                IoOperations = (int)Whole(host, "num_io_ops"),
                FailedBuilds = (int)Whole(host, "failed_builds"),
                Instances = (int)Whole(host, "num_instances"),
                Metrics = (host["metrics"] as JsonArray)?.DistinctBy(m => m!["name"]!.ToString()).ToDictionary(m => m!["name"]!.ToString(), m => Metric(m!["name"]!.ToString(), m["value"]!.GetValue<double>())),
            },
        };
    }

    /// <summary>Shares are kept as fractions, and read as per cent.</summary>
    private static double Metric(string name, double value) => name.EndsWith(".percent", StringComparison.Ordinal) ? value * 100 : value;

    /// <summary>Nova's zones are metadata, with commas; ours are a field of the Aggregate.</summary>
    private static string[] Zones(JsonObject host, IEnumerable<AggregateFacts> aggregates) =>
        [.. aggregates.Select(a => a.Metadata.GetValueOrDefault("availability_zone")).Append(host["az"]?.ToString()).Where(z => z is not null)
            .SelectMany(z => z!.Split(',', StringSplitOptions.TrimEntries)).Distinct().Order(StringComparer.Ordinal)];

    public static Dictionary<string, string> Texts(JsonObject map) => map.ToDictionary(p => p.Key, p => p.Value switch
    {
        null => "",
        JsonValue value when value.GetValueKind() == JsonValueKind.True => "True",
        JsonValue value when value.GetValueKind() == JsonValueKind.False => "False",
        var value => value.ToString(),
    });

    private static long Whole(JsonObject map, string key) => (long)(Number(map, key) ?? 0);

    private static double? Number(JsonObject? map, string key) =>
        map?[key] is JsonValue value ? value.GetValueKind() == JsonValueKind.Number ? value.GetValue<double>() : double.TryParse(value.ToString(), CultureInfo.InvariantCulture, out var parsed) ? parsed : null : null;
}
