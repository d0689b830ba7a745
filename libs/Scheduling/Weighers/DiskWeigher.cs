using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Weighers;

/// <summary>
/// Free disk in MiB, without the allocation ratio: total less reserved less promised, or what can really be had where that is less. The most wins; a negative
/// multiplier stacks (spec: SCH-44).
/// </summary>
public sealed class DiskWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "DiskWeigher";

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    public DiskWeigher(double multiplier)
        : base(multiplier)
    {
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "disk_weight_multiplier";

    /// <inheritdoc/>
    public override double? MinimumValue => 0;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        var disk = hosts.Resource(ResourceClass.DiskGb);
        var least = hosts.DiskAvailableLeastGiB;
        for (var i = 0; i < rows.Length; i++)
        {
            var row = rows[i];
            raw[i] = 1024.0 * Math.Min(disk.Total[row] - disk.Reserved[row] - disk.Used[row], least[row]);
        }
    }
}
