using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests.Numa;

/// <summary>The NUMA and PCI steps within a whole decision, with the default configuration.</summary>
public sealed class NumaDecisionTests
{
    private static readonly FlavorSpec Pinned = GivenNuma.Flavor(4, 1024, "hw:cpu_policy=dedicated");

    [Fact]
    public void A_pinned_guest_goes_where_one_cell_has_room_and_the_report_says_why_not_elsewhere()
    {
        var snapshot = Given.Snapshot(Facts("roomy"), Facts("split", Entry("x", "1,9,2", 0), Entry("y", "5,13,6", 1)), Facts("full", Entry("x", "1,9,2,10,3,11", 0), Entry("y", "5,13,6,14,7,15", 1)), Bare("bare"));
        var decision = Given.Scheduler().Decide(snapshot, GivenNuma.Request("new", Pinned));
        Assert.Equal("roomy", decision.Host);
        Assert.Equal([("PCPU", 2), (NumaTopologyFilter.FilterName, 1)], decision.Rejected.Select(r => (r.Step, r.Hosts)));
        var sample = decision.Report(Given.Time).Samples!.Single(s => s.Host == "split");
        Assert.Equal("cell 0: 4 CPUs to pin wanted, 3 of 6 free; cell 1: 4 CPUs to pin wanted, 3 of 6 free", sample.Message);
    }

    [Fact]
    public void A_guest_that_leaves_wakes_those_whom_the_cells_rejected()
    {
        var split = Facts("split", Entry("x", "1,9,2", 0), Entry("y", "5,13,6", 1));
        var snapshot = Given.Snapshot(split);
        var decision = Given.Scheduler().Decide(snapshot, GivenNuma.Request("new", Pinned));
        Assert.Null(decision.Host);
        Assert.Contains("would fit if its NUMA cells had room", decision.Report(Given.Time).NearestMiss);
        var events = snapshot.Apply(Facts("split", Entry("x", "1,9,2", 0)));
        Assert.NotEqual(ClusterEvents.None, events & decision.WokenBy & ClusterEvents.CapacityGrown);
        Assert.Equal("split", Given.Scheduler().Decide(snapshot, GivenNuma.Request("new", Pinned)).Host);
    }

    [Fact]
    public void A_claim_that_is_expected_takes_its_CPUs_in_the_snapshot()
    {
        var snapshot = Given.Snapshot(Facts("host"));
        var request = GivenNuma.Request("a", GivenNuma.Flavor(6, 1024, "hw:cpu_policy=dedicated"));
        snapshot.View.TryRow("host", out var row);
        var entry = Ledger.Expect(snapshot.View.Numa(row), request, new ClaimIdentity("a", 1, "", ""));
        Assert.Equal("1,9,2,10,3,11", entry.Cpus);
        snapshot.Apply(Facts("host", entry));
        Assert.Equal("host", Given.Scheduler().Decide(snapshot, GivenNuma.Request("b", Pinned)).Host);
        snapshot.Apply(Facts("host", entry, Ledger.Expect(snapshot.View.Numa(row), GivenNuma.Request("b", GivenNuma.Flavor(6, 1024, "hw:cpu_policy=dedicated")), new ClaimIdentity("b", 1, "", ""))));
        Assert.Null(Given.Scheduler().Decide(snapshot, GivenNuma.Request("c", GivenNuma.Flavor(1, 64, "hw:cpu_policy=dedicated"))).Host);
    }

    [Fact]
    public void A_flavor_and_an_image_that_cannot_be_had_together_are_refused_in_Novas_words()
    {
        var decision = Given.Scheduler().Decide(Given.Snapshot(Facts("host")), GivenNuma.Request("new", GivenNuma.Flavor(4, 1024, "hw:cpu_policy=shared", "hw:cpu_thread_policy=require")));
        Assert.Equal("0/1 hosts are available: Cannot set cpu thread pinning policy in a non dedicated cpu pinning policy.", decision.Message);
    }

    [Fact]
    public void Hosts_with_devices_are_kept_for_those_who_ask_for_some()
    {
        var device = new PciDevice { Address = "0000:3b:00.0", VendorID = "8086", ProductID = "154d", NumaNode = 1 };
        var snapshot = Given.Snapshot(WithDevices("with", device), Facts("without"));
        // Equal otherwise: the order of the snapshot would have the first.
        Assert.Equal("without", Given.Scheduler().Decide(snapshot, GivenNuma.Request("plain", GivenNuma.Flavor(1, 64))).Host);
        var context = new RequestContext { PciAliases = [new PciAlias("nic", [new PciMatch([new("product_id", "154D")])])] };
        var wants = GivenNuma.Request("wants", GivenNuma.Flavor(1, 64, "pci_passthrough:alias=nic:1"), context);
        var decision = Given.Scheduler().Decide(snapshot, wants);
        Assert.Equal("with", decision.Host);
        Assert.Equal("no device of the host may be passed through", decision.Report(Given.Time).Samples!.Single(s => s.Filter == PciPassthroughFilter.FilterName).Message);
        var taken = Given.Entry("x") with { Devices = ["0000:3b:00.0"] };
        snapshot.Apply(WithDevices("with", device) with { Allocations = [taken] });
        decision = Given.Scheduler().Decide(snapshot, wants);
        Assert.Null(decision.Host);
        Assert.Contains("1 of nic wanted, 0 free", decision.Report(Given.Time).Samples!.Single(s => s.Host == "with").Message);
        Assert.NotEqual(ClusterEvents.None, snapshot.Apply(WithDevices("with", device)) & decision.WokenBy);
    }

