using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Weighers;

/// <summary>Free memory in MiB, without the allocation ratio: total less reserved less promised. The most wins; a negative multiplier stacks (spec: SCH-42).</summary>
public sealed class RamWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "RAMWeigher";

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    public RamWeigher(double multiplier)
        : base(multiplier)
    {
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "ram_weight_multiplier";

    /// <inheritdoc/>
    public override double? MinimumValue => 0;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        var memory = hosts.Resource(ResourceClass.MemoryMb);
        for (var i = 0; i < rows.Length; i++)
        {
            var row = rows[i];
            raw[i] = memory.Total[row] - memory.Reserved[row] - memory.Used[row];
        }
    }
}
