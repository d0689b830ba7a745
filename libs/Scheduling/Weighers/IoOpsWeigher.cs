using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Weighers;

/// <summary>Guests that burden the host's disks: in build, resize, snapshot, migration, rescue or unshelve. The default multiplier is negative and prefers hosts that have few (spec: SCH-46).</summary>
public sealed class IoOpsWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "IoOpsWeigher";

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    public IoOpsWeigher(double multiplier)
        : base(multiplier)
    {
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "io_ops_weight_multiplier";

    /// <inheritdoc/>
    public override double? MinimumValue => 0;

    /// <inheritdoc/>
    public override bool Concerns(in SnapshotView hosts, SchedulingRequest request) => hosts.AnyIoOperations;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        var burdens = hosts.IoOperations;
        for (var i = 0; i < rows.Length; i++) raw[i] = burdens[rows[i]];
    }
}
