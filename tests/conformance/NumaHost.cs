using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Conformance;

/// <summary>
/// Cells, devices and wishes of vectors as our own: facts as the agent reports them, sets and reservations as the admin writes them, and the usage laid on as it
/// is said to be (no guests add up to it).
/// </summary>
internal static class NumaHost
{
    public static HostTopology Topology(JsonArray cells, OvercommitLimits? limits, bool packs, JsonArray? pools, JsonObject? threadOrder = null)
    {
        var facts = cells.Select(c => Fact(c!, threadOrder?[c!["id"]!.ToString()] as JsonArray)).ToList();
        var own = HostLayout.Of(facts, Hypervisor(cells)).ToArray();
        for (var i = 0; i < own.Length; i++)
        {
            var cell = cells[i]!;
            var used = Pages(cell).ToDictionary(p => p["size_kb"]!.GetValue<long>(), p => p["used"]?.GetValue<long>() ?? 0);
            own[i] = own[i].WithUsage(
                CpuSet.Of(Numbers(cell["pinned_cpus"])), cell["memory_usage"]?.GetValue<long>() ?? 0, cell["cpu_usage"]?.GetValue<long>() ?? 0,
                [.. own[i].Pages.Select(p => p with { Used = used[p.SizeKiB] })]);
        }

        return new HostTopology([.. own]) { Limits = limits, Packs = packs, Pci = pools is null ? null : new PciPools([.. pools.Select(p => Pool(p!.AsObject()))]) };
    }

    public static NumaNetworks Networks(JsonNode? metadata)
    {
        var names = NetworksOf(metadata).ToList();
        return new NumaNetworks([.. names.Where(n => n != HostLayout.Tunnel)], names.Contains(HostLayout.Tunnel));
    }

    public static ImmutableArray<PciRequest> Requests(JsonNode? requests) => [.. (requests as JsonArray ?? []).Select(r => new PciRequest(
        r!["count"]!.GetValue<int>(),
        [.. (r["spec"] as JsonArray ?? []).Select(s => new PciMatch([.. s!.AsObject().Select(p => KeyValuePair.Create(p.Key, p.Value?.ToString() ?? ""))]))],
        Enum.Parse<PciNumaPolicy>(r["numa_policy"]?.ToString() ?? "legacy", ignoreCase: true),
        r["alias_name"]?.ToString()))];

    private static NumaCell Fact(JsonNode cell, JsonArray? threadOrder)
    {
        var siblings = (cell["siblings"] as JsonArray ?? []).Select(s => Numbers(s)).ToList();
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

    private static HypervisorSpec Hypervisor(JsonArray cells) => new()
    {
        CpuSharedSet = CpuSet.Of(cells.SelectMany(c => Numbers(c!["cpuset"]))).ToString(),
        CpuDedicatedSet = CpuSet.Of(cells.SelectMany(c => Numbers(c!["pcpuset"]))).ToString(),
        ReservedHugePages = [.. cells.SelectMany(c => Pages(c!).Select(p => new HugePages
        {
            Node = c!["id"]!.GetValue<int>(), SizeKiB = p["size_kb"]!.GetValue<long>(), Count = p["reserved"]?.GetValue<long>() ?? 0,
        }))],
        PhysicalNetworks = [.. cells.SelectMany(c => NetworksOf(c!["network_metadata"]).Select(n => new PhysicalNetwork { Name = n, NumaNodes = [c!["id"]!.GetValue<int>()] }))],
    };

    private static IEnumerable<string> NetworksOf(JsonNode? metadata)
    {
        if (metadata is null) return [];
        var names = (metadata["physnets"] as JsonArray ?? []).Select(n => n!.ToString());
        return metadata["tunneled"]?.GetValue<bool>() == true ? names.Append(HostLayout.Tunnel) : names;
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

    private static IEnumerable<JsonNode> Pages(JsonNode cell) => (cell["mempages"] as JsonArray ?? []).Select(p => p!);

    private static List<int> Numbers(JsonNode? list) => [.. (list as JsonArray ?? []).Select(n => n!.GetValue<int>())];
}
