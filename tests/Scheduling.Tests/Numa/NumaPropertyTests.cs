using System.Collections.Immutable;
using System.Diagnostics;
using Kilonova.Benchmarks.Scheduling;
using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests.Numa;

/// <summary>What holds for any host and any guest. Cases are drawn small and nearly full, from a seed that a failure names.</summary>
public sealed class NumaPropertyTests
{
    private const int Cases = 4000;

    [Fact]
    public void The_answer_is_that_of_trying_every_arrangement_in_order()
    {
        var fits = 0;
        Each((random, name) =>
        {
            var (host, guest) = (Host(random), Guest(random));
            var (naive, ours) = (NaiveNuma.Fit(host, guest), NumaFit.Place(host, GivenNuma.Wishes(guest)));
            Assert.True(naive is null == ours is null, $"{name}: naive {naive is not null}, ours {ours is not null}");
            Assert.Equal(ours is not null, NumaFit.Fits(host, GivenNuma.Wishes(guest)));
            if (naive is null) return;
            fits++;
            for (var i = 0; i < naive.Count; i++)
            {
                var cell = ours!.Cells[i];
                Assert.True(
                    naive[i].HostCell == cell.HostCell && naive[i].PageSizeKiB == cell.PageSizeKiB && naive[i].EmulatorCpu == cell.EmulatorCpu && naive[i].Pins.SequenceEqual(cell.Pins),
                    $"{name} cell {i}: naive {naive[i].HostCell} {naive[i].PageSizeKiB} {string.Join(',', naive[i].Pins)} {naive[i].EmulatorCpu}, ours {cell}");
            }
        });
        Assert.InRange(fits, Cases / 10, Cases * 9 / 10);
    }

    [Fact]
    public void Every_pin_is_free_of_its_cell_and_within_the_policy_and_pages_are_there()
    {
        Each((random, name) =>
        {
            var (host, guest) = (Host(random), Guest(random));
            if (NumaFit.Place(host, GivenNuma.Wishes(guest)) is not { } placement) return;
            var all = new HashSet<int>();
            Assert.Equal(guest.Cells.Length, placement.Cells.Select(c => c.HostCell).Distinct().Count());
            foreach (var placed in placement.Cells)
            {
                var cell = host.Cells.Single(c => c.Id == placed.HostCell);
                Assert.Equal(guest.Pins ? placed.Guest.PinnedCpus.Count : 0, placed.Pins.Length);
                foreach (var cpu in placed.Pins.Concat(placed.EmulatorCpu is { } e ? [e] : []))
                {
                    Assert.True(cell.FreeCpus.Contains(cpu), $"{name}: {cpu} is not free in cell {cell.Id}");
                    Assert.True(all.Add(cpu), $"{name}: {cpu} twice");
                }

                var perCore = cell.Cores.Select(core => core.Count(placed.Pins.Contains)).Where(n => n > 0).ToList();
                if (guest.ThreadPolicy == ThreadPolicy.Isolate) Assert.All(perCore, n => Assert.Equal(1, n));
                if (guest.ThreadPolicy == ThreadPolicy.Require) Assert.True(perCore.Count(n => n == 1) <= 1, $"{name}: lone threads");
            }

            foreach (var cell in NumaUsage.Add(host, NumaUsage.Of(placement)).Cells)
            {
                if (guest.PageSize != PageSize.NotAsked) Assert.All(cell.Pages, p => Assert.True(p.FreeKiB >= Math.Min(0, host.Cells.Single(c => c.Id == cell.Id).Pages.Single(b => b.SizeKiB == p.SizeKiB).FreeKiB), name));
                if (guest.Pins) Assert.True(cell.PinnedCpus.IsSubsetOf(cell.DedicatedCpus.Union(CpuSet.Of(cell.Cores.SelectMany(c => c)))), name);
            }
        });
    }

