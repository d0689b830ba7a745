using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests.Numa;

/// <summary>Hosts with NUMA cells, and guests that ask for some.</summary>
internal static class GivenNuma
{
    /// <summary>Facts of a host: cells of so many cores of two threads each, numbered as Intel's are (siblings half of all apart).</summary>
    public static ResourceProviderSpec Facts(int cells = 2, int cores = 4, long memoryMiB = 16384)
    {
        var half = cells * cores;
        return new ResourceProviderSpec
        {
            HostID = "id",
            Inventories =
            [
                new() { ResourceClass = "VCPU", Total = half * 2 },
                new() { ResourceClass = "MEMORY_MB", Total = memoryMiB * cells },
                new() { ResourceClass = "DISK_GB", Total = 1000 },
            ],
            NumaCells = [.. Enumerable.Range(0, cells).Select(i => new NumaCell
            {
                Id = i,
                Socket = i,
                Cpus = $"{i * cores}-{((i + 1) * cores) - 1},{half + (i * cores)}-{half + ((i + 1) * cores) - 1}",
                Siblings = [.. Enumerable.Range(i * cores, cores).Select(c => $"{c},{half + c}")],
                MemoryMiB = memoryMiB,
                Pages = new Dictionary<string, long> { ["4"] = memoryMiB * 128, ["2048"] = memoryMiB / 4 },
            })],
        };
    }

    /// <summary>All CPUs pinned but one core of each cell, which is shared.</summary>
    public static HypervisorSpec AllButFirstCores(int cells = 2, int cores = 4)
    {
        var all = CpuSet.Range(0, cells * cores * 2);
        var shared = CpuSet.Of(Enumerable.Range(0, cells).SelectMany(i => new[] { i * cores, (cells * cores) + (i * cores) }));
        return new HypervisorSpec { CpuSharedSet = shared.ToString(), CpuDedicatedSet = all.Except(shared).ToString(), ReservedHostMemoryMiB = 0 };
    }

    public static ResourceProvider Provider(ResourceProviderSpec facts, params IReadOnlyList<Allocation> entries) =>
        new() { Metadata = new ObjectMeta { Name = "host" }, Spec = facts, Status = new ResourceProviderStatus { Allocations = entries } };

    public static EffectiveInventory Inventory(ResourceProviderSpec facts, HypervisorSpec hypervisor) => EffectiveInventory.Of(facts, hypervisor, []);

    public static FlavorSpec Flavor(int vcpus, long memoryMiB, params ReadOnlySpan<string> specs)
    {
        var map = new Dictionary<string, string>();
        foreach (var spec in specs)
        {
            var equals = spec.IndexOf('=', StringComparison.Ordinal);
            map[spec[..equals]] = spec[(equals + 1)..];
        }

        return new FlavorSpec { Vcpus = vcpus, MemoryMiB = memoryMiB, RootGiB = 1, ExtraSpecs = map };
    }

    public static SchedulingRequest Request(string id, FlavorSpec flavor, RequestContext? context = null) => SchedulingRequest.For(
        new Server { Metadata = new ObjectMeta { Name = id, Uid = id, Namespace = "ns" }, Spec = new ServerSpec { Flavor = "f" } }, flavor, null, null, context);

    public static GuestTopology Topology(FlavorSpec flavor)
    {
        var compiled = TopologyConstraints.Of(flavor, null);
        Assert.Null(compiled.Error);
        return compiled.Value!;
    }

    public static NumaWishes Wishes(GuestTopology topology) => new(topology, [], NumaNetworks.None);

    public static HostTopology Host(ResourceProviderSpec facts, HypervisorSpec? hypervisor, params IReadOnlyList<Allocation> entries) =>
        NumaLayout.Of(NumaFacts.Of(facts, hypervisor, new OvercommitLimits(4, 1))!).With(entries);
}
