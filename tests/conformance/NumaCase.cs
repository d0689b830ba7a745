using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Scheduling.Numa;

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
            ExtraSpecs = ScheduleWorld.Texts(flavor["extra_specs"]!.AsObject()),
        };
        Image = source["image"] is JsonObject image ? new ImageSpec { Properties = ScheduleWorld.Texts(image["properties"] as JsonObject ?? []) } : null;
        var limits = source["limits"] as JsonObject;
        Host = NumaHost.Topology(
            source["host"]!["cells"]!.AsArray(),
            limits is null ? null : new OvercommitLimits(limits["cpu_allocation_ratio"]!.GetValue<double>(), limits["ram_allocation_ratio"]!.GetValue<double>()),
            source["conf"]?["compute.packing_host_numa_cells_allocation_strategy"]?.GetValue<bool>() == true,
            source["pci_pools"] as JsonArray,
            threadOrder);
    }

    public FlavorSpec Flavor { get; }

    public ImageSpec? Image { get; }

    public HostTopology Host { get; }

    public NumaWishes Wishes(GuestTopology guest) => new(guest, NumaHost.Requests(source["pci_requests"]), NumaHost.Networks(source["network_metadata"]));
}
