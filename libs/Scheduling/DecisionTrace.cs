using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Scheduling;

/// <summary>Every value on the way to a decision: who survived each step, what each weigher found, and the whole order. For simulation and tests.</summary>
public sealed class DecisionTrace
{
    private readonly List<TracedStep> steps = [];
    private readonly List<TracedWeigher> weighers = [];
    private readonly List<RankedHost> order = [];

    /// <summary>Steps that were taken, with who was left.</summary>
    public IReadOnlyList<TracedStep> Steps => steps;

    /// <summary>Weighers, with what they found; none when fewer than two hosts were left.</summary>
    public IReadOnlyList<TracedWeigher> Weighers => weighers;

    /// <summary>All hosts that were left, best first.</summary>
    public IReadOnlyList<RankedHost> Order => order;

    /// <summary>Name of the step that threw, where the request failed for that; null otherwise.</summary>
    public string? Failed { get; internal set; }

    internal void Weighed(
        HostWeigher weigher, in SnapshotView hosts, ReadOnlySpan<int> rows, ReadOnlySpan<double> raw, Normalisation scale, ReadOnlySpan<double> overrides)
    {
        var values = new List<TracedWeight>(rows.Length);
        for (var i = 0; i < rows.Length; i++)
            values.Add(new TracedWeight(hosts.Name(rows[i]), Math.Max(raw[i], weigher.MinimumValue ?? raw[i]), scale.Of(raw[i]), weigher.MultiplierOf(overrides, rows[i])));
        weighers.Add(new TracedWeigher(weigher.Name, values));
    }

    internal void Finish(in SnapshotView hosts, DecisionScratch scratch, ReadOnlySpan<int> best)
    {
        for (var step = 0; step < scratch.StepsTaken; step++)
        {
            var names = new List<string>();
            foreach (var row in new Survivors(scratch.After(step))) names.Add(hosts.Name(row));
            steps.Add(new TracedStep(scratch.Steps[step].Name, names));
        }

        foreach (var position in best) order.Add(new RankedHost(hosts.Name(scratch.Rows[position]), scratch.Totals[position]));
    }
}

/// <summary>A step and who was left after it.</summary>
/// <param name="Step">Name of the filter, or of the resource class for the fit.</param>
/// <param name="Survivors">Names of the hosts, in the order of the snapshot.</param>
public sealed record TracedStep(string Step, IReadOnlyList<string> Survivors);

/// <summary>What a weigher found.</summary>
/// <param name="Weigher">Name of the weigher.</param>
/// <param name="Values">One for each host that was left, in the order of the snapshot.</param>
public sealed record TracedWeigher(string Weigher, IReadOnlyList<TracedWeight> Values);

/// <summary>What a weigher found for one host.</summary>
/// <param name="Host">Name of the Hypervisor.</param>
/// <param name="Raw">Value, raised to the lower end of the weigher's scale as Nova reports it.</param>
/// <param name="Normalized">Value on the scale of 0…1.</param>
/// <param name="Multiplier">Multiplier that counts for this host.</param>
public readonly record struct TracedWeight(string Host, double Raw, double Normalized, double Multiplier);
