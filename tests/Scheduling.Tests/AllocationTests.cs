using Kilonova.Scheduling.Hosts;

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

    private static long BytesOf(int hosts, SchedulingRequest request)
    {
        var snapshot = new Snapshot();
        for (var i = 0; i < hosts; i++) snapshot.Apply(Given.Host($"host{i:00000}", memory: 32768 + (i % 50)) with { Zones = [$"az{i % 4}"], Up = i % 10 != 0 });
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