    [Fact]
    public void A_guest_that_leaves_gives_back_what_it_took_and_never_makes_another_unfit()
    {
        Each((random, name) =>
        {
            var (host, guest, other) = (Host(random), Guest(random), Guest(random));
            if (NumaFit.Place(host, GivenNuma.Wishes(guest)) is not { } placement) return;
            var with = NumaUsage.Add(host, NumaUsage.Of(placement));
            var fittedBeside = NumaFit.Fits(with, GivenNuma.Wishes(other));
            if (!(guest.Pins && guest.ThreadPolicy == ThreadPolicy.Isolate)) Assert.Equal(NumaForm.Of(host), NumaForm.Of(NumaUsage.Remove(with, NumaUsage.Of(placement))));
            if (fittedBeside) Assert.True(NumaFit.Fits(host, GivenNuma.Wishes(other)), $"{name}: more room, and no fit");
        });
    }

    [Fact]
    public void Hosts_of_equal_form_give_equal_answers_and_what_is_remembered_is_never_stale()
    {
        var snapshot = new Snapshot();
        var random = new Random(5);
        var guests = Enumerable.Range(0, 100).Select(_ => Guest(random)).ToList();
        var filter = new NumaTopologyFilter();
        for (var round = 0; round < 400; round++)
        {
            snapshot.Apply(Given.Host($"host{random.Next(20)}") with { Topology = Host(random) });
            if (round % 50 == 49) snapshot.Remove($"host{random.Next(20)}");
            var guest = guests[random.Next(guests.Count)];
            var request = Given.NoResources() with { Numa = GivenNuma.Wishes(guest) };
            var view = snapshot.View;
            foreach (var row in Rows(snapshot))
                Assert.Equal(NumaFit.Fits(view.Numa(row)!, request.Numa), filter.Passes(view, request, row));
        }
    }

    [Fact]
    public void With_devices_and_networks_the_answer_is_still_that_of_trying_every_arrangement()
    {
        var fits = 0;
        Each((random, name) =>
        {
            var (host, guest) = (WithDevices(random, Host(random)), Guest(random));
            string[] kinds = ["a", "b"];
            var devices = Enumerable.Range(0, random.Next(3)).Select(_ => new PciRequest(1 + random.Next(3), [new PciMatch([new("product_id", kinds[random.Next(2)])])], (PciNumaPolicy)random.Next(4))).ToImmutableArray();
            var networks = new NumaNetworks([.. new[] { "n0", "n1", "n2" }.Where(_ => random.Next(3) == 0)], random.Next(4) == 0);
            var naive = NaiveNuma.Fit(host, guest, devices, networks);
            var ours = NumaFit.Place(host, new NumaWishes(guest, devices, networks));
            Assert.True(naive is null == ours is null, $"{name}: naive {naive is not null}, ours {ours is not null}");
            if (naive is null) return;
            fits++;
            Assert.True(naive.Select(c => c.HostCell).SequenceEqual(ours!.Cells.Select(c => c.HostCell)), $"{name}: naive {string.Join(' ', naive.Select(c => c.HostCell))}, ours {string.Join(' ', ours.Cells.Select(c => c.HostCell))}");
        });
        Assert.InRange(fits, Cases / 20, Cases);
    }

