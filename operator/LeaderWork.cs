using Kilonova.Crds;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.LeaderElection;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Hosts;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Scheduling;
using Kilonova.Operator.Servers;
using Kilonova.Scheduling.Hosts;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator;

/// <summary>What a leader does: the controllers and the scheduling loop, and which change wakes which of them.</summary>
public sealed class LeaderWork : IDisposable
{
    private static readonly TimeSpan LivenessPeriod = TimeSpan.FromSeconds(1);

    private readonly ClusterCache _cache;
    private readonly HostLiveness _liveness;
    private readonly BuildHistory _builds = new();
    private readonly OperatorSettings _settings;
    private readonly SchedulingLoop _scheduling;
    private readonly ServerReconciler _reconciler;
    private readonly Controller<string> _servers;
    private readonly Controller<string> _namespaces;
    private readonly Controller<string> _aggregates;
    private readonly Controller<string> _cells;
    private readonly Controller<string> _ledgers;
    private readonly Controller<string> _certificates;
    private readonly Controller<NamespacedName> _groups;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile bool _leads;

    /// <summary>Puts the parts together; nothing happens until it is run.</summary>
    public LeaderWork(OperatorParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        _cache = parts.Cache;
        _liveness = parts.Liveness;
        _settings = parts.Settings;
        _time = parts.Time;
        _logger = parts.Logs.CreateLogger<LeaderWork>();

        var api = new ApiResources(parts.Client);
        var store = new KubernetesPlacementStore(api, _cache, _liveness);
        var policy = new HostPolicy(_cache, _liveness, _builds);
        var orders = new ServerOrders(_cache, _liveness, policy, _settings, _time);
        var ledgers = new LedgerWriter(store, host => _cache.Providers.Get(new NamespacedName(host)));
        var groups = new GroupWriter(store, key => _cache.ServerGroup(key.Namespace, key.Name));
        var events = new ServerEvents(parts.Events);
        var placer = new ServerPlacer(store, ledgers, groups, policy.InventoryOf, orders.Dress, events.Tell, parts.Logs.CreateLogger<ServerPlacer>());
        _scheduling = new SchedulingLoop(_settings.Scheduler, policy, placer, Wake, _time, parts.Logs.CreateLogger<SchedulingLoop>());
        var executor = new PlacementExecutor(store, ledgers, groups, server => orders.Dress(server, _scheduling.Outcome(GuardedReader.InstanceIDOf(server))), _settings.Scheduler.MaxAttempts);
        _reconciler = new ServerReconciler(
            _cache, store, executor, _scheduling, orders, new UserDataSecrets(api), events, _time, parts.Logs.CreateLogger<ServerReconciler>());

        _servers = new("servers", _reconciler.ReconcileAsync, Options(_settings.Workers) with { Tenant = id => _cache.Server(id)?.Metadata.Namespace });
        _namespaces = new("host-namespaces", new HostNamespaces(parts.Client, _cache, parts.Logs.CreateLogger<HostNamespaces>()).ReconcileAsync, Options(4));
        _aggregates = new("aggregates", new AggregateReconciler(api, _cache, _time).ReconcileAsync, Options(1));
        _ledgers = new("ledgers", new LedgerReconciler(_cache, store, policy.InventoryOf, _time).ReconcileAsync, Options(2));
        _certificates = new("host-certificates", new HostCertificates(api, _cache, _settings.AgentAccount, parts.Logs.CreateLogger<HostCertificates>()).ReconcileAsync, Options(2));
        _cells = new("cells", new CellReconciler(api, _cache, store, _settings.Scheduler.MaxAttempts, WakeAll, _time, parts.Logs.CreateLogger<CellReconciler>()).ReconcileAsync, Options(1));

        _groups = new("server-groups", new GroupReconciler(_cache, store).ReconcileAsync, new ControllerOptions<NamespacedName> { Workers = 2, LoggerFactory = parts.Logs });

        ControllerOptions<string> Options(int workers) => new() { Workers = workers, LoggerFactory = parts.Logs };
    }

