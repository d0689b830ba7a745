using System.Collections.Immutable;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;
using Kilonova.Scheduling.RequestFilters;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Scheduling;

/// <summary>
/// Decides where a server goes, in Nova's order: request filters, candidates (exclusions, resources, traits), filters, weighers, a draw among the best. Pure
/// but for the draw. Not thread-safe: it works in buffers of its own, and belongs to the thread that keeps the snapshot.
/// </summary>
public sealed class Scheduler
{
    private readonly ImmutableArray<RequestFilter> requestFilters;
    private readonly ImmutableArray<HostFilter> filters;
    private readonly ImmutableArray<HostWeigher> weighers;
    private readonly ExcludedHosts excluded = new();
    private readonly RequestedHosts requested = new();
    private readonly RequiredTraits traits = new();
    private readonly AggregateMembership aggregates = new();
    private readonly ProviderFit providers = new();
    private readonly Dictionary<string, ResourceFit> fits = new(StringComparer.Ordinal);
    private readonly Random random;
    private readonly int ranked;
    private int[] best = new int[Ranking.FewEnoughToInsert];

    /// <summary>Creates a scheduler.</summary>
    /// <param name="configuration">Options.</param>
    /// <param name="registry">What the configuration may name; what comes with the library when absent.</param>
    /// <param name="random">Draws among the best hosts, where the configuration asks for a draw.</param>
    /// <exception cref="ArgumentException">The configuration names something that is not there, or a number is out of range.</exception>
    public Scheduler(SchedulerConfiguration configuration, SchedulerRegistry? registry = null, Random? random = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (SchedulerOptions.FirstBroken(configuration) is { } broken) throw new ArgumentException(broken, nameof(configuration));
        registry ??= SchedulerRegistry.Default;
        Configuration = configuration;
        this.random = random ?? new Random();
        requestFilters = SchedulerRegistry.Create(registry.RequestFilters, configuration.EnabledRequestFilters, configuration, nameof(configuration.EnabledRequestFilters));
        filters = SchedulerRegistry.Create(registry.Filters, configuration.EnabledFilters, configuration, nameof(configuration.EnabledFilters));
        weighers = SchedulerRegistry.Create(registry.Weighers, configuration.EnabledWeighers, configuration, nameof(configuration.EnabledWeighers));
        ranked = Math.Max(configuration.HostSubsetSize, configuration.MaxAttempts);
    }

    /// <summary>Options.</summary>
    public SchedulerConfiguration Configuration { get; }

    /// <summary>Decisions taken; a <see cref="Decision"/> can be explained until the next one.</summary>
    internal long Decisions { get; private set; }

    internal DecisionScratch Scratch { get; } = new();

    /// <summary>Decides where a server would go now. Nothing is claimed: the ledger has the last word.</summary>
    /// <param name="snapshot">The hosts.</param>
    /// <param name="request">The request.</param>
    /// <param name="trace">Takes down every value on the way, for simulation and tests; costs accordingly.</param>
    /// <returns>The host and its alternates, or none; and why.</returns>
    public Decision Decide(Snapshot snapshot, SchedulingRequest request, DecisionTrace? trace = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(request);
        Decisions++;
        var hosts = snapshot.View;
        Scratch.Start(snapshot);
        if (request.Invalid is { } invalid) return Decision.Refused(this, snapshot, request, "Flavor", ClusterEvents.None, invalid);
        foreach (var filter in requestFilters)
        {
            var result = Apply(filter, hosts, request);
            if (result.Refusal is { } refusal) return Decision.Refused(this, snapshot, request, filter.Name, filter.WokenBy, refusal);
            request = result.Request!;
        }

        Plan(hosts, request);
        List<FilterError>? errors = null;
        try
        {
            errors = Eliminate(hosts, request);
            Scratch.CollectRows();
            Weigh(hosts, request, trace, ref errors);
        }
        catch (StepException e)
        {
            if (trace is not null)
            {
                trace.Failed = e.Step;
                trace.Finish(hosts, Scratch, []);
            }

            return Decision.Failed(this, snapshot, request, e);
        }

        var order = Rank(trace is null ? ranked : int.MaxValue);
        trace?.Finish(hosts, Scratch, order);
        return Decision.Taken(this, snapshot, request, order, errors);
    }

