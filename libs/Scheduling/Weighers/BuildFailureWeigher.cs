using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Weighers;

/// <summary>Builds that failed on the host since the last that succeeded. The multiplier counts against it, and by default outweighs all else (spec: SCH-50).</summary>
public sealed class BuildFailureWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "BuildFailureWeigher";

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    public BuildFailureWeigher(double multiplier)
        : base(multiplier)
    {
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "build_failure_weight_multiplier";

    /// <inheritdoc/>
    public override bool CountsAgainst => true;

    /// <inheritdoc/>
    public override bool Concerns(in SnapshotView hosts, SchedulingRequest request) => hosts.AnyFailedBuilds;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        var failures = hosts.FailedBuilds;
        for (var i = 0; i < rows.Length; i++) raw[i] = failures[rows[i]];
    }
}
