using Kilonova.Crds;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Benchmarks.Scheduling;

/// <summary>What it costs to ask for more than room: extra specs, a query, a group, providers below the host.</summary>
internal static class WishesLane
{
    private const int Hosts = 10_000;

    public static void Run()
    {
        var fleet = new Fleet(Hosts);
        var snapshot = new Snapshot();
        for (var i = 0; i < Hosts; i++) snapshot.Apply(Dressed(fleet.Facts[i], i));
        var scheduler = new Scheduler(new SchedulerConfiguration());
        var table = new Table("a decision that asks for", "p50", "p99", "CPU", "bytes", "hosts that are left");
        foreach (var (what, request) in Wishes(fleet))
        {
            var trace = new DecisionTrace();
            var decision = scheduler.Decide(snapshot, request, trace);
            if (decision.Host is null) throw new InvalidOperationException($"{what}: {decision.Message}");
            var measured = Measurement.Of(() => scheduler.Decide(snapshot, request), 0.5);
            table.Add(what, Table.Time(measured.P50), Table.Time(measured.P99), Table.Time(measured.CpuMicroseconds), Table.Count(measured.Bytes), Table.Count(trace.Order.Count));
        }

        table.Print("Wishes: one decision at 10,000 hosts with 20 aggregates of metadata, every default filter and weigher");
    }

    private static HostFacts Dressed(HostFacts facts, int i) => facts with
    {
        Aggregates =
        [
            new AggregateFacts($"rack{i % 16:00}", new Dictionary<string, string> { ["rack"] = $"r{i % 16}", ["ssd"] = i % 4 == 0 ? "true" : "false" }),
            new AggregateFacts($"tenants{i % 4}", new Dictionary<string, string> { ["filter_tenant_id"] = i % 4 == 3 ? "other" : "ns, other" }),
        ],
        Capabilities = new HostCapabilities
        {
            HypervisorVersion = 7_002_000, HostIP = $"10.{i / 65536}.{i / 256 % 256}.{i % 256}", CpuFeatures = ["aes", "avx2"],
            CpuInfo = i % 2 == 0 ? """{"vendor":"AMD","topology":{"cores":64}}""" : """{"vendor":"Intel","topology":{"cores":32}}""",
            SupportedGuests = [new("x86_64", "kvm", "hvm"), new("x86_64", "qemu", "hvm")],
        },
        Activity = new HostActivity { IoOperations = i % 5, FailedBuilds = i % 100 == 0 ? 1 : 0 },
        Inventory = i % 10 == 0
            ? new EffectiveInventory(facts.Inventory.Inventories) { Children = [Gpu("gpu0"), Gpu("gpu1")], Traits = facts.Inventory.Traits, Numa = facts.Inventory.Numa }
            : facts.Inventory,
    };

    private static Provider Gpu(string name) => new() { Name = name, Parent = "", Inventories = [new("VGPU", 8, 0, 1, 8, 1, 1)] };

    private static IEnumerable<(string What, SchedulingRequest Request)> Wishes(Fleet fleet)
    {
        var plain = Fleet.Plain("new") with { Project = "ns" };
        SchedulingRequest With(params (string Key, string Value)[] specs) => plain with { Flavor = plain.Flavor! with { ExtraSpecs = specs.ToDictionary(s => s.Key, s => s.Value) } };
        var members = Enumerable.Range(0, 100).Select(i => new GroupMemberFacts(fleet.Facts[i * 7].Allocations[0].Id, null)).ToList();
        ServerGroupFacts Group(ServerGroupPolicy policy) => new() { Policy = policy, Members = [.. members] };
        yield return ("nothing more", plain);
        yield return ("metadata of aggregates", With(("aggregate_instance_extra_specs:ssd", "true")));
        yield return ("a CPU vendor and cores", With(("capabilities:cpu_info:vendor", "AMD"), ("capabilities:cpu_info:topology:cores", ">= 64")));
        yield return ("an architecture", plain with { Image = new ImageSpec { Properties = new Dictionary<string, string> { ["hw_architecture"] = "x86_64" } } });
        yield return ("a range of addresses", plain with { HostCidr = "10.0.16.0/20" });
        yield return ("a query", plain with { Query = """["and", [">=", "$free_ram_mb", 65536], ["<", "$num_io_ops", 2]]""" });
        yield return ("another host than 100 servers", plain with { DifferentHostFrom = [.. members.Select(m => m.InstanceID)] });
        yield return ("a group of 100, apart", plain with { Group = Group(ServerGroupPolicy.AntiAffinity) });
        yield return ("a group of 100, apart if can be", plain with { Group = Group(ServerGroupPolicy.SoftAntiAffinity) });
        yield return ("a GPU below the host", plain with { Resources = [.. plain.Resources, new("VGPU", 1)] });
        yield return ("two GPUs apart", plain with { GroupPolicy = "isolate", Groups = [new RequestGroup { Suffix = "1", Resources = [new("VGPU", 1)] }, new RequestGroup { Suffix = "2", Resources = [new("VGPU", 1)] }] });
    }
}
