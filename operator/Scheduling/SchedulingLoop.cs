using System.Collections.Concurrent;
using System.Threading.Channels;
using Kilonova.Crds;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Servers;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator.Scheduling;

/// <summary>
/// Decides one server after the other, oldest first, on a snapshot that only this loop touches; claims and binds run beside it. What was decided
/// counts in the snapshot at once, so that decisions made meanwhile do not choose the same room.
/// </summary>
/// <remarks>A server that no host can take waits for an event that one of the rejecting filters declared, and is not looked at for any other.</remarks>
public sealed class SchedulingLoop
{
    /// <summary>Placements that may be under way at a time: enough to share ledger writes, few enough to decide on what others wrote.</summary>
    private const int MaxUnderWay = 48;

    /// <summary>The step that rejects hosts for what they hold of the very server: its refusals are the server's own.</summary>
    private const string ExcludedStep = "ExcludedHosts";

    private readonly Channel<Message> _inbox = Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<string, SchedulingOutcome> _outcomes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _underWay = new(StringComparer.Ordinal);
    private readonly HostPolicy _policy;
    private readonly ServerPlacer _placer;
    private readonly Action<string> _settled;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Scheduler _scheduler;

    // Only the loop touches what follows.
    private readonly Snapshot _snapshot = new();
    private readonly WakeUpIndex<string> _wakeUp = new();
    private readonly Dictionary<string, PlacementAsk> _asks = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, (DateTimeOffset, string)> _ready = new();
    private readonly HashSet<string> _queued = new(StringComparer.Ordinal);
    private readonly HashSet<string> _dirtyHosts = new(StringComparer.Ordinal);
    private readonly List<Refusal> _refusals = [];
    private readonly AssumedClaims _assumed = new();

    /// <summary>What happened and has woken nobody yet.</summary>
    private ClusterEvents _events;
    private bool _aggregatesChanged = true;

    /// <summary>Creates the loop.</summary>
    /// <param name="configuration">Options of the scheduler.</param>
    /// <param name="policy">What is known of hosts.</param>
    /// <param name="placer">Claims and binds what was decided.</param>
    /// <param name="settled">Told of each instance ID whose outcome is known: its status is to be looked at.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public SchedulingLoop(SchedulerConfiguration configuration, HostPolicy policy, ServerPlacer placer, Action<string> settled, TimeProvider time, ILogger<SchedulingLoop> logger)
    {
        _scheduler = new Scheduler(configuration);
        _policy = policy;
        _placer = placer;
        _settled = settled;
        _time = time;
        _logger = logger;
    }

    /// <summary>Places a server as soon as it is its turn. Nothing happens when it waits already and nothing of it has changed.</summary>
    public void Enqueue(PlacementAsk ask)
    {
        ArgumentNullException.ThrowIfNull(ask);
        _known[ask.InstanceID] = true;
        _inbox.Writer.TryWrite(new Message.Place(ask));
    }

    /// <summary>A server is not to be placed any more: it is bound, changed or gone.</summary>
    public void Drop(string instanceID)
    {
        if (!_known.TryRemove(instanceID, out _))
            return;
        _outcomes.TryRemove(instanceID, out _);
        _inbox.Writer.TryWrite(new Message.Forget(instanceID));
    }

    /// <summary>Something about a host has changed.</summary>
    public void HostChanged(string host) => _inbox.Writer.TryWrite(new Message.Host(host));

    /// <summary>An aggregate has changed, came or went: one without members too can keep servers out.</summary>
    public void AggregatesChanged() => _inbox.Writer.TryWrite(new Message.Aggregates());

    /// <summary>Members of a group, or the group itself, came or went.</summary>
    public void GroupChanged() => _inbox.Writer.TryWrite(new Message.Groups());

    /// <summary>Servers that no host could take.</summary>
    public IEnumerable<string> Waiting => _outcomes.Where(o => o.Value is SchedulingOutcome.NoValidHost).Select(o => o.Key);

    /// <summary>Whether a claim or bind of a server is under way: nobody else is to write its status meanwhile.</summary>
    public bool IsUnderWay(string instanceID) => _underWay.ContainsKey(instanceID);

    /// <summary>What was last decided of a server.</summary>
    public SchedulingOutcome? Outcome(string instanceID) => _outcomes.GetValueOrDefault(instanceID);

