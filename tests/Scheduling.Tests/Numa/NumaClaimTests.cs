using System.Text.Json;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests.Numa;

/// <summary>What a claim writes of CPUs, pages and devices, and what is read from it.</summary>
public sealed class NumaClaimTests
{
    private static readonly ResourceProviderSpec Facts = GivenNuma.Facts();
    private static readonly HypervisorSpec Word = GivenNuma.AllButFirstCores();

    [Fact]
    public void A_pinned_guest_gets_threads_of_whole_cores_and_its_entry_says_which()
    {
        var entry = Claim(GivenNuma.Provider(Facts), GivenNuma.Flavor(4, 4096, "hw:cpu_policy=dedicated", "hw:mem_page_size=2048")).Entry;
        Assert.Equal("1,9,2,10", entry.Cpus);
        Assert.Equal(new AllocatedCell { Cell = 0, PageSizeKiB = 2048 }, Assert.Single(entry.Cells!));
        Assert.Equal(new Dictionary<string, long> { ["PCPU"] = 4, ["MEMORY_MB"] = 4096, ["DISK_GB"] = 1 }, entry.Resources);
        Assert.Null(entry.WholeCores);
    }

    [Fact]
    public void Cells_pages_shared_CPUs_and_the_emulators_CPU_are_written_cell_by_cell()
    {
        var flavor = GivenNuma.Flavor(
            4, 3072, "hw:cpu_policy=mixed", "hw:cpu_dedicated_mask=0,2", "hw:emulator_threads_policy=isolate", "hw:numa_nodes=2", "hw:numa_cpus.0=0,1", "hw:numa_mem.0=1024",
            "hw:numa_cpus.1=2,3", "hw:numa_mem.1=2048");
        var entry = Claim(GivenNuma.Provider(Facts), flavor).Entry;
        Assert.Equal("1,5", entry.Cpus);
        Assert.Equal(
            [new AllocatedCell { Cell = 0, MemoryMiB = 1024, SharedCpus = 1, EmulatorCpu = 9 }, new AllocatedCell { Cell = 1, MemoryMiB = 2048, SharedCpus = 1 }], entry.Cells!);
        Assert.Equal(new Dictionary<string, long> { ["VCPU"] = 2, ["PCPU"] = 3, ["MEMORY_MB"] = 3072, ["DISK_GB"] = 1 }, entry.Resources);
    }

    [Fact]
    public void What_was_claimed_is_not_free_for_the_next_and_a_release_gives_it_back_exactly()
    {
        var provider = GivenNuma.Provider(Facts);
        var flavor = GivenNuma.Flavor(6, 2048, "hw:cpu_policy=dedicated");
        var empty = NumaForm.Of(GivenNuma.Host(Facts, Word));
        var first = Claim(provider, flavor, "a");
        var second = Claim(With(provider, first), flavor, "b");
        Assert.Equal(["1,9,2,10,3,11", "5,13,6,14,7,15"], second.Allocations.Select(a => a.Cpus));
        var full = With(provider, second);
        var refused = Assert.IsType<ClaimResult.Refused>(Try(full, GivenNuma.Flavor(1, 64, "hw:cpu_policy=dedicated"), "c"));
        Assert.Equal(("PCPU", "1 wanted, 0 of 12 free"), (refused.Step, refused.Message));

        var rest = Ledger.Release(full, "a", 1)!;
        Assert.Equal("5,13,6,14,7,15", Assert.Single(rest).Cpus);
        var none = Ledger.Release(With(full, rest), "b", 1)!;
        Assert.Equal(empty, NumaForm.Of(GivenNuma.Host(Facts, Word, [.. none])));
    }

    [Fact]
    public void A_host_with_enough_CPUs_on_the_wrong_cells_refuses_with_numbers()
    {
        // Five of six are free in each cell.
        Allocation[] entries = [Entry("x", "1", 0), Entry("y", "5", 1)];
        var refused = Assert.IsType<ClaimResult.Refused>(Try(GivenNuma.Provider(Facts, entries), GivenNuma.Flavor(6, 64, "hw:cpu_policy=dedicated"), "c"));
        Assert.Equal(NumaTopologyFilter.FilterName, refused.Step);
        Assert.Equal("cell 0: 6 CPUs to pin wanted, 5 of 6 free; cell 1: 6 CPUs to pin wanted, 5 of 6 free", refused.Message);
    }

