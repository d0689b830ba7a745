using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Conformance;

/// <summary>A case of the NUMA vectors as our own objects: flavor, image, and the facts of a host with its admin's word.</summary>
internal sealed class NumaCase
{
    private readonly JsonObject source;

    /// <param name="source">The case.</param>
    /// <param name="threadOrder">Order of the free threads of each core, by cell; as the case lists them when absent.</param>
    public NumaCase(JsonObject source, JsonObject? threadOrder = null)
    {
        this.source = source;
        var flavor = source["flavor"]!;
        Flavor = new FlavorSpec
        {
            Vcpus = flavor["vcpus"]!.GetValue<int>(),
            MemoryMiB = flavor["memory_mb"]!.GetValue<long>(),
            ExtraSpecs = Texts(flavor["extra_specs"]),
        };
        Image = source["image"] is JsonObject image ? new ImageSpec { Properties = Texts(image["properties"]) } : null;
        Host = Topology(threadOrder);
    }

    public FlavorSpec Flavor { get; }

    public ImageSpec? Image { get; }

    public HostTopology Host { get; }

    public NumaWishes Wishes(GuestTopology guest) => new(guest, Requests(), Networks());

    private JsonArray Cells => source["host"]!["cells"]!.AsArray();

    /// <summary>The facts as the agent would report them, the sets as the admin would write them, and the usage as the vector says it is.</summary>
    private HostTopology Topology(JsonObject? threadOrder)
    {
        var facts = Cells.Select(c => Fact(c!, threadOrder?[c!["id"]!.ToString()] as JsonArray)).ToList();
        var cells = HostLayout.Of(facts, Hypervisor()).ToArray();
        for (var i = 0; i < cells.Length; i++)
        {
            var cell = Cells[i]!;
            var used = Pages(cell).ToDictionary(p => p["size_kb"]!.GetValue<long>(), p => p["used"]!.GetValue<long>());
            cells[i] = cells[i].WithUsage(
                CpuSet.Of(Numbers(cell["pinned_cpus"])), cell["memory_usage"]!.GetValue<long>(), cell["cpu_usage"]!.GetValue<long>(),
                [.. cells[i].Pages.Select(p => p with { Used = used[p.SizeKiB] })]);
        }

        return new HostTopology([.. cells])
        {
            Limits = source["limits"] is JsonObject limits
                ? new OvercommitLimits(limits["cpu_allocation_ratio"]!.GetValue<double>(), limits["ram_allocation_ratio"]!.GetValue<double>())
                : null,
            Packs = source["conf"]?["compute.packing_host_numa_cells_allocation_strategy"]?.GetValue<bool>() == true,
            Pci = source["pci_pools"] is JsonArray pools ? new PciPools([.. pools.Select(p => Pool(p!.AsObject()))]) : null,
        };
    }

    private static NumaCell Fact(JsonNode cell, JsonArray? threadOrder)
    {
        var siblings = cell["siblings"]!.AsArray().Select(s => Numbers(s)).ToList();
        if (threadOrder is not null)
            siblings = [.. siblings.Select((core, i) => i < threadOrder.Count ? [.. Numbers(threadOrder[i]), .. core.Except(Numbers(threadOrder[i]))] : core)];
        var cpus = CpuSet.Of(Numbers(cell["cpuset"]).Concat(Numbers(cell["pcpuset"])).Concat(siblings.SelectMany(s => s)));
        return new NumaCell
        {
            Id = cell["id"]!.GetValue<int>(),
            Socket = cell["socket"]?.GetValue<int>(),
            Cpus = cpus.ToString(),
            Siblings = [.. siblings.Select(CpuList.Write)],
            MemoryMiB = cell["memory"]!.GetValue<long>(),
            Pages = Pages(cell).ToDictionary(p => p["size_kb"]!.ToString(), p => p["total"]!.GetValue<long>()),
        };
    }

    private HypervisorSpec Hypervisor()
    {
        var networks = new List<PhysicalNetwork>();
        foreach (var (name, cell) in Cells.SelectMany(c => NetworksOf(c!["network_metadata"]).Select(n => (n, c!["id"]!.GetValue<int>()))))
            networks.Add(new PhysicalNetwork { Name = name, NumaNodes = [cell] });
        return new HypervisorSpec
        {
            CpuSharedSet = CpuSet.Of(Cells.SelectMany(c => Numbers(c!["cpuset"]))).ToString(),
            CpuDedicatedSet = CpuSet.Of(Cells.SelectMany(c => Numbers(c!["pcpuset"]))).ToString(),
            ReservedHugePages = [.. Cells.SelectMany(c => Pages(c!).Select(p => new HugePages
            {
                Node = c!["id"]!.GetValue<int>(), SizeKiB = p["size_kb"]!.GetValue<long>(), Count = p["reserved"]!.GetValue<long>(),
            }))],
            PhysicalNetworks = networks,
        };
    }

    private static IEnumerable<string> NetworksOf(JsonNode? metadata)
    {
        if (metadata is null) return [];
        var names = metadata["physnets"]!.AsArray().Select(n => n!.ToString());
        return metadata["tunneled"]?.GetValue<bool>() == true ? names.Append(HostLayout.Tunnel) : names;
    }

    private NumaNetworks Networks()
    {
        var names = NetworksOf(source["network_metadata"]).ToList();
        return new NumaNetworks([.. names.Where(n => n != HostLayout.Tunnel)], names.Contains(HostLayout.Tunnel));
    }

    private ImmutableArray<PciRequest> Requests()
    {
        if (source["pci_requests"] is not JsonArray requests) return [];
        return [.. requests.Select(r => new PciRequest(
            r!["count"]!.GetValue<int>(),
            [.. r["spec"]!.AsArray().Select(s => new PciMatch([.. s!.AsObject().Select(p => KeyValuePair.Create(p.Key, p.Value!.ToString()))]))],
            Enum.Parse<PciNumaPolicy>(r["numa_policy"]?.ToString() ?? "legacy", ignoreCase: true),
            r["alias_name"]?.ToString()))];
    }

    private static PciPool Pool(JsonObject pool)
    {
        string[] known = ["vendor_id", "product_id", "dev_type", "numa_node", "count"];
        return new PciPool(
            pool["vendor_id"]!.ToString(), pool["product_id"]!.ToString(), pool["dev_type"]?.ToString() ?? "", pool["numa_node"]?.GetValue<int>(), pool["count"]!.GetValue<int>())
        {
            Tags = [.. pool.Where(p => !known.Contains(p.Key) && p.Value is not null).Select(p => KeyValuePair.Create(p.Key, p.Value!.ToString()))],
        };
    }

    private static IEnumerable<JsonNode> Pages(JsonNode cell) => cell["mempages"]!.AsArray().Select(p => p!);

    private static List<int> Numbers(JsonNode? list) => [.. list!.AsArray().Select(n => n!.GetValue<int>())];

    private static Dictionary<string, string> Texts(JsonNode? map) => map?.AsObject().Where(p => p.Value is not null).ToDictionary(p => p.Key, p => p.Value!.ToString()) ?? [];
}
