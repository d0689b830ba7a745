using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// For a guest that has run before: passes hosts that have the CPU features and the machine type which it first booted with. A host that does not say what it has cannot be judged
/// by it and passes; the host itself has the last word when the guest comes.
/// </summary>
public sealed class RecordedCpuFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "RecordedCpuFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "without the CPU or machine type that the guest has";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.CapabilitiesChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => request.Recorded is not null;

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => Missing(hosts, request, row) is null;

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => $"lacks {Missing(hosts, request, row)}, which the guest has";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if it had {Missing(hosts, request, row)}";

    private static string? Missing(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (request.Recorded is not { } recorded) return null;
        var host = hosts.Capabilities[row];
        if (recorded.MachineType is { } type && host.MachineTypes.Count > 0 && !host.MachineTypes.Contains(type)) return $"the machine type {type}";
        if (host.CpuFeatures.Count == 0) return null;
        var missing = recorded.Features.Where(f => !host.CpuFeatures.Contains(f)).ToList();
        return missing.Count == 0 ? null : $"the CPU features {string.Join(", ", missing)}{(recorded.Model is { } model ? $" of {model}" : "")}";
    }
}
