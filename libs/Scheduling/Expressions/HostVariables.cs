using System.Text.Json;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Expressions;

/// <summary>What extra specs and the hint <c>query</c> can ask of a host, by Nova's names.</summary>
internal static class HostVariables
{
    /// <summary>Names of what Nova's host state holds beside single values; they exist, and no expression can use them.</summary>
    private static readonly HashSet<string> Opaque =
        new(["pci_stats", "numa_topology", "limits", "metrics", "aggregates", "instances", "updated", "service"], StringComparer.Ordinal);

    /// <summary>Names of single values, in alphabetical order, for documentation.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "cell_uuid", "cpu_allocation_ratio", "cpu_info", "disk_allocation_ratio", "disk_mb_used", "failed_builds", "free_disk_mb", "free_ram_mb", "host", "host_ip",
        "hypervisor_hostname", "hypervisor_type", "hypervisor_version", "nodename", "num_instances", "num_io_ops", "ram_allocation_ratio", "stats", "supported_instances",
        "total_usable_disk_gb", "total_usable_ram_mb", "uuid", "vcpus_total", "vcpus_used",
    ];

    /// <summary>Whether a name means anything on a host.</summary>
    public static bool Exists(in SnapshotView hosts, int row, string name) =>
        Names.Contains(name) || Opaque.Contains(name) || hosts.Capabilities[row].Stats?.ContainsKey(name) == true;

    /// <summary>A value of a host.</summary>
    /// <returns>None when the host has no such value.</returns>
    public static HostValue Get(in SnapshotView hosts, int row, string name)
    {
        var capabilities = hosts.Capabilities[row];
        return name switch
        {
            "host" => HostValue.Of(hosts.Name(row)),
            "nodename" or "hypervisor_hostname" => HostValue.Of(capabilities.NodeName ?? hosts.Name(row)),
            "uuid" => HostValue.Of(capabilities.HostID),
            "cell_uuid" => HostValue.Of(capabilities.Cell),
            "host_ip" => HostValue.Of(capabilities.HostIP),
            "hypervisor_type" => HostValue.Of(capabilities.HypervisorType),
            "hypervisor_version" => HostValue.Of(capabilities.HypervisorVersion),
            "cpu_info" => HostValue.Of(capabilities.CpuInfo),
            "supported_instances" => HostValue.Of([.. capabilities.SupportedGuests.Select(g =>
                HostValue.Of([HostValue.Of(g.Architecture), HostValue.Of(g.HypervisorType), HostValue.Of(g.VmMode)]))]),
            "num_instances" => HostValue.Of((long)hosts.Guests[row]),
            "num_io_ops" => HostValue.Of((long)hosts.IoOperations[row]),
            "failed_builds" => HostValue.Of((long)hosts.FailedBuilds[row]),
            "vcpus_total" => HostValue.Of(hosts.Resource(ResourceClass.Vcpu).Total[row]),
            "vcpus_used" => HostValue.Of(hosts.Resource(ResourceClass.Vcpu).Used[row]),
            "cpu_allocation_ratio" => HostValue.Of(hosts.Resource(ResourceClass.Vcpu).AllocationRatio[row]),
            "total_usable_ram_mb" => HostValue.Of(hosts.Resource(ResourceClass.MemoryMb).Total[row]),
            "free_ram_mb" => HostValue.Of(Free(hosts.Resource(ResourceClass.MemoryMb), row)),
            "ram_allocation_ratio" => HostValue.Of(hosts.Resource(ResourceClass.MemoryMb).AllocationRatio[row]),
            "total_usable_disk_gb" => HostValue.Of(hosts.Resource(ResourceClass.DiskGb).Total[row]),
            "disk_mb_used" => HostValue.Of(hosts.Resource(ResourceClass.DiskGb).Used[row] * 1024),
            "free_disk_mb" => HostValue.Of(Math.Min(Free(hosts.Resource(ResourceClass.DiskGb), row), hosts.DiskAvailableLeastGiB[row]) * 1024),
            "disk_allocation_ratio" => HostValue.Of(hosts.Resource(ResourceClass.DiskGb).AllocationRatio[row]),
            _ => default,
        };
    }

    /// <summary>A further fact of a host.</summary>
    public static HostValue Stat(in SnapshotView hosts, int row, string name) =>
        hosts.Capabilities[row].Stats is { } stats && stats.TryGetValue(name, out var value) ? HostValue.Of(value) : default;

    /// <summary>Follows a path into a host: a value, a further fact by its bare name, <c>stats</c> and what is in it, and into texts that are JSON.</summary>
    public static HostValue Follow(in SnapshotView hosts, int row, ReadOnlySpan<string> path)
    {
        if (path[0] == "stats") return path.Length == 2 ? Stat(hosts, row, path[1]) : default;
        var value = Get(hosts, row, path[0]);
        if (value.IsNone) value = Stat(hosts, row, path[0]);
        for (var i = 1; i < path.Length && !value.IsNone; i++)
        {
            var document = i == 1 && path[0] == "cpu_info" ? hosts.Capabilities[row].Cpu?.Parsed ?? default : Parsed(value);
            value = document.ValueKind == JsonValueKind.Object && document.TryGetProperty(path[i], out var member) ? HostValue.Of(member) : default;
        }

        return value;
    }

    private static JsonElement Parsed(in HostValue value) => value.Kind switch
    {
        HostValueKind.Document => value.Document,
        HostValueKind.Text => CpuDescription.Parse(value.AsText),
        _ => default,
    };

    private static long Free(in ResourceColumnView column, int row) => column.Total[row] - column.Reserved[row] - column.Used[row];
}