    [Fact]
    public void An_own_entry_is_used_again_only_if_it_has_the_cells_that_are_asked_for()
    {
        var flavor = GivenNuma.Flavor(2, 64, "hw:cpu_policy=dedicated");
        var claimed = Claim(GivenNuma.Provider(Facts), flavor, "a");
        var provider = With(GivenNuma.Provider(Facts), claimed);
        Assert.IsType<ClaimResult.AlreadyHeld>(Try(provider, flavor, "a"));
        var bare = GivenNuma.Provider(Facts, claimed.Entry with { Cells = null, Cpus = null });
        Assert.IsType<ClaimResult.Refused>(Try(bare, flavor, "a"));
    }

    [Fact]
    public void Isolated_guests_keep_the_threads_beside_theirs_free()
    {
        var undivided = new HypervisorSpec { CpuSharedSet = "0-15", CpuDedicatedSet = "0-15", ReservedHostMemoryMiB = 0 };
        var flavor = GivenNuma.Flavor(2, 64, "hw:cpu_policy=dedicated", "hw:cpu_thread_policy=isolate");
        var claimed = Assert.IsType<ClaimResult.Claimed>(Ledger.Claim(GivenNuma.Provider(Facts), GivenNuma.Inventory(Facts, undivided), GivenNuma.Request("a", flavor), Identity("a")));
        Assert.Equal(("0-1", true), (claimed.Entry.Cpus, claimed.Entry.WholeCores));
        var host = GivenNuma.Host(Facts, undivided, [.. claimed.Allocations]);
        Assert.Equal("0-1,8-9", host.Cells[0].PinnedCpus.ToString());
        Assert.Equal(["HW_CPU_HYPERTHREADING"], GivenNuma.Request("a", flavor).ForbiddenTraits);
    }

    [Fact]
    public void An_entry_is_read_back_as_the_placement_that_was_written()
    {
        var flavor = GivenNuma.Flavor(4, 2048, "hw:cpu_policy=dedicated", "hw:numa_nodes=2", "hw:numa_cpus.0=0,3", "hw:numa_mem.0=1024", "hw:numa_cpus.1=1,2", "hw:numa_mem.1=1024");
        var guest = GivenNuma.Topology(flavor);
        var entry = Claim(GivenNuma.Provider(Facts), flavor).Entry;
        var read = NumaEntry.Read(entry, guest)!;
        // vCPUs 0 and 3 are on the first cell, so the list is not in the order of cells.
        Assert.Equal("1,5,13,9", entry.Cpus);
        Assert.Equal([1, 9], read.Cells[0].Pins);
        Assert.Equal([5, 13], read.Cells[1].Pins);
        Assert.Null(NumaEntry.Read(entry, GivenNuma.Topology(GivenNuma.Flavor(4, 2048, "hw:cpu_policy=dedicated"))));
    }

