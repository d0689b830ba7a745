using System.Collections.Immutable;
using System.Text;
using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling;

/// <summary>A host that was found good.</summary>
/// <param name="Name">Name of the Hypervisor.</param>
/// <param name="Weight">Sum of the weighers; 0 when it was the only one.</param>
public readonly record struct RankedHost(string Name, double Weight);

/// <summary>How many hosts a step rejected.</summary>
/// <param name="Step">Name of the filter, or of the resource class for the fit.</param>
/// <param name="Reason">Why, in a few words.</param>
/// <param name="Hosts">Hosts rejected; at least 1.</param>
public readonly record struct StepCount(string Step, string Reason, int Hosts);

/// <summary>What was decided for a server, and why.</summary>
public sealed class Decision
{
    private static readonly ClusterEvents AnyEvent = Enum.GetValues<ClusterEvents>().Aggregate((a, b) => a | b);

    private readonly Scheduler scheduler;
    private readonly Snapshot snapshot;
    private readonly SchedulingRequest request;
    private readonly long number;
    private readonly long version;
    private readonly string? refusal;

    private Decision(
        Scheduler scheduler, Snapshot snapshot, SchedulingRequest request, ImmutableArray<RankedHost> ranked, ImmutableArray<StepCount> rejected,
        ClusterEvents wokenBy, string? refusal, IReadOnlyList<FilterError> errors)
    {
        this.scheduler = scheduler;
        this.snapshot = snapshot;
        this.request = request;
        this.refusal = refusal;
        number = scheduler.Decisions;
        version = snapshot.Version;
        Hosts = snapshot.Count;
        Ranked = ranked;
        Rejected = rejected;
        WokenBy = wokenBy;
        Errors = errors;
    }

    /// <summary>The host to claim on; null when no host can take the server.</summary>
    public string? Host => Ranked.IsEmpty ? null : Ranked[0].Name;

    /// <summary>The host to claim on and its alternates, in the order in which to try them; at most <see cref="SchedulerConfiguration.MaxAttempts"/>. Empty when there is none.</summary>
    public ImmutableArray<RankedHost> Ranked { get; }

    /// <summary>Hosts that were looked at.</summary>
    public int Hosts { get; }

    /// <summary>How many hosts each step rejected, in the order of the steps; those that rejected none are left out. With the survivors they add up to <see cref="Hosts"/>.</summary>
    public ImmutableArray<StepCount> Rejected { get; }

    /// <summary>Events that could help a server for which no host was found.</summary>
    public ClusterEvents WokenBy { get; }

    /// <summary>Filters that threw (the first few), for the log.</summary>
    public IReadOnlyList<FilterError> Errors { get; }

    /// <summary>One line for a condition or an Event, for instance <c>0/12 hosts are available: 7 Insufficient MEMORY_MB, 5 not in service.</c></summary>
    public string Message
    {
        get
        {
            var passed = Hosts;
            foreach (var count in Rejected) passed -= count.Hosts;
            var text = new StringBuilder().Append(passed).Append('/').Append(Hosts).Append(" hosts are available");
            if (refusal is not null) return text.Append(": ").Append(refusal).Append('.').ToString();
            if (Hosts == 0) return text.Append(": no host is known.").ToString();
            for (var i = 0; i < Rejected.Length; i++) text.Append(i == 0 ? ": " : ", ").Append(Rejected[i].Hosts).Append(' ').Append(Rejected[i].Reason);
            return text.Append('.').ToString();
        }
    }

    /// <summary>
    /// Explains the decision for <c>Server.status.scheduling</c>: at most 4 KiB. Texts are made only here, from the scheduler's buffers and the snapshot, so
    /// this is called before the next decision and before the next host is applied.
    /// </summary>
    /// <param name="time">When it was decided.</param>
    /// <returns>The report.</returns>
    /// <exception cref="InvalidOperationException">It is too late.</exception>
    public SchedulingReport Report(DateTimeOffset time)
    {
        BeInTime();
        return Explanation.Report(this, time, scheduler.Scratch, snapshot.View, request, refusal);
    }

    /// <summary>
    /// Every host that was rejected, with the first step that did it and its numbers, in the order of the steps: what <see cref="Report"/> has samples of. Empty for
    /// a request that was refused before any host was looked at. Made as late, and as early, as a report.
    /// </summary>
    /// <returns>The rejections.</returns>
    /// <exception cref="InvalidOperationException">It is too late.</exception>
    public IReadOnlyList<HostRejection> Rejections()
    {
        BeInTime();
        return Explanation.Rejections(scheduler.Scratch, snapshot.View, request, int.MaxValue);
    }

    private void BeInTime()
    {
        if (scheduler.Decisions != number || snapshot.Version != version)
            throw new InvalidOperationException("A decision is explained before the next one is taken and before the snapshot changes.");
    }

    /// <summary>The step that threw, where the configuration has the request fail for that; null otherwise.</summary>
    public FilterError? Failure { get; private init; }

    internal static Decision Refused(Scheduler scheduler, Snapshot snapshot, SchedulingRequest request, string step, ClusterEvents wokenBy, string refusal)
    {
        ImmutableArray<StepCount> rejected = snapshot.Count == 0 ? [] : [new StepCount(step, refusal, snapshot.Count)];
        return new Decision(scheduler, snapshot, request, [], rejected, wokenBy, refusal, []);
    }

    internal static Decision Failed(Scheduler scheduler, Snapshot snapshot, SchedulingRequest request, StepException exception)
    {
        var cause = exception.InnerException!;
        var failure = new FilterError(exception.Step, "", cause);
        var refusal = $"{exception.Step} failed: {cause.GetType().Name}: {cause.Message}";
        ImmutableArray<StepCount> rejected = snapshot.Count == 0 ? [] : [new StepCount(exception.Step, refusal, snapshot.Count)];
        // Whatever it could not judge may change.
        return new Decision(scheduler, snapshot, request, [], rejected, AnyEvent, refusal, [failure]) { Failure = failure };
    }

    internal static Decision Taken(Scheduler scheduler, Snapshot snapshot, SchedulingRequest request, ReadOnlySpan<int> order, List<FilterError>? errors)
    {
        var scratch = scheduler.Scratch;
        var hosts = snapshot.View;
        var ranked = ImmutableArray.CreateBuilder<RankedHost>(Math.Min(order.Length, scheduler.Configuration.MaxAttempts));
        for (var i = 0; i < ranked.Capacity; i++) ranked.Add(new RankedHost(hosts.Name(scratch.Rows[order[i]]), scratch.Totals[order[i]]));

        var rejected = ImmutableArray.CreateBuilder<StepCount>();
        // A new host may suit anybody.
        var wokenBy = ClusterEvents.HostAdded;
        var before = snapshot.Count;
        for (var i = 0; i < scratch.StepsTaken; i++)
        {
            var after = new HostBits(scratch.After(i)).Count;
            if (after < before)
            {
                rejected.Add(new StepCount(scratch.Steps[i].Name, scratch.Steps[i].Reason, before - after));
                wokenBy |= scratch.Steps[i].WokenBy;
            }

            before = after;
        }

        return new Decision(scheduler, snapshot, request, ranked.MoveToImmutable(), rejected.ToImmutable(), wokenBy, null, errors ?? []);
    }
}