    /// <summary>Leads until told to stop, then lets what is under way end; at once when leadership is lost.</summary>
    public async Task RunAsync(Leadership leadership)
    {
        ArgumentNullException.ThrowIfNull(leadership);
        await _cache.WaitForSyncAsync(leadership.Stopping);

        // From here on changes are noted; what was before is looked at once.
        _leads = true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(leadership.Stopping, leadership.Lost);
        var ids = _cache.Ids();
        _logger.Leading(_settings.Identity ?? "", ids.Count);
        foreach (var hypervisor in _cache.Hypervisors.List())
            HostChanged(hypervisor.Metadata.Name!);
        WakeAggregates();
        foreach (var request in _cache.SigningRequests.List())
            _certificates.Queue.Add(request.Metadata.Name!);
        foreach (var group in _cache.Groups.List())
            _groups.Queue.Add(new NamespacedName(group.Metadata.Namespace, group.Metadata.Name!));
        foreach (var id in ids)
            Wake(id);
        WakeCells();

        await Task.WhenAll(
            _servers.RunAsync(leadership.Stopping, leadership.Lost),
            _namespaces.RunAsync(leadership.Stopping, leadership.Lost),
            _aggregates.RunAsync(leadership.Stopping, leadership.Lost),
            _cells.RunAsync(leadership.Stopping, leadership.Lost),
            _ledgers.RunAsync(leadership.Stopping, leadership.Lost),
            _certificates.RunAsync(leadership.Stopping, leadership.Lost),
            _groups.RunAsync(leadership.Stopping, leadership.Lost),
            UntilCancelled(_scheduling.RunAsync(either.Token)),
            UntilCancelled(WatchLivenessAsync(either.Token)),
            UntilCancelled(ResyncAsync(either.Token)));
    }

    /// <summary>A Server has changed.</summary>
    public void Changed(Change<Server> change)
    {
        if (!_leads)
            return;
        Wake(GuardedReader.InstanceIDOf(change.Latest));
        BurdenChanged(change.Old, change.New);
        if (change.Old is null)
            Wake(_reconciler.WaitingFor("ServerNotFound"));
        if (change.Old?.Status?.Cell != change.New?.Status?.Cell)
            WakeCells();
    }

    /// <summary>An Instance has changed.</summary>
    public void Changed(Change<Instance> change)
    {
        // Taken note of by whoever may come to lead.
        if (_builds.Observe(change.Old, change.New) is { } host && _leads)
            _scheduling.HostChanged(host);
        if (PlacementProtocol.HostOf(change.Latest) is not null)
            Wake(change.Latest.Metadata.Name!);
        else if (change.Old is null)
            _logger.InstanceOfNoHost(change.Latest.Metadata.Namespace!, change.Latest.Metadata.Name!, ApiGroup.HostNamespacePrefix);
    }

    /// <summary>A ledger has changed: the scheduler hears of it, and each instance ID of which an entry came or went.</summary>
    public void Changed(Change<ResourceProvider> change)
    {
        if (!_leads)
            return;
        _ledgers.Queue.Add(change.Latest.Metadata.Name!);
        _scheduling.HostChanged(change.Latest.Metadata.Name!);
        var before = change.Old?.Status?.Allocations ?? [];
        var after = change.New?.Status?.Allocations ?? [];
        if (ReferenceEquals(before, after))
            return;
        var changed = before.Select(a => (a.Id, a.Epoch)).ToHashSet();
        changed.SymmetricExceptWith(after.Select(a => (a.Id, a.Epoch)));
        foreach (var (id, _) in changed)
            Wake(id);
    }

    /// <summary>A host has changed: what the admin wants of it, or what its agent found there.</summary>
    public void Changed(Change<Hypervisor> change)
    {
        if (!_leads)
            return;
        HostChanged(change.Latest.Metadata.Name!);
        foreach (var stray in (change.Old?.Status?.Strays ?? []).Concat(change.New?.Status?.Strays ?? []))
            Wake(stray.InstanceID);

        // A host that is gone for good confirms nothing any more: whoever waits for that need not.
        if (change.New is null)
            _builds.Forget(change.Latest.Metadata.Name!);
        if (change.New is null)
            ReachabilityChanged(change.Latest.Metadata.Name!);
        if (change.Old is null || change.New is null || !ReferenceEquals(change.Old.Metadata.Labels, change.New.Metadata.Labels))
            WakeAggregates();
        if (change.Old is null || change.New is null || change.Old.Status?.ReportedGeneration != change.New.Status?.ReportedGeneration)
            WakeCells();
    }

    /// <summary>A cell has changed. When a hold begins or ends (R9), everything is looked at.</summary>
    public void Changed(Change<Cell> change)
    {
        if (!_leads)
            return;
        var (old, now) = (change.Old, change.New);
        if (old?.Spec.Generation != now?.Spec.Generation || old?.Status?.CompletedGeneration != now?.Status?.CompletedGeneration || old?.Spec.WaivedHosts != now?.Spec.WaivedHosts)
            WakeCells();
        if (RestoreHold.Holds(old) != RestoreHold.Holds(now))
            WakeAll();
    }

    /// <summary>A heartbeat. Taken note of by whoever may come to lead.</summary>
    public void Changed(Change<Lease> change)
    {
        if (change.New is { } renewed)
        {
            if (_liveness.Observe(renewed) is { } up)
            {
                _logger.HostUp(up);
                ReachabilityChanged(up);
            }
        }
        else if (_liveness.Forget(change.Old!) is { } down)
        {
            ReachabilityChanged(down);
        }
    }