    /// <summary>Runs until cancelled; what is under way then is left as it is, which the protocol goes on from.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (await _inbox.Reader.WaitToReadAsync(cancellation))
        {
            while (_inbox.Reader.TryRead(out var message))
                Take(message);
            ApplyHosts();
            while (_underWay.Count < MaxUnderWay && _ready.TryDequeue(out var id, out _))
            {
                if (_queued.Remove(id) && _asks.TryGetValue(id, out var ask))
                    Decide(ask, cancellation);
            }
        }
    }

    private void Take(Message message)
    {
        switch (message)
        {
            case Message.Place(var ask):
                if (_underWay.ContainsKey(ask.InstanceID) || (_asks.TryGetValue(ask.InstanceID, out var known) && known.Fingerprint == ask.Fingerprint))
                    _asks[ask.InstanceID] = ask;
                else
                    MakeReady(ask);
                break;
            case Message.Forget(var id):
                _asks.Remove(id);
                _queued.Remove(id);
                _wakeUp.Remove(id);
                break;
            case Message.Host(var host):
                _dirtyHosts.Add(host);
                break;
            case Message.Aggregates:
                _aggregatesChanged = true;
                break;
            case Message.Groups:
                _events |= ClusterEvents.GroupChanged;
                break;
            case Message.Ended(var ask, var host, var result, var group):
                End(ask, host, result, group);
                break;
        }
    }

    private void MakeReady(PlacementAsk ask)
    {
        _asks[ask.InstanceID] = ask;
        if (_queued.Add(ask.InstanceID))
            _ready.Enqueue(ask.InstanceID, (ask.Since, ask.InstanceID));
    }

    private void ApplyHosts()
    {
        var events = _events;
        _events = ClusterEvents.None;
        if (_aggregatesChanged)
            events |= _snapshot.ApplyAggregates(_policy.Aggregates());
        _aggregatesChanged = false;
        foreach (var host in _dirtyHosts)
        {
            if (_policy.FactsOf(host, _assumed.On(host)) is { } facts)
                events |= _snapshot.Apply(facts);
            else if (_snapshot.Remove(host))
                events |= ClusterEvents.InstanceLeft;
        }

        _dirtyHosts.Clear();
        foreach (var id in _wakeUp.For(events))
        {
            if (_asks.TryGetValue(id, out var ask) && !_underWay.ContainsKey(id))
                MakeReady(ask);
        }
    }

    private void Decide(PlacementAsk ask, CancellationToken cancellation)
    {
        var started = _time.GetTimestamp();
        var group = _policy.GroupVersion(ask.Server);
        if (_policy.Hints(ask.Server, out var context) is not null)
        {
            // Gone since it was asked: the reconciler says what is missing.
            _asks.Remove(ask.InstanceID);
            _settled(ask.InstanceID);
            return;
        }

        context = context with { Group = _assumed.Joined(ask.Server, ask.InstanceID, context.Group), Networks = NumaNetworks.Of(ask.Resolved.Networks.Select(n => n.Spec)) };
        var request = SchedulingRequest.For(
            ask.Server, ask.Resolved.Flavor.Spec, ask.Resolved.Image?.Spec, ask.Avoid.Select(h => new ExcludedHost(h, "holds something of this server still")), context);
        if (KnownRefusal(request) is { } refusal)
        {
            Refuse(ask, refusal);
            return;
        }

        var decision = _scheduler.Decide(_snapshot, request);
        foreach (var error in decision.Errors)
            _logger.FilterThrew(error.ToString());
        OperatorMetrics.Decided(decision, _time.GetElapsedTime(started));

        if (decision.Host is not { } host)
        {
            var refused = new Refusal(_snapshot.Version, request, new SchedulingOutcome.NoValidHost(decision.Message, decision.Report(_time.GetUtcNow())), decision.WokenBy);
            Remember(refused);
            Refuse(ask, refused);
            return;
        }

        _wakeUp.Remove(ask.InstanceID);
        _outcomes[ask.InstanceID] = new SchedulingOutcome.Placed(decision.Report(_time.GetUtcNow()));
        _underWay[ask.InstanceID] = true;
        Assume(ask, host, request);
        _ = PlaceAsync(ask, request, decision, host, group, cancellation);
    }

    private async Task PlaceAsync(PlacementAsk ask, SchedulingRequest request, Decision decision, string assumedHost, string? group, CancellationToken cancellation)
    {
        // Off the loop: it goes on deciding.
        await Task.Yield();
        var result = PlaceResult.Unknown;
        try
        {
            result = await _placer.PlaceAsync(ask, request, [.. decision.Ranked.Select(r => r.Name)], _outcomes.GetValueOrDefault(ask.InstanceID), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // One placement must not stop the others; what it left is seen and finished by the reconciler.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logger.PlacementFailed(e, ask.Server.Metadata.Namespace!, ask.Server.Metadata.Name!, ask.InstanceID);
        }

        _inbox.Writer.TryWrite(new Message.Ended(ask, assumedHost, result, group));
    }

    private void End(PlacementAsk ask, string host, PlaceResult result, string? group)
    {
        _underWay.TryRemove(ask.InstanceID, out _);
        if (_assumed.Remove(host, ask.Server, ask.InstanceID))
            _dirtyHosts.Add(host);

        var latest = _asks.GetValueOrDefault(ask.InstanceID);
        if (result == PlaceResult.NoRoom && latest is not null)
        {
            // The ledgers knew more than the snapshot; by now it knows too.
            MakeReady(latest);
            return;
        }

        if (result == PlaceResult.RefusedByGroup && latest is not null)
        {
            // The group knew more than the decision. Where that is seen by now, it is decided again; else its next change does it.
            if (_policy.GroupVersion(latest.Server) != group)
                MakeReady(latest);
            else
                _wakeUp.Add(ask.InstanceID, ClusterEvents.GroupChanged);
            return;
        }

        _asks.Remove(ask.InstanceID);
        _settled(ask.InstanceID);
    }

    /// <summary>The entry that the claim will most likely write counts at once, with its CPUs, pages and devices.</summary>
    private void Assume(PlacementAsk ask, string host, SchedulingRequest request)
    {
        if (_policy.FactsOf(host, _assumed.On(host)) is not { } facts)
            return;
        if (request.Numa.Any)
            _events |= _snapshot.Apply(facts);
        var identity = new ClaimIdentity(ask.InstanceID, ask.Epoch, "", Holder.Of(ask.Server));
        var entry = Ledger.Expect(_snapshot.View.TryRow(host, out var row) ? _snapshot.View.Numa(row) : null, request, identity, facts);
        _assumed.Add(host, ask.Server, entry);
        _events |= _snapshot.Apply(facts with { Allocations = [.. facts.Allocations, entry] });
    }

    /// <summary>The server waits. Its status is looked at only if what is said of it is new: a report that says the same as the last one is not written.</summary>
    private void Refuse(PlacementAsk ask, Refusal refusal)
    {
        var id = ask.InstanceID;
        _wakeUp.Add(id, ask.Server.Spec.OnNoValidHost == OnNoValidHost.Fail ? ClusterEvents.None : refusal.WokenBy);
        if (_outcomes.TryGetValue(id, out var before) && before is SchedulingOutcome.NoValidHost said && said.Message == refusal.Outcome.Message && Same(said.Report, refusal.Outcome.Report))
            return;
        _outcomes[id] = refusal.Outcome;
        _logger.NoValidHost(ask.Server.Metadata.Namespace!, ask.Server.Metadata.Name!, id, refusal.Outcome.Message);
        _settled(id);
    }

    /// <summary>
    /// What was refused on this very snapshot is refused again: of a hundred servers that wait for the same, an event costs one decision. Servers for which
    /// particular hosts are excluded are decided each for itself, and so are those of which a ledger holds something.
    /// </summary>
    private Refusal? KnownRefusal(SchedulingRequest request)
    {
        if (_refusals.Count > 0 && _refusals[0].Version != _snapshot.Version)
            _refusals.Clear();
        return IsShared(request) ? _refusals.Find(r => r.IsFor(request)) : null;
    }

    private void Remember(Refusal refusal)
    {
        if (IsShared(refusal.Request) && (refusal.Outcome.Report.Rejected ?? []).All(r => r.Filter != ExcludedStep))
            _refusals.Add(refusal);
    }

    /// <summary>Whether nothing in a request is of one server alone.</summary>
    private static bool IsShared(SchedulingRequest request) =>
        request is { ExcludedHosts.IsEmpty: true, SameHostAs.IsEmpty: true, DifferentHostFrom.IsEmpty: true, HostCidr: null, Query: null, OnlyHosts: null, Group: null, Recorded: null };

    private static bool Same(SchedulingReport a, SchedulingReport b) =>
        a.Hosts == b.Hosts && a.NearestMiss == b.NearestMiss
        && (a.Rejected ?? []).SequenceEqual(b.Rejected ?? []) && (a.Samples ?? []).SequenceEqual(b.Samples ?? []);

    /// <summary>A request that no host could take, on one version of the snapshot.</summary>
    private sealed record Refusal(long Version, SchedulingRequest Request, SchedulingOutcome.NoValidHost Outcome, ClusterEvents WokenBy)
    {
        public bool IsFor(SchedulingRequest other) => Request.AsksTheSameAs(other);
    }

    private abstract record Message
    {
        public sealed record Place(PlacementAsk Ask) : Message;

        public sealed record Forget(string InstanceID) : Message;

        public sealed record Host(string Name) : Message;

        public sealed record Aggregates : Message;

        public sealed record Groups : Message;

        public sealed record Ended(PlacementAsk Ask, string AssumedHost, PlaceResult Result, string? Group) : Message;
    }
}
