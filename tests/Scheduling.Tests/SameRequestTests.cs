using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

/// <summary>What was refused to one server is refused to another only if it asks the very same.</summary>
public sealed class SameRequestTests
{
    private static readonly SchedulingRequest Plain = Given.Request() with { Flavor = new FlavorSpec { Vcpus = 1, MemoryMiB = 1 }, Project = "red" };

    private static readonly Dictionary<string, Func<SchedulingRequest, SchedulingRequest>> Changes = new()
    {
        [nameof(SchedulingRequest.Resources)] = r => r with { Resources = [new(ResourceClass.Vcpu, 9)] },
        [nameof(SchedulingRequest.AvailabilityZone)] = r => r with { AvailabilityZone = "az1" },
        [nameof(SchedulingRequest.ExcludedHosts)] = r => r with { ExcludedHosts = [new("h", "x")] },
        [nameof(SchedulingRequest.RootRequiredTraits)] = r => r with { RootRequiredTraits = ["T"] },
        [nameof(SchedulingRequest.RootForbiddenTraits)] = r => r with { RootForbiddenTraits = ["T"] },
        [nameof(SchedulingRequest.RequiredTraits)] = r => r with { RequiredTraits = ["T"] },
        [nameof(SchedulingRequest.ForbiddenTraits)] = r => r with { ForbiddenTraits = ["T"] },
        [nameof(SchedulingRequest.InAggregates)] = r => r with { InAggregates = [["a"]] },
        [nameof(SchedulingRequest.NotInAggregates)] = r => r with { NotInAggregates = ["a"] },
        [nameof(SchedulingRequest.Groups)] = r => r with { Groups = [new RequestGroup { Suffix = "1" }] },
        [nameof(SchedulingRequest.GroupPolicy)] = r => r with { GroupPolicy = "none" },
        [nameof(SchedulingRequest.OnlyHosts)] = r => r with { OnlyHosts = ImmutableArray<string>.Empty },
        [nameof(SchedulingRequest.SkipFilters)] = r => r with { SkipFilters = true },
        [nameof(SchedulingRequest.Rebuild)] = r => r with { Rebuild = true },
        [nameof(SchedulingRequest.MayStay)] = r => r with { MayStay = true },
        [nameof(SchedulingRequest.PreferredCell)] = r => r with { PreferredCell = "c" },
        [nameof(SchedulingRequest.Project)] = r => r with { Project = "blue" },
        [nameof(SchedulingRequest.FlavorName)] = r => r with { FlavorName = "m1" },
        [nameof(SchedulingRequest.ImageName)] = r => r with { ImageName = "ns/i" },
        [nameof(SchedulingRequest.SameHostAs)] = r => r with { SameHostAs = ["i"] },
        [nameof(SchedulingRequest.DifferentHostFrom)] = r => r with { DifferentHostFrom = ["i"] },
        [nameof(SchedulingRequest.HostCidr)] = r => r with { HostCidr = "10.0.0.0/8" },
        [nameof(SchedulingRequest.Query)] = r => r with { Query = "[]" },
        [nameof(SchedulingRequest.Group)] = r => r with { Group = new ServerGroupFacts { Policy = ServerGroupPolicy.Affinity } },
        [nameof(SchedulingRequest.Recorded)] = r => r with { Recorded = new RecordedCpu(null, [], null) },
        [nameof(SchedulingRequest.Numa)] = r => r with { Numa = new NumaWishes(new GuestTopology([], CpuPolicy.None, ThreadPolicy.None, 0, EmulatorThreadsPolicy.None), [], NumaNetworks.None) },
        [nameof(SchedulingRequest.Invalid)] = r => r with { Invalid = "x" },
        [nameof(SchedulingRequest.Flavor)] = r => r with { Flavor = new FlavorSpec { Vcpus = 1, MemoryMiB = 1 } },
        [nameof(SchedulingRequest.Image)] = r => r with { Image = new ImageSpec() },
    };

    [Fact]
    public void Another_server_may_ask_the_same() => Assert.True(Plain.AsksTheSameAs(Plain with { InstanceID = "another", Resources = [.. Plain.Resources] }));

    [Fact]
    public void Whatever_else_is_another_makes_another_request()
    {
        // A property that is added later is thought of here, or this fails.
        Assert.Equal(
            typeof(SchedulingRequest).GetProperties().Where(p => p.SetMethod is not null && p.Name != nameof(SchedulingRequest.InstanceID)).Select(p => p.Name).Order(StringComparer.Ordinal),
            Changes.Keys.Order(StringComparer.Ordinal));
        Assert.All(Changes, c => Assert.False(Plain.AsksTheSameAs(c.Value(Plain)), c.Key));
    }
}
