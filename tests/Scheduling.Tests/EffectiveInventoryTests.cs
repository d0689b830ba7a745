using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

public sealed class EffectiveInventoryTests
{
    private static readonly ResourceProviderSpec Facts = new()
    {
        HostID = "id",
        Inventories =
        [
            new() { ResourceClass = "DISK_GB", Total = 100 },
            new() { ResourceClass = "CUSTOM_FPGA", Total = 2, MaxUnit = 1 },
            new() { ResourceClass = "MEMORY_MB", Total = 8192, MinUnit = 64, StepSize = 64 },
            new() { ResourceClass = "VCPU", Total = 8 },
        ],
    };

    [Fact]
    public void Nobody_says_anything_means_Novas_defaults_in_canonical_order()
    {
        Assert.Equal(
            [
                new("VCPU", 8, 0, 1, 8, 1, 4.0),
                new("MEMORY_MB", 8192, 512, 64, 8192, 64, 1.0),
                new("DISK_GB", 100, 0, 1, 100, 1, 1.0),
                new Inventory("CUSTOM_FPGA", 2, 0, 1, 1, 1, 1.0),
            ],
            EffectiveInventory.Of(Facts, null, []).Inventories);
        Assert.Equal([32L, 7680, 100, 2], EffectiveInventory.Of(Facts, null, []).Inventories.Select(i => i.Capacity));
    }

    [Fact]
    public void The_admins_word_is_taken()
    {
        var spec = new HypervisorSpec
        {
            CpuAllocationRatio = 2.5, RamAllocationRatio = 1.5, DiskAllocationRatio = 0.9, ReservedHostCpus = 1, ReservedHostMemoryMiB = 0, ReservedHostDiskGiB = 9,
        };
        Assert.Equal([17L, 12288, 81, 2], EffectiveInventory.Of(Facts, spec, []).Inventories.Select(i => i.Capacity));
    }

    [Theory]
    [InlineData(null, new string[0], 4.0)]
    [InlineData(0.0, new string[0], 4.0)]
    [InlineData(-1.0, new string[0], 4.0)]
    [InlineData(double.NaN, new string[0], 4.0)]
    [InlineData(double.PositiveInfinity, new string[0], 4.0)]
    [InlineData(8.0, new[] { "2" }, 8.0)]
    [InlineData(null, new[] { "3", "2.5" }, 2.5)]
    [InlineData(null, new[] { "3", "many" }, 4.0)]
    [InlineData(null, new[] { "0" }, 4.0)]
    [InlineData(null, new[] { "-2" }, 4.0)]
    public void A_ratio_is_the_hosts_else_the_smallest_of_its_aggregates_else_the_default(double? host, string[] aggregates, double expected)
    {
        var memberOf = aggregates.Select((v, i) => Given.Aggregate($"agg{i}", metadata: new() { ["cpu_allocation_ratio"] = v })).ToList();
        EffectiveInventory.Of(Facts, new HypervisorSpec { CpuAllocationRatio = host }, memberOf).TryGet("VCPU", out var vcpu);
        Assert.Equal(expected, vcpu.AllocationRatio);
    }

    [Fact]
    public void More_reserved_than_there_is_leaves_nothing()
    {
        EffectiveInventory.Of(Facts, new HypervisorSpec { ReservedHostMemoryMiB = 9000 }, []).TryGet("MEMORY_MB", out var memory);
        Assert.Equal(0, memory.Capacity);
        Assert.Equal(Shortage.Insufficient, memory.Check(64, 0));
    }

    [Fact]
    public void Classes_without_a_total_and_repeated_classes_are_left_out()
    {
        var facts = Facts with { Inventories = [new() { ResourceClass = "VCPU", Total = 0 }, new() { ResourceClass = "VGPU", Total = 3 }, new() { ResourceClass = "VGPU", Total = 9 }] };
        Assert.Equal([new Inventory("VGPU", 3, 0, 1, 3, 1, 1.0)], EffectiveInventory.Of(facts, null, []).Inventories);
        Assert.Empty(EffectiveInventory.Of(null, null, []).Inventories);
    }

    [Fact]
    public void Units_that_make_no_sense_count_as_one()
    {
        var facts = Facts with { Inventories = [new() { ResourceClass = "VCPU", Total = 4, MinUnit = -3, StepSize = 0 }] };
        Assert.Equal([new Inventory("VCPU", 4, 0, 1, 4, 1, 4.0)], EffectiveInventory.Of(facts, null, []).Inventories);
    }

    [Fact]
    public void An_aggregate_takes_in_named_hosts_and_hosts_with_all_labels_of_its_selector()
    {
        var named = Given.Aggregate("named", ["a"]);
        var selecting = named with { Spec = new AggregateSpec { HostSelector = new Dictionary<string, string> { ["rack"] = "1", ["disk"] = "ssd" } } };
        var selectingNothing = named with { Spec = new AggregateSpec { HostSelector = new Dictionary<string, string>() } };
        var a = new ObjectMeta { Name = "a", Labels = new Dictionary<string, string> { ["rack"] = "1" } };
        var b = new ObjectMeta { Name = "b", Labels = new Dictionary<string, string> { ["rack"] = "1", ["disk"] = "ssd", ["x"] = "y" } };
        Assert.Equal(
            [(true, false), (false, true), (false, false)],
            new[] { named, selecting, selectingNothing }.Select(g => (AggregateMetadata.Includes(g, a), AggregateMetadata.Includes(g, b))));
    }

    [Theory]
    [InlineData(20, null, null, null, 20)]
    [InlineData(20, 30L, 1025L, 7L, 52)]
    [InlineData(0, null, null, 7L, 7)]
    [InlineData(0, null, 1024L, null, 1)]
    [InlineData(0, null, null, null, 0)]
    public void Disk_is_root_and_ephemeral_and_swap_rounded_up_and_a_root_of_zero_counts_as_the_image(long root, long? ephemeral, long? swap, long? minDisk, long expected)
    {
        var flavor = new FlavorSpec { Vcpus = 1, MemoryMiB = 1, RootGiB = root, EphemeralGiB = ephemeral, SwapMiB = swap };
        var resources = SchedulingRequest.ResourcesOf(flavor, new ImageSpec { MinDiskGiB = minDisk });
        Assert.Equal(expected, resources.SingleOrDefault(r => r.ResourceClass == "DISK_GB").Amount);
    }
}
