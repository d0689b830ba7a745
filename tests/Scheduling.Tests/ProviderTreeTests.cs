using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

/// <summary>Hosts with providers below them, from manifest to ledger. What placement's own rules give is compared in tests/conformance.</summary>
public sealed class ProviderTreeTests
{
    [Theory]
    [InlineData("resources:VGPU", "1", "gpu0/VGPU=1")]
    [InlineData("resources:VGPU", "2", "gpu1/VGPU=2")]
    [InlineData("resources:VGPU", "3", null)]
    [InlineData("resources1:VGPU", "2", "gpu1/VGPU=2")]
    public void A_class_below_the_host_is_claimed_there(string key, string amount, string? expected)
    {
        var (host, provider) = Host(Gpu("gpu0", 1), Gpu("gpu1", 2));
        Assert.Equal(expected is null ? null : $"MEMORY_MB=1024 VCPU=2 {expected}", Claimed(host, provider, Request((key, amount))));
    }

    [Fact]
    public void Groups_may_not_share_a_provider_if_they_are_isolated()
    {
        var (host, provider) = Host(Gpu("gpu0", 4));
        var asked = new[] { ("resources1:VGPU", "1"), ("resources2:VGPU", "1") };
        Assert.Equal("MEMORY_MB=1024 VCPU=2 gpu0/VGPU=2", Claimed(host, provider, Request([.. asked, ("group_policy", "none")])));
        Assert.Null(Claimed(host, provider, Request([.. asked, ("group_policy", "isolate")])));
        Assert.Equal("0/1 hosts are available: group_policy: is required with more than one group of resources (1, 2).",
            Given.Scheduler().Decide(Given.Snapshot(Facts(host, provider)), Request(asked)).Message);
    }

    [Fact]
    public void Traits_of_a_group_are_asked_of_the_provider_and_those_of_the_flavor_of_all_that_serve_it()
    {
        var (host, provider) = Host(Gpu("gpu0", 4, "CUSTOM_SLOW"), Gpu("gpu1", 4, "CUSTOM_FAST"));
        Assert.Equal("MEMORY_MB=1024 VCPU=2 gpu1/VGPU=1", Claimed(host, provider, Request(("resources1:VGPU", "1"), ("trait1:CUSTOM_FAST", "required"))));
        Assert.Equal("MEMORY_MB=1024 VCPU=2 gpu1/VGPU=1", Claimed(host, provider, Request(("resources1:VGPU", "1"), ("trait1:CUSTOM_SLOW", "forbidden"))));
        Assert.Equal("MEMORY_MB=1024 VCPU=2 gpu1/VGPU=1", Claimed(host, provider, Request(("resources:VGPU", "1"), ("trait:CUSTOM_FAST", "required"))));
        // What the host alone serves, the host's own traits are for.
        Assert.Null(Given.Scheduler().Decide(Given.Snapshot(Facts(host, provider)), Request(("trait:CUSTOM_FAST", "required"))).Host);
    }

    [Fact]
    public void A_group_is_served_by_a_plain_host_itself_and_counts_with_the_rest()
    {
        var host = new Hypervisor { Metadata = new ObjectMeta { Name = "host" }, Spec = new HypervisorSpec { CustomInventories = [new() { ResourceClass = "CUSTOM_LICENCE", Total = 3 }], CustomTraits = ["CUSTOM_GOLD"] } };
        var (_, provider) = Host();
        Assert.Equal("MEMORY_MB=1024 VCPU=2 CUSTOM_LICENCE=3", Claimed(host, provider, Request(("resources:CUSTOM_LICENCE", "1"), ("resources1:CUSTOM_LICENCE", "2"), ("trait1:CUSTOM_GOLD", "required"))));
        Assert.Null(Claimed(host, provider, Request(("resources:CUSTOM_LICENCE", "2"), ("resources1:CUSTOM_LICENCE", "2"))));
    }

