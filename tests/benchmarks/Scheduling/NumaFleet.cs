using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Benchmarks.Scheduling;

/// <summary>Hosts of two sockets, 64 cores and 128 threads, of which 120 are for guests that pin; half full with pinned guests of one to sixteen CPUs.</summary>
internal sealed class NumaFleet
{
    private static readonly HypervisorSpec Word = new() { CpuSharedSet = "0-1,32-33,64-65,96-97", CpuDedicatedSet = "2-31,34-63,66-95,98-127" };
    private static readonly FlavorSpec[] Sizes =
    [
        Pinned(1, 2048), Pinned(2, 4096), Pinned(4, 8192), Pinned(8, 16384), Pinned(16, 32768, ("hw:numa_nodes", "2")), Pinned(4, 8192, ("hw:cpu_thread_policy", "require")),
    ];

    private readonly ResourceProviderSpec facts = new()
    {
        HostID = "id",
        Inventories = [new() { ResourceClass = "VCPU", Total = 128 }, new() { ResourceClass = "MEMORY_MB", Total = 512 * 1024 }, new() { ResourceClass = "DISK_GB", Total = 8000 }],
        NumaCells = [Cell(0), Cell(1)],
    };

    private readonly NumaLayout layout;
    private readonly Random random = new(20260102);

    public NumaFleet(int hosts, double full = 0.5)
    {
        layout = NumaLayout.Of(NumaFacts.Of(facts, Word, new OvercommitLimits(4, 1))!);
        Providers = [.. Enumerable.Range(0, hosts).Select(i => Provider(i, full))];
        Facts = [.. Enumerable.Range(0, hosts).Select(FactsOf)];
    }

    public ResourceProvider[] Providers { get; }

    public HostFacts[] Facts { get; }

    public static FlavorSpec Pinned(int vcpus, long memoryMiB, params ReadOnlySpan<(string Key, string Value)> specs)
    {
        var map = new Dictionary<string, string> { ["hw:cpu_policy"] = "dedicated" };
        foreach (var (key, value) in specs) map[key] = value;
        return new FlavorSpec { Vcpus = vcpus, MemoryMiB = memoryMiB, RootGiB = 40, ExtraSpecs = map };
    }

    public static SchedulingRequest Request(string id, FlavorSpec flavor) =>
        SchedulingRequest.For(new Server { Metadata = new ObjectMeta { Name = id, Uid = id }, Spec = new ServerSpec { Flavor = "pinned" } }, flavor, null);

    public HostTopology Topology(int host) => layout.With(Providers[host].Status!.Allocations!);

    public HostFacts FactsOf(int host) => HostFacts.Of(new Hypervisor { Metadata = new ObjectMeta { Name = $"host-{host:00000}" }, Spec = Word }, Providers[host], [], up: true);

    public Snapshot Snapshot()
    {
        var snapshot = new Snapshot();
        foreach (var host in Facts) snapshot.Apply(host);
        return snapshot;
    }

    private ResourceProvider Provider(int i, double full)
    {
        var entries = new List<Allocation>();
        var host = layout.With([]);
        // Guests come and go: some leave holes.
        for (var pinned = 0; pinned < 120 * full;)
        {
            var id = RandomGuid().ToString();
            var entry = Ledger.Expect(host, Request(id, Sizes[random.Next(Sizes.Length)]), new ClaimIdentity(id, 1, RandomGuid().ToString("N"), $"Server/ns/server-{random.Next()}"));
            if (entry.Cells is null) break;
            entries.Add(entry);
            if (random.Next(4) == 0) entries.RemoveAt(random.Next(entries.Count));
            host = layout.With(entries);
            pinned = host.Cells.Sum(c => c.PinnedCpus.Count);
        }

        return new ResourceProvider
        {
            Metadata = new ObjectMeta { Name = $"host-{i:00000}", ResourceVersion = "1" },
            Spec = facts,
            Status = new ResourceProviderStatus { Allocations = [.. entries.OrderBy(a => a.Id, StringComparer.Ordinal)] },
        };
    }

    private static NumaCell Cell(int id) => new()
    {
        Id = id,
        Socket = id,
        Cpus = $"{id * 32}-{(id * 32) + 31},{64 + (id * 32)}-{95 + (id * 32)}",
        Siblings = [.. Enumerable.Range(id * 32, 32).Select(c => $"{c},{c + 64}")],
        MemoryMiB = 256 * 1024,
        Pages = new Dictionary<string, long> { ["4"] = 192L * 1024 * 256, ["2048"] = 32 * 1024 },
    };

    private Guid RandomGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
