using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;
using Kilonova.Scheduling.Tests.Numa;

namespace Kilonova.Scheduling.Tests;

public sealed class AllocationTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_decision_allocates_the_same_for_a_hundred_and_for_ten_thousand_hosts(bool fits)
    {
        var request = fits ? Given.Request(zone: "az1") : Given.Request(memory: 1L << 40, zone: "az1");
        var (few, many) = (BytesOf(100, request), BytesOf(10_000, request));
        Assert.True(few == many && many < 2048, $"{few} bytes for 100 hosts, {many} for 10,000");
    }

    [Fact]
    public void A_pinned_decision_too()
    {
        var inventory = GivenNuma.Inventory(GivenNuma.Facts(), GivenNuma.AllButFirstCores());
        var request = GivenNuma.Request("new", GivenNuma.Flavor(4, 1024, "hw:cpu_policy=dedicated", "hw:numa_nodes=2"));
        var (few, many) = (BytesOf(100, request, inventory), BytesOf(5_000, request, inventory));
        Assert.True(few == many && many < 2048, $"{few} bytes for 100 hosts, {many} for 5,000");
    }

    private static long BytesOf(int hosts, SchedulingRequest request, EffectiveInventory? inventory = null)
    {
        var snapshot = new Snapshot();
        for (var i = 0; i < hosts; i++)
        {
            var host = Given.Host($"host{i:00000}", memory: 32768 + (i % 50)) with { Zones = [$"az{i % 4}"], Up = i % 10 != 0 };
            snapshot.Apply(inventory is null ? host : host with { Inventory = inventory });
        }

        var scheduler = Given.Scheduler();
        for (var i = 0; i < 50; i++) scheduler.Decide(snapshot, request);
        var least = long.MaxValue;
        // The least of several: the runtime itself may allocate while it compiles.
        for (var i = 0; i < 20; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            scheduler.Decide(snapshot, request);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