    [Fact]
    public void What_is_claimed_below_is_used_there_an_event_when_it_goes_and_over_allocated_when_it_shrinks()
    {
        var (host, provider) = Host(Gpu("gpu0", 2));
        var request = Request(("resources:VGPU", "2"));
        var claimed = Assert.IsType<ClaimResult.Claimed>(Claim(host, provider, request));
        var full = provider with { Status = new ResourceProviderStatus { Allocations = claimed.Allocations } };
        var snapshot = Given.Snapshot(Facts(host, full));
        var decision = Given.Scheduler().Decide(snapshot, request with { InstanceID = "other" });
        Assert.Equal("0/1 hosts are available: 1 without providers for what is asked for.", decision.Message);
        Assert.Contains("VGPU 2", decision.Report(Given.Time).Samples![0].Message, StringComparison.Ordinal);
        Assert.IsType<ClaimResult.AlreadyHeld>(Claim(host, full, request));
        Assert.True(snapshot.Apply(Facts(host, provider)).HasFlag(ClusterEvents.CapacityGrown));
        var shrunk = EffectiveInventory.Of(Host(Gpu("gpu0", 1)).Provider.Spec, host.Spec, []);
        Assert.Equal(["gpu0/VGPU: 2 promised, capacity 1"], Ledger.OverAllocated(claimed.Allocations, shrunk));
    }

    [Fact]
    public void Plain_hosts_beside_one_with_a_tree_are_judged_as_before()
    {
        var (host, provider) = Host(Gpu("gpu0", 2));
        var plain = Enumerable.Range(0, 70).Select(i => Given.Host($"plain{i:00}"));
        var snapshot = Given.Snapshot(plain.Append(Facts(host, provider)));
        Assert.Equal("host", Given.Scheduler().Decide(snapshot, Request(("resources:VGPU", "1"))).Host);
        Assert.Equal(71, Trace(snapshot, Request()).Order.Count);
        Assert.Equal(70, Trace(snapshot, Request() with { Resources = [new(ResourceClass.Vcpu, 9)] }).Order.Count);
    }

    private static DecisionTrace Trace(Snapshot snapshot, SchedulingRequest request)
    {
        var trace = new DecisionTrace();
        Given.Scheduler().Decide(snapshot, request, trace);
        return trace;
    }

    private static string? Claimed(Hypervisor host, ResourceProvider provider, SchedulingRequest request)
    {
        var decision = Given.Scheduler().Decide(Given.Snapshot(Facts(host, provider)), request);
        var result = Claim(host, provider, request);
        if (result is ClaimResult.Claimed sure)
            Assert.Equal(sure.Entry.Resources, Ledger.Expect(null, request, new ClaimIdentity(request.InstanceID, 1, "c", "Server/a/b"), Facts(host, provider)).Resources);
        // The scheduler and the ledger's guard agree.
        Assert.Equal(decision.Host is not null, result is ClaimResult.Claimed);
        return result is ClaimResult.Claimed claimed
            ? string.Join(' ', claimed.Entry.Resources.OrderBy(r => r.Key.Contains('/', StringComparison.Ordinal) || r.Key.StartsWith("CUSTOM", StringComparison.Ordinal)).ThenBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key}={r.Value}"))
            : null;
    }

    private static ClaimResult Claim(Hypervisor host, ResourceProvider provider, SchedulingRequest request) =>
        Ledger.Claim(provider, EffectiveInventory.Of(provider.Spec, host.Spec, []), request, new ClaimIdentity(request.InstanceID, 1, "c", "Server/a/b"));

    private static HostFacts Facts(Hypervisor host, ResourceProvider provider) => HostFacts.Of(host, provider, [], up: true);

    private static SchedulingRequest Request(params (string Key, string Value)[] specs) => SchedulingRequest.For(
        new Server { Metadata = new ObjectMeta { Name = "wanted", Namespace = "ns", Uid = "wanted" }, Spec = new ServerSpec { Flavor = "f" } },
        new FlavorSpec { Vcpus = 2, MemoryMiB = 1024, ExtraSpecs = specs.ToDictionary(s => s.Key, s => s.Value) }, null);

    private static ChildProvider Gpu(string name, long total, params string[] traits) => new() { Name = name, Inventories = [new() { ResourceClass = "VGPU", Total = total }], Traits = traits };

    private static (Hypervisor Host, ResourceProvider Provider) Host(params ChildProvider[] children) => (
        new Hypervisor { Metadata = new ObjectMeta { Name = "host" }, Spec = new HypervisorSpec { CpuAllocationRatio = 1 } },
        new ResourceProvider
        {
            Metadata = new ObjectMeta { Name = "host" },
            Spec = new ResourceProviderSpec { HostID = "id", Inventories = [new() { ResourceClass = ResourceClass.Vcpu, Total = 8 }, new() { ResourceClass = ResourceClass.MemoryMb, Total = 8192 }], Children = children },
        });
}