    /// <summary>An aggregate has changed: zones and ratios of any host may have.</summary>
    public void Changed(Change<Aggregate> change)
    {
        if (!_leads)
            return;
        WakeAggregates();
        _scheduling.AggregatesChanged();
        foreach (var hypervisor in _cache.Hypervisors.List())
        {
            _scheduling.HostChanged(hypervisor.Metadata.Name!);
            _ledgers.Queue.Add(hypervisor.Metadata.Name!);
        }
    }

    /// <summary>A group has changed: servers that wait for its members may fit, and one that names it may go on.</summary>
    public void Changed(Change<ServerGroup> change)
    {
        if (!_leads)
            return;
        _scheduling.GroupChanged();
        _groups.Queue.Add(new NamespacedName(change.Latest.Metadata.Namespace, change.Latest.Metadata.Name!));
        if (change.Old is null)
            Wake(_reconciler.WaitingFor("ServerGroupNotFound"));
        var before = change.Old?.Status?.Members ?? [];
        var after = change.New?.Status?.Members ?? [];
        if (ReferenceEquals(before, after))
            return;
        var changed = before.Select(m => (m.InstanceID, m.Epoch, m.ClaimID, m.Host)).ToHashSet();
        changed.SymmetricExceptWith(after.Select(m => (m.InstanceID, m.Epoch, m.ClaimID, m.Host)));
        foreach (var member in changed)
            Wake(member.InstanceID);
    }

    /// <summary>Somebody asks for a certificate.</summary>
    public void Changed(Change<CertificateSigningRequest> change)
    {
        if (_leads && change.New is { } request)
            _certificates.Queue.Add(request.Metadata.Name!);
    }

    /// <summary>Something that Servers refer to has changed: those that wait for something are looked at again.</summary>
    public void ReferencesChanged()
    {
        if (!_leads)
            return;
        foreach (var id in _reconciler.Unresolved)
            Wake(id);
        foreach (var id in _scheduling.Waiting)
            Wake(id);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _servers.Dispose();
        _namespaces.Dispose();
        _aggregates.Dispose();
        _cells.Dispose();
        _ledgers.Dispose();
        _certificates.Dispose();
        _groups.Dispose();
    }

    /// <summary>A candidate that only waits notes nothing: it would remember what came and went for as long as it waits.</summary>
    private void Wake(string instanceID)
    {
        if (_leads)
            _servers.Queue.Add(instanceID);
    }

    private void WakeAll()
    {
        foreach (var id in _cache.Ids())
            Wake(id);
    }

    private void Wake(IEnumerable<string> instanceIDs)
    {
        foreach (var id in instanceIDs)
            Wake(id);
    }

    /// <summary>Filters and weighers count the guests that are being built on a host.</summary>
    private void BurdenChanged(Server? before, Server? now)
    {
        if (before is not null && HostActivity.Burdens(before) && !(now is not null && HostActivity.Burdens(now) && now.Status!.Host == before.Status!.Host))
            _scheduling.HostChanged(before.Status!.Host!);
        if (now is not null && HostActivity.Burdens(now) && !(before is not null && HostActivity.Burdens(before) && now.Status!.Host == before.Status!.Host))
            _scheduling.HostChanged(now.Status!.Host!);
    }

    private void HostChanged(string host)
    {
        _ledgers.Queue.Add(host);
        _namespaces.Queue.Add(host);
        _scheduling.HostChanged(host);
    }

    private void ReachabilityChanged(string host)
    {
        if (!_leads)
            return;
        _scheduling.HostChanged(host);
        foreach (var server in _cache.ServersOn(host))
            Wake(GuardedReader.InstanceIDOf(server));
    }

    private void WakeAggregates()
    {
        foreach (var aggregate in _cache.Aggregates.List())
            _aggregates.Queue.Add(aggregate.Metadata.Name!);
    }

    private void WakeCells()
    {
        // Counts are for people: a burst of changes is counted once.
        _cells.Queue.AddAfter(CellNames.Local, LivenessPeriod);
        _cells.Queue.AddAfter(CellNames.Unplaced, LivenessPeriod);
    }

    private async Task WatchLivenessAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(LivenessPeriod, _time, cancellation);
            foreach (var host in _liveness.Expired())
            {
                _logger.HostDown(host, HostLiveness.Expiry.TotalSeconds);
                ReachabilityChanged(host);
            }
        }
    }

    /// <summary>
    /// The periodic pass (R5, GCI): whatever still has a step to do although nothing told of it. Reading caches only, it costs some microseconds for each ID.
    /// </summary>
    private async Task ResyncAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(_settings.Resync, _time, cancellation);
            foreach (var id in _cache.Ids())
            {
                var step = PlacementProtocol.Next(_cache.View(id), _settings.Scheduler.MaxAttempts);
                if (step.Writes && step is not PlaceServer && !_scheduling.IsUnderWay(id))
                    _logger.FoundUntold(id, step.ToString());
                Wake(id);
            }
        }
    }

    private static async Task UntilCancelled(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // It ends so.
        }
    }
}
