using System.Collections.Immutable;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>How a guest is divided into NUMA cells (spec: CPU-03, S8).</summary>
internal static class CellConstraints
{
    /// <summary>Most cells that are looked for.</summary>
    private const int MaxCells = 128;

    /// <summary>How many cells are asked for; null when nobody says.</summary>
    public static Checked<int?> Count(GuestProperties properties)
    {
        var (ofFlavor, ofImage) = properties.Both("numa_nodes");
        if (ofFlavor is not null && ofImage is not null) return Forbidden("hw_numa_nodes");
        if ((ofFlavor ?? ofImage) is not { } text) return (int?)null;
        // Nova takes a text for a number only when it is written as the number would be.
        return GuestProperties.TryWhole(text, out var count) && count >= 1 && count <= int.MaxValue && text == count.ToString(System.Globalization.CultureInfo.InvariantCulture)
            ? (int?)count
            : new RequestError("InvalidNUMANodesNumber", $"The property 'numa_nodes' cannot be '{text}'. It must be a number greater than 0");
    }

    /// <summary>Divides the guest: evenly, or as the flavor or the image lists it.</summary>
    public static Checked<ImmutableArray<GuestCell>> Divide(GuestProperties properties, int count, CpuSet pinned)
    {
        var cpus = CpuLists(properties);
        if (cpus.Error is { } badCpus) return badCpus;
        var memory = MemoryList(properties);
        if (memory.Error is { } badMemory) return badMemory;
        if (cpus.Value is null && memory.Value is null) return Evenly(properties, count, pinned);
        if (cpus.Value?.Count != count || memory.Value?.Count != count)
            return new RequestError("ImageNUMATopologyIncomplete", "CPU and memory allocation must be provided for all NUMA nodes");
        return AsListed(properties, cpus.Value, memory.Value, pinned);
    }

    private static Checked<ImmutableArray<GuestCell>> Evenly(GuestProperties properties, int count, CpuSet pinned)
    {
        if (properties.Vcpus % count != 0 || properties.MemoryMiB % count != 0)
        {
            return new RequestError(
                "ImageNUMATopologyAsymmetric",
                "Instance CPUs and/or memory cannot be evenly distributed across instance NUMA nodes. Explicit assignment of CPUs and memory to nodes is required");
        }

        var each = properties.Vcpus / count;
        var cells = ImmutableArray.CreateBuilder<GuestCell>(count);
        for (var id = 0; id < count; id++) cells.Add(Cell(id, CpuSet.Range(id * each, each), pinned, properties.MemoryMiB / count));
        return cells.MoveToImmutable();
    }

    private static Checked<ImmutableArray<GuestCell>> AsListed(GuestProperties properties, List<CpuSet> cpus, List<long> memory, CpuSet pinned)
    {
        var unassigned = CpuSet.Range(0, properties.Vcpus);
        var cells = ImmutableArray.CreateBuilder<GuestCell>(cpus.Count);
        var sum = 0L;
        for (var id = 0; id < cpus.Count; id++)
        {
            foreach (var cpu in cpus[id])
            {
                if (cpu >= properties.Vcpus)
                    return new RequestError("ImageNUMATopologyCPUOutOfRange", $"CPU number {cpu} is larger than max {properties.Vcpus - 1}");
                if (!unassigned.Contains(cpu))
                    return new RequestError("ImageNUMATopologyCPUDuplicates", $"CPU number {cpu} is assigned to two nodes");
            }

            unassigned = unassigned.Except(cpus[id]);
            cells.Add(Cell(id, cpus[id], pinned, memory[id]));
            sum += memory[id];
        }

        if (unassigned.Count > 0)
            return new RequestError("ImageNUMATopologyCPUsUnassigned", $"CPU number {{{string.Join(", ", unassigned)}}} is not assigned to any node");
        if (sum != properties.MemoryMiB)
            return new RequestError("ImageNUMATopologyMemoryOutOfRange", $"{sum} MB of memory assigned, but expected {properties.MemoryMiB} MB");
        return cells.MoveToImmutable();
    }

    private static GuestCell Cell(int id, CpuSet cpus, CpuSet pinned, long memory) => new(id, cpus.Except(pinned), cpus.Intersect(pinned), memory);

    private static Checked<List<CpuSet>> CpuLists(GuestProperties properties)
    {
        var ofFlavor = new List<CpuSet>();
        var ofImage = new List<CpuSet>();
        foreach (var (list, read) in new (List<CpuSet> List, Func<int, string?> Read)[] { (ofFlavor, i => properties.Flavor($"hw:numa_cpus.{i}")), (ofImage, i => properties.Image($"hw_numa_cpus.{i}")) })
        {
            for (var i = 0; i < MaxCells && read(i) is { } text; i++)
            {
                var parsed = CpuSet.Parse(text);
                if (parsed.Error is { } error) return error;
                list.Add(parsed.Value!);
            }
        }

        if (ofFlavor.Count > 0 && ofImage.Count > 0) return Forbidden("hw_numa_cpus");
        return ofFlavor.Count > 0 ? ofFlavor : ofImage.Count > 0 ? ofImage : null;
    }

    private static Checked<List<long>> MemoryList(GuestProperties properties)
    {
        var ofFlavor = new List<long>();
        var ofImage = new List<long>();
        foreach (var (list, read) in new (List<long> List, Func<int, string?> Read)[] { (ofFlavor, i => properties.Flavor($"hw:numa_mem.{i}")), (ofImage, i => properties.Image($"hw_numa_mem.{i}")) })
        {
            for (var i = 0; i < MaxCells && read(i) is { } text; i++)
            {
                if (!GuestProperties.TryWhole(text, out var mib)) return new RequestError("Invalid", $"Invalid memory of NUMA node {i}: '{text}'");
                list.Add(mib);
            }
        }

        if (ofFlavor.Count > 0 && ofImage.Count > 0) return Forbidden("hw_numa_mem");
        return ofFlavor.Count > 0 ? ofFlavor : ofImage.Count > 0 ? ofImage : null;
    }

    private static RequestError Forbidden(string property) =>
        new("ImageNUMATopologyForbidden", $"Image property '{property}' is not permitted to override NUMA configuration set against the flavor");
}
