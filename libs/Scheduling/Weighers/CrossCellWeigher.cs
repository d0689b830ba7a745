using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Weighers;

/// <summary>For a server that moves and may leave its cell: 1 in its cell, -1 elsewhere; 0 everywhere for others. Positive keeps it in its cell (spec: SCH-51).</summary>
public sealed class CrossCellWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "CrossCellWeigher";

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    public CrossCellWeigher(double multiplier)
        : base(multiplier)
    {
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "cross_cell_move_weight_multiplier";

    /// <inheritdoc/>
    public override bool Concerns(in SnapshotView hosts, SchedulingRequest request) => request.PreferredCell is not null;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        var capabilities = hosts.Capabilities;
        for (var i = 0; i < rows.Length; i++) raw[i] = request.PreferredCell is null ? 0 : capabilities[rows[i]].Cell == request.PreferredCell ? 1 : -1;
    }
}
