using System.Text.Json.Nodes;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Conformance;

/// <summary>Writes our answers as the NUMA vectors have them.</summary>
internal static class NumaAnswer
{
    public static JsonObject Of(NumaCase @case)
    {
        var (flavor, image) = (@case.Flavor, @case.Image);
        var answer = new JsonObject
        {
            ["cpu_policy"] = Of(CpuConstraints.Policy(flavor, image), "get_cpu_policy_constraint", Name),
            ["cpu_thread_policy"] = Of(CpuConstraints.Threads(flavor, image), "get_cpu_thread_policy_constraint", Name),
            ["realtime_cpus"] = Of(CpuConstraints.RealTime(flavor, image), "get_realtime_cpu_constraint", Cpus),
            ["dedicated_cpus"] = Of(CpuConstraints.DedicatedMask(flavor), "get_dedicated_cpu_constraint", Cpus),
            ["emulator_threads_policy"] = Of(CpuConstraints.EmulatorThreads(flavor), "get_emulator_thread_policy_constraint", Name),
            ["pci_numa_policy"] = Of(PciConstraints.Policy(flavor, image), "get_pci_numa_policy_constraint", p => p is { } policy ? policy.ToString().ToLowerInvariant() : null),
            ["cpu_topology"] = CpuTopology(@case),
        };
        var constraints = TopologyConstraints.Of(flavor, image);
        if (constraints.Error is { } error)
        {
            answer["error"] = Error(error, "numa_get_constraints");
            return answer;
        }

        answer["constraints"] = constraints.Value is { } guest ? Topology(guest, null) : null;
        if (constraints.Value is null)
        {
            answer["fits"] = null;
            answer["fit"] = null;
            return answer;
        }

        var order = new int[@case.Host.Cells.Length];
        var wishes = @case.Wishes(constraints.Value);
        @case.Host.Order(constraints.Value, !wishes.Devices.IsEmpty, order);
        // Nothing is tried where the guest has more cells than the host.
        answer["host_cell_order"] = constraints.Value.Cells.Length > order.Length ? null : new JsonArray([.. order.Select(i => (JsonNode)@case.Host.Cells[i].Id)]);
        var placement = NumaFit.Place(@case.Host, wishes);
        if (NumaFit.Fits(@case.Host, wishes) != placement is not null) throw new InvalidOperationException("Fits and Place do not agree.");
        answer["fits"] = placement is not null;
        answer["fits_clean"] = placement is not null;
        answer["fit"] = placement is null ? null : Topology(constraints.Value, placement);
        if (placement is not null) answer["host_after"] = Host(NumaUsage.Add(@case.Host, NumaUsage.Of(placement)));
        return answer;
    }

    private static JsonObject Topology(GuestTopology guest, NumaPlacement? placement) => new()
    {
        ["cells"] = new JsonArray([.. guest.Cells.Select((cell, i) => (JsonNode)Cell(guest, cell, placement?.Cells[i]))]),
        ["emulator_threads_policy"] = Name(guest.EmulatorThreads),
    };

    private static JsonObject Cell(GuestTopology guest, GuestCell cell, PlacedCell? placed) => new()
    {
        ["id"] = placed?.HostCell ?? cell.Id,
        ["cpuset"] = Cpus(cell.SharedCpus),
        ["pcpuset"] = Cpus(cell.PinnedCpus),
        ["memory"] = cell.MemoryMiB,
        ["pagesize"] = (placed?.PageSizeKiB ?? guest.PageSize) is var size and not 0 ? size : null,
        ["cpu_policy"] = Name(guest.CpuPolicy),
        ["cpu_thread_policy"] = Name(guest.ThreadPolicy),
        ["cpu_pinning"] = placed is null || !guest.Pins
            ? null
            : new JsonObject(cell.PinnedCpus.Zip(placed.Pins).Select(p => KeyValuePair.Create(p.First.ToString(System.Globalization.CultureInfo.InvariantCulture), (JsonNode?)p.Second))),
        ["cpuset_reserved"] = placed?.EmulatorCpu is { } emulator ? new JsonArray(emulator) : null,
    };

    private static JsonObject Host(HostTopology host) => new()
    {
        ["cells"] = new JsonArray([.. host.Cells.Select(cell => (JsonNode)new JsonObject
        {
            ["id"] = cell.Id,
            ["cpu_usage"] = cell.SharedCpusUsed,
            ["memory_usage"] = cell.MemoryUsedMiB,
            ["pinned_cpus"] = Cpus(cell.PinnedCpus),
            ["mempages"] = new JsonArray([.. cell.Pages.Select(p => (JsonNode)new JsonObject
            {
                ["size_kb"] = p.SizeKiB, ["total"] = p.Total, ["used"] = p.Used, ["reserved"] = p.Reserved,
            })]),
        })]),
    };

    private static JsonObject CpuTopology(NumaCase @case)
    {
        var constraints = GuestCpuTopology.Of(@case.Flavor, @case.Image);
        if (constraints.Error is { } error) return new JsonObject { ["error"] = Error(error, "cpu_topology") };
        var all = constraints.Value!.Desirable(@case.Flavor.Vcpus);
        if (all.Error is { } impossible) return new JsonObject { ["error"] = Error(impossible, "cpu_topology") };
        return new JsonObject
        {
            ["preferred"] = Triple(constraints.Value.Preferred),
            ["maximum"] = Triple(constraints.Value.Maximum),
            ["best"] = Triple(all.Value[0]),
            ["best_no_threads"] = Of(constraints.Value.Desirable(@case.Flavor.Vcpus, withThreads: false), "no_threads", t => Triple(t[0])),
            ["desirable"] = new JsonArray([.. all.Value.Select(t => (JsonNode)Triple(t))]),
        };
    }

    private static JsonArray Triple(CpuTopology topology) => new(topology.Sockets, topology.Cores, topology.Threads);

    private static JsonNode? Of<T>(Checked<T> result, string stage, Func<T?, JsonNode?> write) =>
        result.Error is { } error ? new JsonObject { ["error"] = Error(error, stage) } : write(result.Value);

    private static JsonObject Error(RequestError error, string stage) => new() { ["stage"] = stage, ["class"] = error.Class, ["message"] = error.Message };

    private static JsonNode? Name<T>(T policy)
        where T : struct, Enum => policy.ToString() is "None" ? null : policy.ToString().ToLowerInvariant();

    private static JsonArray? Cpus(CpuSet? cpus) => cpus is null ? null : new JsonArray([.. cpus.Select(c => (JsonNode)c)]);
}
