using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Weighers;

/// <summary>
/// One view of how good a host is. The values of all hosts that are left are normalised to 0…1, multiplied and added up (spec: SCH-40). Pure, as filters are.
/// </summary>
public abstract class HostWeigher
{
    /// <summary>Creates a weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration.</param>
    protected HostWeigher(double multiplier) => Multiplier = multiplier;

    /// <summary>Name, as in the configuration and in reports.</summary>
    public abstract string Name { get; }

    /// <summary>Metadata key by which an aggregate overrides the multiplier for its members; the smallest of several counts (spec: SCH-41).</summary>
    public abstract string MultiplierKey { get; }

    /// <summary>Multiplier of the configuration. Positive prefers large values, negative small ones.</summary>
    public double Multiplier { get; }

    /// <summary>Lower end of the scale; values below are raised to it. Null takes the smallest value of the hosts that are left.</summary>
    public virtual double? MinimumValue => null;

    /// <summary>Finds the raw values.</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <param name="rows">Hosts that are left.</param>
    /// <param name="raw">Takes the value of each, in the same order.</param>
    public abstract void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw);
}
