using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Weighers;

/// <summary>
/// Free virtual CPUs: total times the allocation ratio, less reserved, less promised. As in Nova, the reservation is not multiplied. The most wins; a negative
/// multiplier stacks (spec: SCH-43).
/// </summary>
public sealed class CpuWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "CPUWeigher";

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    public CpuWeigher(double multiplier)
        : base(multiplier)
    {
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "cpu_weight_multiplier";

    /// <inheritdoc/>
    public override double? MinimumValue => 0;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        var cpus = hosts.Resource(ResourceClass.Vcpu);
        for (var i = 0; i < rows.Length; i++)
        {
            var row = rows[i];
            raw[i] = (cpus.Total[row] * cpus.AllocationRatio[row]) - cpus.Reserved[row] - cpus.Used[row];
        }
    }
}
