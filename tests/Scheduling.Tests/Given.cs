using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

/// <summary>Hosts, requests and objects for tests, with only what the test is about spelled out.</summary>
internal static class Given
{
    public static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static EffectiveInventory Inventory(long vcpus = 16, long memory = 32768, long disk = 1000) => new(
    [
        new(ResourceClass.Vcpu, vcpus, 0, 1, vcpus, 1, 1.0),
        new(ResourceClass.MemoryMb, memory, 0, 1, memory, 1, 1.0),
        new(ResourceClass.DiskGb, disk, 0, 1, disk, 1, 1.0),
    ]);

    public static HostFacts Host(string name = "host", long vcpus = 16, long memory = 32768, long disk = 1000) =>
        new() { Name = name, Inventory = Inventory(vcpus, memory, disk) };

    public static Snapshot Snapshot(params IEnumerable<HostFacts> hosts)
    {
        var snapshot = new Snapshot();
        foreach (var host in hosts) snapshot.Apply(host);
        return snapshot;
    }

    public static SchedulingRequest Request(long vcpus = 2, long memory = 2048, long disk = 20, string id = "wanted", string? zone = null) => new()
    {
        InstanceID = id,
        Resources = SchedulingRequest.Canonical([new(ResourceClass.Vcpu, vcpus), new(ResourceClass.MemoryMb, memory), new(ResourceClass.DiskGb, disk)]),
        AvailabilityZone = zone,
    };

    public static SchedulingRequest NoResources(string? zone = null) => new() { InstanceID = "wanted", Resources = ImmutableArray<ResourceAmount>.Empty, AvailabilityZone = zone };

    public static Allocation Entry(string id, long vcpus = 0, long memory = 0, long disk = 0, long epoch = 1, string holder = "Server/ns/name") => new()
    {
        Id = id,
        Epoch = epoch,
        ClaimID = "claim-" + id,
        Holder = holder,
        Resources = SchedulingRequest.Canonical([new(ResourceClass.Vcpu, vcpus), new(ResourceClass.MemoryMb, memory), new(ResourceClass.DiskGb, disk)])
            .ToDictionary(r => r.ResourceClass, r => r.Amount),
    };

    public static ResourceProvider Provider(params IReadOnlyList<Allocation> allocations) => new()
    {
        Metadata = new ObjectMeta { Name = "host" },
        Spec = new ResourceProviderSpec { HostID = "id" },
        Status = new ResourceProviderStatus { Allocations = allocations },
    };

    public static Aggregate Aggregate(string name, IReadOnlyList<string>? hosts = null, string? zone = null, Dictionary<string, string>? metadata = null) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Spec = new AggregateSpec { Hosts = hosts, AvailabilityZone = zone, Metadata = metadata },
    };

    public static Scheduler Scheduler(SchedulerConfiguration? configuration = null, SchedulerRegistry? registry = null) =>
        new(configuration ?? new SchedulerConfiguration(), registry, new Random(7));
}