    /// <summary>A request filter that throws cannot judge the request, and no host is looked at.</summary>
    private static RequestFilterResult Apply(RequestFilter filter, in SnapshotView hosts, SchedulingRequest request)
    {
        try
        {
            return filter.Apply(hosts, request);
        }
        catch (Exception e)
        {
            return RequestFilterResult.Refuse($"{filter.Name} failed: {e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>Applies a step to a set of hosts. Where it throws, host by host: only hosts that it cannot judge are rejected for that.</summary>
    /// <exception cref="StepException">It throws, and the configuration has the request fail.</exception>
    internal static void Apply(
        HostFilter step, StepFailure onFailure, in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<ulong> before, Span<ulong> survivors, ref List<FilterError>? errors)
    {
        try
        {
            step.Apply(hosts, request, new Survivors(survivors));
        }
        catch (Exception)
        {
            before.CopyTo(survivors);
            OneByOne(step, onFailure, hosts, request, new Survivors(survivors), ref errors);
        }
    }

    private static void OneByOne(HostFilter step, StepFailure onFailure, in SnapshotView hosts, SchedulingRequest request, Survivors survivors, ref List<FilterError>? errors)
    {
        foreach (var row in survivors)
        {
            try
            {
                if (!step.Passes(hosts, request, row)) survivors.Remove(row);
            }
            catch (Exception e) when (onFailure == StepFailure.FailRequest)
            {
                throw new StepException(step.Name, e);
            }
            catch (Exception e)
            {
                survivors.Remove(row);
                errors ??= [];
                if (errors.Count < FilterError.Kept) errors.Add(new FilterError(step.Name, hosts.Name(row), e));
            }
        }
    }

    private void Plan(in SnapshotView hosts, SchedulingRequest request)
    {
        if (requested.Concerns(request)) Scratch.Steps.Add(requested);
        Scratch.Steps.Add(excluded);
        foreach (var resource in request.Resources)
        {
            if (!fits.TryGetValue(resource.ResourceClass, out var fit)) fits[resource.ResourceClass] = fit = new ResourceFit(resource.ResourceClass);
            Scratch.Steps.Add(fit);
        }

        if (traits.Concerns(request)) Scratch.Steps.Add(traits);
        if (aggregates.Concerns(request)) Scratch.Steps.Add(aggregates);
        if (!request.Groups.IsEmpty || (hosts.HasTrees && AnyServedByTree(hosts, request))) Scratch.Steps.Add(providers);
        if (request.SkipFilters) return;
        foreach (var filter in filters)
            if ((!request.Rebuild || filter.RunsOnRebuild) && Concerns(filter, request)) Scratch.Steps.Add(filter);
        // Nova finds out while it weighs, and the whole request fails.
        if (Configuration.OnStepFailure == StepFailure.FailRequest) return;
        foreach (var weigher in weighers)
            if (weigher.Guard is { } guard && !Scratch.Steps.Exists(s => s.Name == guard.Name)) Scratch.Steps.Add(guard);
    }

    /// <summary>A filter that cannot say is asked for each host, and there it shows.</summary>
    private static bool Concerns(HostFilter filter, SchedulingRequest request)
    {
        try
        {
            return filter.Concerns(request);
        }
        catch (Exception)
        {
            return true;
        }
    }

    private static bool AnyServedByTree(in SnapshotView hosts, SchedulingRequest request)
    {
        foreach (var resource in request.Resources)
            if (hosts.WithChildrenThatOffer(resource.ResourceClass).Words.ContainsAnyExcept(0UL)) return true;
        return false;
    }

    private List<FilterError>? Eliminate(in SnapshotView hosts, SchedulingRequest request)
    {
        List<FilterError>? errors = null;
        for (var i = 0; i < Scratch.Steps.Count; i++)
        {
            Apply(Scratch.Steps[i], Configuration.OnStepFailure, hosts, request, Scratch.After(i - 1), Scratch.Survivors, ref errors);
            Scratch.Keep(i + 1);
            Scratch.StepsTaken = i + 1;
            if (!Scratch.Survivors.ContainsAnyExcept(0UL)) break;
        }

        return errors;
    }

    /// <summary>Nova weighs nothing when fewer than two hosts are left: the weight is 0.</summary>
    private void Weigh(in SnapshotView hosts, SchedulingRequest request, DecisionTrace? trace, ref List<FilterError>? errors)
    {
        var rows = Scratch.Rows;
        var raw = Scratch.Raw;
        var totals = Scratch.Totals;
        totals.Clear();
        if (rows.Length < 2) return;
        foreach (var weigher in weighers)
        {
            if (trace is null && !weigher.Concerns(hosts, request)) continue;
            if (!Weigh(weigher, hosts, request, rows, raw, ref errors)) continue;
            var scale = Normalisation.Over(raw, weigher.MinimumValue);
            var overrides = hosts.MultiplierOverrides(weigher.MultiplierKey);
            for (var i = 0; i < totals.Length; i++) totals[i] += weigher.MultiplierOf(overrides, rows[i]) * scale.Of(raw[i]);
            trace?.Weighed(weigher, hosts, rows, raw, scale, overrides);
        }
    }

    /// <summary>Guards have rejected hosts that a weigher cannot weigh. One that throws nevertheless adds nothing, and says so.</summary>
    private bool Weigh(HostWeigher weigher, in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw, ref List<FilterError>? errors)
    {
        try
        {
            weigher.Weigh(hosts, request, rows, raw);
            return true;
        }
        catch (Exception e) when (Configuration.OnStepFailure == StepFailure.FailRequest)
        {
            throw new StepException(weigher.Name, e);
        }
        catch (Exception e)
        {
            errors ??= [];
            if (errors.Count < FilterError.Kept) errors.Add(new FilterError(weigher.Name, "", e));
            return false;
        }
    }

    private ReadOnlySpan<int> Rank(int wanted)
    {
        var count = Math.Min(wanted, Scratch.RowCount);
        if (count == 0) return [];
        var room = count <= Ranking.FewEnoughToInsert ? count : Scratch.RowCount;
        if (best.Length < room) best = new int[Scratch.RowCount];
        Ranking.Best(Scratch.Totals, best.AsSpan(0, room), Scratch.Raw);
        var order = best.AsSpan(0, count);
        if (Configuration.ShuffleBestSameWeighedHosts) Ranking.ShuffleBest(Scratch.Totals, order, random);
        if (Configuration.HostSubsetSize > 1) Ranking.DrawFirst(order, Configuration.HostSubsetSize, random);
        return order;
    }
}