    [Fact]
    public void Facts_that_are_read_again_mean_the_same_and_what_the_admin_changes_counts_at_once()
    {
        var snapshot = Given.Snapshot(Facts("a"), Facts("b"));
        Assert.Equal(1, snapshot.View.NumaStates);
        Assert.Equal(ClusterEvents.None, snapshot.Apply(Facts("a")));
        var request = GivenNuma.Request("new", GivenNuma.Flavor(6, 64, "hw:cpu_policy=dedicated"));
        var fewer = GivenNuma.AllButFirstCores() with { CpuDedicatedSet = "1,5,9,13" };
        snapshot.Apply(Of("a", GivenNuma.Facts(), fewer, []));
        Assert.Equal((2, "b"), (snapshot.View.NumaStates, Given.Scheduler().Decide(snapshot, request).Host));
        snapshot.Remove("b");
        Assert.Equal((1, null), (snapshot.View.NumaStates, Given.Scheduler().Decide(snapshot, request).Host));
        Assert.NotEqual(ClusterEvents.None, snapshot.Apply(Facts("a")) & ClusterEvents.CapacityGrown);
        Assert.Equal("a", Given.Scheduler().Decide(snapshot, request).Host);
        snapshot.Apply(Bare("a"));
        Assert.Equal(0, snapshot.View.NumaStates);
    }

    [Fact]
    public void Cells_are_packed_where_the_admin_says_so()
    {
        Allocation[] entries = [Entry("x", "5,13", 1)];
        var flavor = GivenNuma.Topology(GivenNuma.Flavor(2, 64, "hw:cpu_policy=dedicated"));
        var spread = NumaFit.Place(GivenNuma.Host(GivenNuma.Facts(), GivenNuma.AllButFirstCores(), entries), GivenNuma.Wishes(flavor));
        var packed = NumaFit.Place(GivenNuma.Host(GivenNuma.Facts(), GivenNuma.AllButFirstCores() with { PackNumaCells = true }, entries), GivenNuma.Wishes(flavor));
        Assert.Equal((0, 1), (spread!.Cells[0].HostCell, packed!.Cells[0].HostCell));
    }

    [Fact]
    public void What_the_kubelet_keeps_serves_no_guest()
    {
        var word = new HypervisorSpec { CpuDedicatedSet = "0-15", PodReserve = new PodReserve { Cpus = "0,8", HugePages = [new HugePages { Node = 0, SizeKiB = 2048, Count = 4000 }] } };
        var host = GivenNuma.Host(GivenNuma.Facts(), word);
        Assert.Equal("1-3,9-11", host.Cells[0].DedicatedCpus.ToString());
        Assert.Equal(96L * 2048, host.Cells[0].Pages[1].FreeKiB);
    }

    [Theory]
    [InlineData("0-3,8", "0-3,8")]
    [InlineData("^2,0-3", "0-1,3")]
    [InlineData(" 1 , ,3 ", "1,3")]
    [InlineData("0-63,128", "0-63,128")]
    [InlineData("5,^5", "")]
    public void Sets_of_CPUs_are_read_as_Nova_reads_them(string text, string set) => Assert.Equal(set, CpuSet.Parse(text).Value!.ToString());

    [Theory]
    [InlineData("3-1", "Invalid range expression '3-1'")]
    [InlineData("-1", "Invalid range expression '-1'")]
    [InlineData("^x", "Invalid exclusion expression '^x'")]
    [InlineData("a", "Invalid inclusion expression 'a'")]
    [InlineData("0-99999999", "Invalid range expression '0-99999999'")]
    public void Texts_that_are_no_sets_of_CPUs_are_refused(string text, string message) => Assert.Equal(new RequestError("Invalid", message), CpuSet.Parse(text).Error);

    [Theory]
    [InlineData("4,20,5,21")]
    [InlineData("0-3,8,1")]
    [InlineData("7")]
    public void Lists_of_CPUs_keep_their_order(string text)
    {
        var cpus = new List<int>();
        Assert.True(CpuList.Read(text, cpus));
        Assert.Equal(text, CpuList.Write(cpus));
    }

    private static HostFacts Facts(string name, params IReadOnlyList<Allocation> entries) => Of(name, GivenNuma.Facts(), GivenNuma.AllButFirstCores(), entries);

    private static HostFacts WithDevices(string name, PciDevice device) =>
        Of(name, GivenNuma.Facts() with { PciDevices = [device] }, GivenNuma.AllButFirstCores() with { PciDevices = [new PciDeviceSpec { Address = "*:3b:*.*" }] }, []);

    private static HostFacts Bare(string name) => Of(name, GivenNuma.Facts() with { NumaCells = null }, new HypervisorSpec(), []);

    private static HostFacts Of(string name, ResourceProviderSpec facts, HypervisorSpec word, IReadOnlyList<Allocation> entries) => HostFacts.Of(
        new Hypervisor { Metadata = new ObjectMeta { Name = name }, Spec = word }, GivenNuma.Provider(facts, entries) with { Metadata = new ObjectMeta { Name = name } }, [], up: true);

    private static Allocation Entry(string id, string cpus, int cell) =>
        Given.Entry(id) with { Cpus = cpus, Cells = [new AllocatedCell { Cell = cell }], Resources = new Dictionary<string, long> { ["PCPU"] = cpus.Split(',').Length, ["MEMORY_MB"] = 64 } };
}
