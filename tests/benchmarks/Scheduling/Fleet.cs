using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Benchmarks.Scheduling;

/// <summary>Hosts and servers of a size that large clouds have: 64 cores with threads, 512 GiB, about half full, ten guests each.</summary>
internal sealed class Fleet
{
    private static readonly string[] Sizes = ["small", "medium", "large"];
    private readonly Random random = new(20260102);
    private readonly Aggregate[] zones;

    public Fleet(int hosts, int guestsPerHost = 10)
    {
        zones = [.. Enumerable.Range(1, 4).Select(i => new Aggregate { Metadata = new ObjectMeta { Name = $"zone{i}" }, Spec = new AggregateSpec { AvailabilityZone = $"az{i}" } })];
        Hypervisors = [.. Enumerable.Range(0, hosts).Select(Hypervisor)];
        Providers = [.. Enumerable.Range(0, hosts).Select(i => Provider(i, guestsPerHost))];
        Facts = [.. Enumerable.Range(0, hosts).Select(i => FactsOf(i))];
    }

    public Hypervisor[] Hypervisors { get; }

    public ResourceProvider[] Providers { get; }

    public HostFacts[] Facts { get; }

    public static SchedulingRequest Plain(string id, string? zone = null) => SchedulingRequest.For(
        new Server { Metadata = new ObjectMeta { Name = id, Uid = id }, Spec = new ServerSpec { Flavor = "plain", AvailabilityZone = zone } },
        new FlavorSpec { Vcpus = 4, MemoryMiB = 8192, RootGiB = 40 },
        null);

    public static SchedulingRequest TooLarge(string id) => SchedulingRequest.For(
        new Server { Metadata = new ObjectMeta { Name = id, Uid = id }, Spec = new ServerSpec { Flavor = "huge" } },
        new FlavorSpec { Vcpus = 4, MemoryMiB = 500 * 1024, RootGiB = 40 },
        null);

    /// <summary>What an operator does when it hears of a host: all of it, from the objects on.</summary>
    public HostFacts FactsOf(int host) => HostFacts.Of(Hypervisors[host], Providers[host], [zones[host % zones.Length]], up: host % 20 != 7);

    public Snapshot Snapshot()
    {
        var snapshot = new Snapshot();
        foreach (var facts in Facts) snapshot.Apply(facts);
        return snapshot;
    }

    public Allocation Guest(int vcpus, long memory, long disk) => new()
    {
        Id = RandomGuid().ToString(),
        Epoch = 1,
        ClaimID = RandomGuid().ToString(),
        Holder = $"Server/{Sizes[vcpus % 3]}/server-{random.Next()}",
        Resources = new Dictionary<string, long> { ["VCPU"] = vcpus, ["MEMORY_MB"] = memory, ["DISK_GB"] = disk },
    };

    private Hypervisor Hypervisor(int i) => new()
    {
        Metadata = new ObjectMeta { Name = $"host-{i:00000}" },
        Spec = new HypervisorSpec { Disabled = i % 33 == 5 ? true : null, DisabledReason = i % 33 == 5 ? "maintenance" : null },
    };

    private ResourceProvider Provider(int i, int guests) => new()
    {
        Metadata = new ObjectMeta { Name = $"host-{i:00000}", ResourceVersion = "1" },
        Spec = new ResourceProviderSpec
        {
            HostID = $"id-{i}",
            Inventories =
            [
                new() { ResourceClass = "VCPU", Total = 128 },
                new() { ResourceClass = "MEMORY_MB", Total = 512 * 1024 },
                new() { ResourceClass = "DISK_GB", Total = 8000 },
            ],
            Traits = [.. Enumerable.Range(0, 60).Select(t => $"HW_CPU_X86_FEATURE_{t}"), .. i % 3 == 0 ? ["CUSTOM_SSD"] : Array.Empty<string>()],
        },
        Status = new ResourceProviderStatus
        {
            Allocations = [.. Enumerable.Range(0, guests).Select(_ => Guest(1 + random.Next(16), 1024L * (1 + random.Next(48)), random.Next(1, 400))).OrderBy(a => a.Id, StringComparer.Ordinal)],
        },
    };

    private Guid RandomGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