    [Fact]
    public void Devices_near_the_guest_are_claimed_by_address_and_go_with_their_physical_function()
    {
        var facts = Facts with
        {
            PciDevices =
            [
                Device("0000:3b:00.0", PciDeviceType.PhysicalFunction, 0), Device("0000:3b:02.0", PciDeviceType.VirtualFunction, 0, "0000:3b:00.0"),
                Device("0000:3b:02.1", PciDeviceType.VirtualFunction, 0, "0000:3b:00.0"), Device("0000:af:02.0", PciDeviceType.VirtualFunction, 1, "0000:af:00.0"),
                Device("0000:d8:00.0", PciDeviceType.Pci, 1) with { VendorID = "10de" },
            ],
        };
        var word = Word with { PciDevices = [new PciDeviceSpec { VendorID = "8086" }] };
        var context = new RequestContext
        {
            PciAliases = [Alias("vf", PciPool.VirtualFunction), Alias("pf", PciPool.PhysicalFunction), new PciAlias("gpu", [new PciMatch([new("vendor_id", "10de")])])],
        };
        var near = GivenNuma.Flavor(2, 64, "hw:cpu_policy=dedicated", "hw:pci_numa_affinity_policy=required", "pci_passthrough:alias=vf:2");
        var inventory = GivenNuma.Inventory(facts, word);
        var claimed = Assert.IsType<ClaimResult.Claimed>(Ledger.Claim(GivenNuma.Provider(facts), inventory, GivenNuma.Request("a", near, context), Identity("a")));
        Assert.Equal(["0000:3b:02.0", "0000:3b:02.1"], claimed.Entry.Devices!);
        Assert.Equal(0, Assert.Single(claimed.Entry.Cells!).Cell);

        var provider = GivenNuma.Provider(facts, [.. claimed.Allocations]);
        string Refusal(string alias) => Assert.IsType<ClaimResult.Refused>(
            Ledger.Claim(provider, inventory, GivenNuma.Request("b", GivenNuma.Flavor(1, 64, $"pci_passthrough:alias={alias}"), context), Identity("b"))).Step;
        Assert.Equal(PciPassthroughFilter.FilterName, Refusal("pf:1"));
        Assert.Equal(PciPassthroughFilter.FilterName, Refusal("vf:2"));
        Assert.Equal(PciPassthroughFilter.FilterName, Refusal("gpu:1"));
        var last = Ledger.Claim(provider, inventory, GivenNuma.Request("b", GivenNuma.Flavor(1, 64, "pci_passthrough:alias=vf:1"), context), Identity("b"));
        Assert.Equal(["0000:af:02.0"], Assert.IsType<ClaimResult.Claimed>(last).Entry.Devices!);
        Assert.Equal("PCI alias nope is not defined", GivenNuma.Request("c", GivenNuma.Flavor(1, 64, "pci_passthrough:alias=nope:1"), context).Invalid);
    }

    [Fact]
    public void Five_hundred_pinned_guests_fit_into_128_KiB()
    {
        // A host has no 500 guests with CPUs of their own today; the entries are what counts.
        var entries = Enumerable.Range(0, 500).Select(i => new Allocation
        {
            Id = Guid.NewGuid().ToString(),
            Epoch = 1,
            ClaimID = Guid.NewGuid().ToString("N"),
            Holder = $"Server/production/web-{i:000}",
            Resources = new Dictionary<string, long> { ["PCPU"] = 2, ["MEMORY_MB"] = 4096, ["DISK_GB"] = 40 },
            Cpus = $"{i},{i + 500}",
            Cells = [new AllocatedCell { Cell = i % 8 }],
        }).ToList();
        var bytes = JsonSerializer.SerializeToUtf8Bytes(GivenNuma.Provider(Facts, entries), CrdsJsonContext.Default.ResourceProvider).Length;
        Assert.True(bytes <= 128 * 1024, $"{bytes} bytes");
    }

    [Fact]
    public void What_the_host_cannot_give_any_more_is_told()
    {
        var claimed = Claim(GivenNuma.Provider(Facts), GivenNuma.Flavor(4, 4096, "hw:cpu_policy=dedicated", "hw:mem_page_size=2048"));
        Assert.Empty(Ledger.OverAllocated(claimed.Allocations, GivenNuma.Inventory(Facts, Word)));
        var twice = claimed.Entry with { Id = "b", Devices = ["0000:3b:00.0"] };
        var fewer = GivenNuma.Inventory(Facts, Word with { CpuDedicatedSet = "1,9", ReservedHugePages = [new HugePages { Node = 0, SizeKiB = 2048, Count = 1000 }] });
        Assert.Equal(
            [
                "PCPU: 8 promised, capacity 2", "CPU 1: pinned to a and b", "CPU 2: pinned to a and b", "CPU 2: pinned to a, and not for guests that pin", "CPU 9: pinned to a and b",
                "CPU 10: pinned to a and b", "CPU 10: pinned to a, and not for guests that pin", "cell 0: 4096 pages of 2048 KiB promised, 3096 are there", "device 0000:3b:00.0: promised to b and c",
            ],
            Ledger.OverAllocated([claimed.Entry, twice, Given.Entry("c") with { Devices = ["0000:3b:00.0"] }], fewer));
    }

