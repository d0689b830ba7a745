using Kilonova.Scheduling.Filters;
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

    /// <summary>Whether the multiplier, from the configuration or an aggregate, counts negative: what is weighed is a fault.</summary>
    public virtual bool CountsAgainst => false;

    /// <summary>Rejects, before weighing, hosts that this cannot weigh; null when it can weigh every host.</summary>
    public virtual HostFilter? Guard => null;

    /// <summary>Whether the values can differ at all. A weigher for which they cannot is passed over: equal values add nothing.</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <returns>False to be passed over.</returns>
    public virtual bool Concerns(in SnapshotView hosts, SchedulingRequest request) => true;

    /// <summary>The multiplier that counts for a host: its aggregates', else the configuration's; negative where it counts against.</summary>
    /// <param name="overrides">What aggregates say, by row: <see cref="SnapshotView.MultiplierOverrides"/>.</param>
    /// <param name="row">Row of the host.</param>
    /// <returns>The multiplier.</returns>
    public double MultiplierOf(ReadOnlySpan<double> overrides, int row)
    {
        var multiplier = overrides.IsEmpty || double.IsNaN(overrides[row]) ? Multiplier : overrides[row];
        return CountsAgainst ? -multiplier : multiplier;
    }

    /// <summary>Finds the raw values.</summary>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <param name="rows">Hosts that are left.</param>
    /// <param name="raw">Takes the value of each, in the same order.</param>
    public abstract void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw);
}