    [Fact]
    public void Sixteen_cells_and_eight_are_matched_in_well_under_a_millisecond_even_where_nothing_fits()
    {
        // Seven cells have room and eight are wanted: trying all arrangements would take 16!/8! tries.
        var cells = Enumerable.Range(0, 16).Select(i => Cell(i, memory: i < 7 ? 4096 : 64)).ToImmutableArray();
        var guest = new GuestTopology([.. Enumerable.Range(0, 8).Select(i => new GuestCell(i, CpuSet.Of(i), CpuSet.Empty, 1024))], CpuPolicy.None, ThreadPolicy.None, PageSize.NotAsked, EmulatorThreadsPolicy.None);
        var wishes = GivenNuma.Wishes(guest);
        var networks = wishes with { Networks = new NumaNetworks(["n0", "n15"], false) };
        var hosts = new[]
        {
            new HostTopology(cells),
            new HostTopology([.. cells.Select(c => Cell(c.Id, 4096, c.Id is 0 or 15 ? [$"n{c.Id}"] : []))]),
        };
        Assert.False(NumaFit.Fits(hosts[0], wishes));
        Assert.True(NumaFit.Fits(hosts[1], networks));
        foreach (var (host, asked) in new[] { (hosts[0], wishes), (hosts[1], networks) })
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 200; i++) NumaFit.Place(host, asked);
            Assert.True(watch.Elapsed.TotalMilliseconds / 200 < 5, $"{watch.Elapsed.TotalMilliseconds / 200} ms");
        }
    }

    [Fact]
    public void The_same_request_on_the_same_host_claims_the_same()
    {
        var facts = GivenNuma.Facts(4, 6);
        var word = GivenNuma.AllButFirstCores(4, 6);
        Each((random, name) =>
        {
            var flavor = GivenNuma.Flavor(1 + random.Next(8), 1024, "hw:cpu_policy=dedicated");
            var (provider, inventory) = (GivenNuma.Provider(facts), GivenNuma.Inventory(facts, word));
            var identity = new ClaimIdentity("a", 1, "c", "Server/ns/a");
            var (first, again) = (Ledger.Claim(provider, inventory, GivenNuma.Request("a", flavor), identity), Ledger.Claim(provider, inventory, GivenNuma.Request("a", flavor), identity));
            Assert.Equal(Assert.IsType<ClaimResult.Claimed>(first).Entry.Cpus, Assert.IsType<ClaimResult.Claimed>(again).Entry.Cpus);
        }, 50);
    }

    [Fact]
    public void Claims_and_releases_in_any_order_never_share_a_CPU_and_end_where_they_began()
    {
        var facts = GivenNuma.Facts(2, 6);
        var word = GivenNuma.AllButFirstCores(2, 6);
        var inventory = GivenNuma.Inventory(facts, word);
        Each((random, name) =>
        {
            var provider = GivenNuma.Provider(facts);
            for (var step = 0; step < 12; step++)
            {
                var held = provider.Status!.Allocations!;
                if (held.Count > 0 && random.Next(3) == 0)
                {
                    provider = GivenNuma.Provider(facts, Ledger.Release(provider, held[random.Next(held.Count)].Id, 1)!);
                    continue;
                }

                var flavor = GivenNuma.Flavor(1 + random.Next(6), 512, "hw:cpu_policy=dedicated", $"hw:emulator_threads_policy={(random.Next(2) == 0 ? "isolate" : "share")}");
                var id = $"i{step}";
                if (Ledger.Claim(provider, inventory, GivenNuma.Request(id, flavor), new ClaimIdentity(id, 1, "c", "Server/ns/" + id)) is ClaimResult.Claimed claimed)
                    provider = GivenNuma.Provider(facts, claimed.Allocations);
                var cpus = new List<int>();
                foreach (var entry in provider.Status!.Allocations!)
                {
                    Assert.True(CpuList.Read(entry.Cpus, cpus), name);
                    cpus.AddRange(entry.Cells!.Where(c => c.EmulatorCpu is not null).Select(c => c.EmulatorCpu!.Value));
                }

                Assert.True(cpus.Distinct().Count() == cpus.Count, $"{name}: {string.Join(' ', cpus)}");
                Assert.Equal(cpus.Count, GivenNuma.Host(facts, word, provider.Status.Allocations!).Cells.Sum(c => c.PinnedCpus.Count));
            }

            foreach (var entry in provider.Status!.Allocations!.ToList()) provider = GivenNuma.Provider(facts, Ledger.Release(provider, entry.Id, 1)!);
            Assert.Equal(NumaForm.Of(GivenNuma.Host(facts, word)), NumaForm.Of(GivenNuma.Host(facts, word, [.. provider.Status!.Allocations!])));
        }, 200);
    }

    [Fact]
    public void No_flavor_image_or_fact_makes_anything_throw()
    {
        string[] keys =
        [
            "hw:cpu_policy", "hw:cpu_thread_policy", "hw:cpu_realtime", "hw:cpu_realtime_mask", "hw:cpu_dedicated_mask", "hw:emulator_threads_policy", "hw:numa_nodes", "hw:numa_cpus.0",
            "hw:numa_mem.0", "hw:numa_cpus.1", "hw:numa_mem.1", "hw:mem_page_size", "hw:locked_memory", "hw:cpu_sockets", "hw:cpu_max_threads", "hw:pci_numa_affinity_policy",
            "pci_passthrough:alias", "resources:PCPU", "resources:VCPU", "trait:HW_CPU_HYPERTHREADING", "hw:pmem",
        ];
        string[] values =
        [
            "", "0", "1", "2", "-1", "1.5", "abc", "yes", "dedicated", "shared", "mixed", "require", "isolate", "prefer", "^0", "0-3", "^0-99", "3-1", ",", "0,,1", "0-65535", "99999999999999999999",
            "large", "any", "small", "2048", "1GB", "3.5MB", "B", "iB", "KiB", "1bit", "required", "socket", "x:1", "x:0", ":", "x", "forbidden", "9223372036854775807", "é", " 1 ",
        ];
        string[] lists = ["", "0-3", "0,2", "3-1", "x", "0-99999999", "1,1", "-", "4-5"];
        Each((random, name) =>
        {
            string Value() => values[random.Next(values.Length)];
            var specs = keys.Where(_ => random.Next(4) == 0).ToDictionary(k => k, _ => Value());
            var properties = keys.Where(_ => random.Next(6) == 0).ToDictionary(k => k.Replace(':', '_'), _ => Value());
            var flavor = new FlavorSpec { Vcpus = random.Next(1, 9), MemoryMiB = random.Next(1, 4096), ExtraSpecs = specs };
            var image = new ImageSpec { Properties = properties };
            PciAlias[] aliases = [new("x", [new PciMatch([new("vendor_id", "v")])])];
            GuestHardware.Check(flavor, image, aliases);
            string List() => lists[random.Next(lists.Length)];
            var facts = new ResourceProviderSpec
            {
                HostID = "id",
                NumaCells = [.. Enumerable.Range(0, random.Next(4)).Select(i => new NumaCell
                {
                    Id = random.Next(3), Cpus = List(), Siblings = random.Next(2) == 0 ? null : [List(), List()], MemoryMiB = random.Next(4096), Pages = new Dictionary<string, long> { [List()] = 3, ["0"] = 1, ["2048"] = random.Next(99) },
                })],
                PciDevices = [.. Enumerable.Range(0, random.Next(3)).Select(_ => new PciDevice { Address = List(), VendorID = "v", ProductID = "p", NumaNode = random.Next(3), Parent = List() })],
            };
            var word = new HypervisorSpec { CpuSharedSet = random.Next(2) == 0 ? null : List(), CpuDedicatedSet = random.Next(2) == 0 ? null : List(), PciDevices = [new PciDeviceSpec { Address = "*:3b:*.*" }, new PciDeviceSpec { VendorID = "v" }] };
            var entry = new Allocation
            {
                Id = "e",
                ClaimID = "c",
                Holder = "h",
                Resources = new Dictionary<string, long>(),
                Cpus = List(),
                WholeCores = random.Next(2) == 0,
                Devices = [List()],
                Cells = [new AllocatedCell { Cell = random.Next(4), PageSizeKiB = random.Next(2) * 2048, MemoryMiB = random.Next(99), EmulatorCpu = random.Next(9) }],
            };
            var inventory = EffectiveInventory.Of(facts, word, []);
            var request = SchedulingRequest.For(
                new Server { Metadata = new() { Name = "s", Uid = "s" }, Spec = new ServerSpec { Flavor = "f" } }, flavor, image, null, new RequestContext { PciAliases = [.. aliases] });
            Ledger.Claim(GivenNuma.Provider(facts, entry), inventory, request, new ClaimIdentity("s", 1, "c", "Server/n/s"));
            Ledger.OverAllocated([entry, entry], inventory);
            var snapshot = Given.Snapshot(Given.Host() with { Inventory = inventory, Allocations = [entry] });
            Given.Scheduler().Decide(snapshot, request with { Invalid = null, Resources = [] }).Report(Given.Time);
        });
    }

    private static void Each(Action<Random, string> test, int cases = Cases)
    {
        for (var seed = 0; seed < cases; seed++) test(new Random(seed), $"seed {seed}");
    }

    private static List<int> Rows(Snapshot snapshot)
    {
        var rows = new List<int>();
        for (var i = 0; i < 20; i++)
            if (snapshot.View.TryRow($"host{i}", out var row)) rows.Add(row);
        return rows;
    }

    private static HostCell Cell(int id, long memory, params ImmutableArray<string> networks)
    {
        var cpus = CpuSet.Range(id * 8, 8);
        return new HostCell(id, cpus, CpuSet.Empty, [.. cpus.Select(c => ImmutableArray.Create(c))], memory, []) { PhysicalNetworks = networks };
    }

    private static HostTopology Host(Random random)
    {
        var threads = 1 << random.Next(3);
        var cores = 2 + random.Next(4);
        var undivided = random.Next(3) == 0;
        var cells = Enumerable.Range(0, 1 + random.Next(4)).Select(id =>
        {
            var first = id * cores * threads;
            var all = Enumerable.Range(first, cores * threads).ToList();
            var shared = CpuSet.Of(undivided ? all : all.Where(_ => random.Next(4) == 0));
            var dedicated = undivided ? shared : CpuSet.Of(all).Except(shared);
            var free = random.Next(4);
            var pinned = CpuSet.Of(dedicated.Where(_ => random.Next(4) < free));
            var memory = 1024L * (1 + random.Next(4));
            ImmutableArray<HostPages> pages = random.Next(4) == 0 ? [] : [new(4, memory * 256, 0, random.Next((int)memory * 256)), new(2048, random.Next(1024), random.Next(8), random.Next(256))];
            return new HostCell(id, shared, dedicated, [.. Enumerable.Range(0, cores).Select(c => all.Skip(c * threads).Take(threads).ToImmutableArray())], memory, pages) { Socket = id / 2 }
                .WithUsage(pinned, random.Next(3) == 0 ? 0 : random.Next((int)memory), random.Next(8), pages);
        });
        return new HostTopology([.. cells]) { Limits = random.Next(2) == 0 ? null : new OvercommitLimits(1 + random.Next(4), 1.5), Packs = random.Next(2) == 0 };
    }

    private static HostTopology WithDevices(Random random, HostTopology host)
    {
        string[] types = ["type-PCI", "type-VF", PciPool.PhysicalFunction];
        var pools = Enumerable.Range(0, random.Next(6)).Select(_ =>
            new PciPool("v", random.Next(2) == 0 ? "a" : "b", types[random.Next(3)], random.Next(4) == 0 ? null : random.Next(host.Cells.Length), random.Next(4)));
        return host with
        {
            Pci = new PciPools([.. pools]),
            Cells = [.. host.Cells.Select(c => new HostCell(c.Id, c.SharedCpus, c.DedicatedCpus, c.Cores, c.MemoryMiB, c.Pages)
            {
                Socket = random.Next(20) == 0 ? null : c.Socket, Tunnels = random.Next(3) == 0, PhysicalNetworks = [.. new[] { "n0", "n1", "n2" }.Where(_ => random.Next(3) == 0)],
            }.WithUsage(c.PinnedCpus, c.MemoryUsedMiB, c.SharedCpusUsed, c.Pages))],
        };
    }

    private static GuestTopology Guest(Random random)
    {
        var policy = (CpuPolicy)random.Next(4);
        var pins = policy is CpuPolicy.Dedicated or CpuPolicy.Mixed;
        var at = 0;
        var alike = random.Next(2) == 0;
        var (count, each, memory) = (1 + random.Next(3), 1 + random.Next(4), 64L * (1 + random.Next(16)));
        var cells = Enumerable.Range(0, count).Select(id =>
        {
            var cpus = CpuSet.Range(at, alike ? each : 1 + random.Next(4));
            at += cpus.Count;
            var pinned = policy switch { CpuPolicy.Dedicated => cpus, CpuPolicy.Mixed => CpuSet.Of(cpus.First()), _ => CpuSet.Empty };
            return new GuestCell(id, cpus.Except(pinned), pinned, alike ? memory : 64L * (1 + random.Next(16)));
        });
        long[] pages = [PageSize.NotAsked, PageSize.NotAsked, PageSize.Small, PageSize.Large, PageSize.Any, 2048];
        return new GuestTopology([.. cells], policy, pins ? (ThreadPolicy)random.Next(4) : ThreadPolicy.None, pages[random.Next(pages.Length)], pins ? (EmulatorThreadsPolicy)random.Next(3) : EmulatorThreadsPolicy.None);
    }
}