    [Theory]
    [InlineData(8, "", 4, 1, 2)]
    [InlineData(6, "hw:cpu_sockets=1", 1, 3, 2)]
    [InlineData(4, "hw:cpu_max_threads=1", 4, 1, 1)]
    [InlineData(3, "", 3, 1, 1)]
    public void A_guest_is_shown_the_threads_that_its_pins_share(int vcpus, string spec, int sockets, int cores, int threads)
    {
        var flavor = GivenNuma.Flavor(vcpus, 64, spec.Length == 0 ? ["hw:cpu_policy=dedicated"] : ["hw:cpu_policy=dedicated", spec]);
        var facts = GivenNuma.Facts(1, 8);
        var word = GivenNuma.AllButFirstCores(1, 8);
        var claimed = Assert.IsType<ClaimResult.Claimed>(Ledger.Claim(GivenNuma.Provider(facts), GivenNuma.Inventory(facts, word), GivenNuma.Request("a", flavor), Identity("a")));
        var placement = NumaEntry.Read(claimed.Entry, GivenNuma.Topology(flavor), GivenNuma.Host(facts, word).Cells);
        Assert.Equal(new CpuTopology(sockets, cores, threads), GuestCpuTopology.Of(flavor, null).Value!.Best(vcpus, placement).Value);
    }

    [Fact]
    public void Divided_CPUs_are_PCPU_and_VCPU()
    {
        var inventory = GivenNuma.Inventory(Facts, Word with { CpuAllocationRatio = 8 });
        Assert.True(inventory.TryGet("VCPU", out var shared));
        Assert.True(inventory.TryGet("PCPU", out var dedicated));
        Assert.Equal((4, 32, 12, 12), (shared.Total, shared.Capacity, dedicated.Total, dedicated.Capacity));
        Assert.False(GivenNuma.Inventory(Facts, new HypervisorSpec { CpuDedicatedSet = "0-15" }).TryGet("VCPU", out _));
        Assert.True(GivenNuma.Inventory(Facts, new HypervisorSpec()).TryGet("VCPU", out var all) && all.Total == 16);
    }

    private static ClaimIdentity Identity(string id) => new(id, 1, "claim-" + id, "Server/ns/" + id);

    private static ClaimResult Try(ResourceProvider provider, FlavorSpec flavor, string id) =>
        Ledger.Claim(provider, GivenNuma.Inventory(Facts, Word), GivenNuma.Request(id, flavor), Identity(id));

    private static ClaimResult.Claimed Claim(ResourceProvider provider, FlavorSpec flavor, string id = "a") => Assert.IsType<ClaimResult.Claimed>(Try(provider, flavor, id));

    private static ResourceProvider With(ResourceProvider provider, ClaimResult.Claimed claimed) => With(provider, claimed.Allocations);

    private static ResourceProvider With(ResourceProvider provider, IReadOnlyList<Allocation> entries) => provider with { Status = new ResourceProviderStatus { Allocations = entries } };

    private static Allocation Entry(string id, string cpus, int cell) =>
        Given.Entry(id) with { Cpus = cpus, Cells = [new AllocatedCell { Cell = cell }], Resources = new Dictionary<string, long> { ["PCPU"] = 1, ["MEMORY_MB"] = 64 } };

    private static PciDevice Device(string address, PciDeviceType type, int cell, string? parent = null) =>
        new() { Address = address, VendorID = "8086", ProductID = type == PciDeviceType.VirtualFunction ? "154c" : "158b", Type = type, NumaNode = cell, Parent = parent };

    private static PciAlias Alias(string name, string type) => new(name, [new PciMatch([new("vendor_id", "8086"), new("dev_type", type)])]);
}
