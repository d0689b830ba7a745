using Kilonova.Crds;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>
/// Three hosts, three leaders that all believe they lead, agents, movers, and users whose servers compete; whoever is drawn does one thing, or dies. What must never
/// be is judged at each write; what must come about is judged after the faults have ended.
/// </summary>
internal sealed class Exploration
{
    private const int HostCount = 3;
    private const int LeaderCount = 3;

    /// <summary>Longer than anything takes that ends at all.</summary>
    private const int Patience = 12_000;

    private readonly World _world;
    private readonly Model _model;
    private readonly MemoryStore _store;
    private readonly List<MemoryHost> _hosts;
    private readonly Agent?[] _agents = new Agent?[HostCount];
    private readonly List<Leader> _leaders = [];
    private readonly List<Actor> _others = [];
    private readonly bool _moves;
    private readonly bool _restores;
    private readonly bool _groups;
    private readonly bool _neverReturns;
    private int _deaths;

    public Exploration(int seed, Rules off = Rules.None)
    {
        _world = new World(seed) { Pause = 200 << (seed % 5) };
        _model = new Model(_world, off, buildsFail: seed % 4 != 3);
        _store = new MemoryStore { Watch = _model.Invariants, Broken = _model.Tell, InstanceChanged = Noticed };
        _hosts = [.. Enumerable.Range(0, HostCount).Select(i => new MemoryHost($"h{i}"))];
        _moves = seed % 2 == 1 || seed % 8 == 6;

        // Moves of members of groups are the movers' to seat, which these do not.
        _groups = !_moves && seed % 3 != 0;
        _restores = seed % 4 == 2;
        _neverReturns = seed % 8 == 4;
    }

    /// <summary>Operations that were done.</summary>
    public int Operations => _world.Operations;

    /// <summary>How often things happened.</summary>
    public IReadOnlyDictionary<string, int> Happened => _model.Happened;

    /// <summary>Runs it.</summary>
    /// <exception cref="ProtocolViolation">Something was that must never be, or did not come about.</exception>
    public void Run(int steps)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_world);
        try
        {
            Begin();
            var (copy, version) = (_store, 0L);
            for (var i = 0; i < steps; i++)
            {
                _world.Step();
                Fault();
                if (_restores && i == steps / 3)
                    (copy, version) = (_store.Snapshot(), _store.Version);
                if (_restores && i == (steps / 3) + (_world.Seed * 37 % (steps / 3)) + 1)
                    Restore(copy, version);
            }

            if (_moves)
                BeginToEvacuate();
            Heal();
            Until("everything runs that should, and nothing else is anywhere", Unsettled);
            EndEverything();
            Until("nothing is left", Left);
            if (_neverReturns)
                ComeBack();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private void Begin()
    {
        foreach (var host in _hosts)
            _store.Add(new ResourceProvider { Metadata = new() { Name = host.Name, Uid = host.Name, ResourceVersion = _store.NextVersion() }, Spec = new() { HostID = host.Name } });
        if (_groups)
            _store.Add(Model.NewGroup(_store.NextVersion()));
        var users = new Users(_world, _store, _model, _hosts, names: (_groups ? 2 : 1) + (_world.Seed % 5), pace: 4 << (_world.Seed % 7 / 2), _groups);
        _others.Add(users);
        if (_moves)
            _others.AddRange([new Mover(_world, _store, _model, "mover 0"), new Mover(_world, _store, _model, "mover 1")]);
        _others.ForEach(_world.Start);
        for (var i = 0; i < LeaderCount; i++)
        {
            _leaders.Add(new Leader(_world, _store, _model, $"leader {i}"));
            _world.Start(_leaders[i]);
            StartAgent(i);
        }
    }

    private void Fault()
    {
        switch (_world.Random.Next(1200))
        {
            case 0 or 1:
                var l = _world.Random.Next(LeaderCount);
                _model.Count("deaths of leaders");
                _world.Kill(_leaders[l]);
                _world.Start(_leaders[l] = new Leader(_world, _store, _model, $"leader {l}.{++_deaths}"));
                break;
            case 2 or 3 or 4:
                // An agent that dies loses nothing; a host that loses power loses its guests, and is off for a while.
                var a = _world.Random.Next(HostCount);
                StopAgent(a);
                _model.Count("deaths of agents");
                if (_world.Random.Next(3) == 0)
                {
                    _hosts[a].PowerOff(_model.Invariants);
                    _world.Note($"{_hosts[a].Name} loses power");
                    _model.Count("power losses");
                    if (_moves && _world.Random.Next(2) == 0)
                        Fence(_hosts[a]);
                }
                else
                {
                    PowerOn(a);
                }

                break;
            case 5:
                AbandonAClaim();
                break;
            case 6 or 7 or 8 or 9:
                var h = _world.Random.Next(HostCount);
                if (_hosts[h].On)
                    break;
                if (_moves && _model.Fences.GetValueOrDefault(_hosts[h].Name) != _hosts[h].Boot)
                    Fence(_hosts[h]);
                else
                    PowerOn(h);
                break;
        }
    }

    /// <summary>A host goes off and is fenced; before all its guests are elsewhere, it is back.</summary>
    private void BeginToEvacuate()
    {
        var host = _world.Random.Next(HostCount);
        StopAgent(host);
        _hosts[host].PowerOff(_model.Invariants);
        Fence(_hosts[host]);
        for (var i = _world.Random.Next(150); i > 0; i--)
            _world.Step();
    }

    /// <summary>No more faults, no more wishes: paused leaders go on with what they were about to do.</summary>
    private void Heal()
    {
        _world.Note("--- all faults end");
        _world.Calm = true;
        _model.BuildsFail = false;
        _world.Kill(_others[0]);
        for (var i = _neverReturns ? 1 : 0; i < HostCount; i++)
        {
            if (!_hosts[i].On || _agents[i] is null)
                PowerOn(i);
        }

        if (!_neverReturns)
            return;
        StopAgent(0);
        _hosts[0].PowerOff(_model.Invariants);
        _store.GiveUp(_hosts[0].Name);
        _world.Note($"{_hosts[0].Name} is given up for good");
    }

    /// <summary>Operators are stopped, the store is what it was, and everybody is told; operators start anew.</summary>
    private void Restore(MemoryStore copy, long version)
    {
        _world.Note("--- the store is restored");
        _model.Count("restores");
        _model.Vanished.UnionWith(_store.Ids().Concat(_hosts.SelectMany(h => h.Ids)).Concat(copy.Ids()));
        _model.Fences.Clear();
        foreach (var stopped in _leaders.Concat<Actor>(_others.Skip(1)))
            _world.Kill(stopped);
        _store.Restore(copy, version, !_model.Off.HasFlag(Rules.RestoreHold));
        foreach (var host in _hosts)
            host.Due.UnionWith(host.Ids.Concat(_store.Instances.Keys.Where(k => k.Host == host.Name).Select(k => k.Id)));
        for (var i = 0; i < LeaderCount; i++)
            _world.Start(_leaders[i] = new Leader(_world, _store, _model, $"leader {i}.{++_deaths}"));
        for (var i = 1; i < _others.Count; i++)
            _world.Start(_others[i] = new Mover(_world, _store, _model, $"mover {i}.{++_deaths}"));
        if (!_model.Off.HasFlag(Rules.RestoreHold))
            _world.Start(new Script(_world, "cell", async actor => await _world.Do(actor, "end the hold", _store.EndHold, _store.MayEndHold)));
        else
            _model.Invariants.Reported();
    }

    /// <summary>The host that never returns does: nothing starts there, and nothing is taken up again.</summary>
    private void ComeBack()
    {
        var host = _hosts[0];
        _store.Gone.Remove(host.Name);
        var started = host.Started;
        PowerOn(0);
        for (var i = 0; i < 1_000; i++)
            _world.Step();
        if (host.Started != started)
            _world.Fail($"{host.Name} came back and started something");
        if (Left() is { } left && !left.StartsWith(host.Name, StringComparison.Ordinal))
            _world.Fail($"{host.Name} came back, and there is {left}");
    }

    /// <summary>Everybody wants to be rid of everything; what an admin's force left behind, the admin reaps.</summary>
    private void EndEverything()
    {
        foreach (var (name, server) in _store.Servers.ToList())
            _store.DeleteServer(name, server.Metadata.Uid!);
        foreach (var host in _hosts)
        {
            foreach (var id in host.Ids.Where(id => _model.Vanished.Contains(id) && !_store.Instances.ContainsKey((host.Name, id))).ToList())
            {
                host.Reap(id, _model.Invariants);
            }
        }
    }

    /// <summary>An admin sees to what was taken from the store by force, or forgotten by it.</summary>
    private void ReapStrays()
    {
        if (_store.Held)
            return;
        foreach (var host in _hosts.Where(h => h.On))
        {
            foreach (var stray in _store.Strays.GetValueOrDefault(host.Name, []).Where(s => _model.Vanished.Contains(s.InstanceID)))
                host.Reap(stray.InstanceID, _model.Invariants);
        }
    }

    private void Until(string what, Func<string?> wrong)
    {
        for (var i = 0; ; i++)
        {
            if (i % 250 == 0)
            {
                ReapStrays();
                if (wrong() is not { } why)
                    return;
                if (i >= Patience)
                    _world.Fail($"not so: {what}; {why}");
            }

            _world.Step();
        }
    }

    private void StartAgent(int i) => _world.Start(_agents[i] = new Agent(_world, _store, _hosts[i], _model));

    private void StopAgent(int i)
    {
        if (_agents[i] is { } agent)
            _world.Kill(agent);
        _agents[i] = null;
    }

    private void PowerOn(int i)
    {
        _hosts[i].PowerOn();
        _world.Note($"{_hosts[i].Name} runs, boot {_hosts[i].Boot}");
        StartAgent(i);
    }

    private void Fence(MemoryHost host)
    {
        _model.Fences[host.Name] = host.Boot;
        _world.Note($"Fence: {host.Name} is off in boot {host.Boot}");
    }

    /// <summary>Somebody claims for a Server that is bound, and dies on it.</summary>
    private void AbandonAClaim()
    {
        var server = _store.Servers.Values.FirstOrDefault(s => s.Status?.Host is not null);
        var ledger = _store.Ledgers.Values.ElementAt(_world.Random.Next(HostCount));
        var entries = ledger.Status?.Allocations ?? [];
        if (server is null || entries.Count >= Model.Capacity || entries.Any(e => e.Id == GuardedReader.InstanceIDOf(server)))
            return;
        var entry = new Allocation { Id = GuardedReader.InstanceIDOf(server), Epoch = server.Status!.PlacementEpoch!.Value + 1, ClaimID = _store.NextUid("abandoned"), Holder = Holder.Of(server), Resources = Model.Claimed };
        _store.Write(ledger with { Status = new() { Allocations = [.. entries, entry] } });
        _world.Note($"a claim of {entry.Id} e{entry.Epoch} on {ledger.Metadata.Name} is abandoned");
    }

    private void Noticed(string host, string id)
    {
        var i = _hosts.FindIndex(h => h.Name == host);
        _hosts[i].Due.Add(id);
        _agents[i]?.Notice(id);
    }

    /// <summary>Every server that is to be is where it is bound, as it is wanted, or there was no place for it; nothing else is anywhere.</summary>
    private string? Unsettled()
    {
        foreach (var server in _store.Servers.Values)
        {
            var id = GuardedReader.InstanceIDOf(server);
            if (server.Metadata.DeletionTimestamp is not null)
                return $"{id} is still being deleted";
            if (server.Status?.Host is { } bound)
            {
                if (_store.Gone.Contains(bound))
                    continue;
                if (Misplaced(server, id, bound) is { } wrong)
                    return wrong;
            }
            else if (!_model.Vanished.Contains(id) && _store.Ledgers.Values.Any(l => !_store.Gone.Contains(l.Metadata.Name!) && (l.Status?.Allocations?.Count ?? 0) < Model.Capacity && !IsKeptAway(server, l.Metadata.Name!)))
            {
                return $"{id} is not bound although there is room";
            }
        }

        return Invariants.Orphans(_store.Servers.Values, _store.Ledgers.Values, _store.Instances.Values, OnHosts().Where(o => !_model.Vanished.Contains(o.InstanceID))).FirstOrDefault()
            ?? Invariants.Seats(_store.Servers.Values, _store.Groups.Values).FirstOrDefault();
    }

    /// <summary>Whether another member of the server's group is bound on a host.</summary>
    private bool IsKeptAway(Server server, string host) => server.Spec.SchedulerHints?.Group is { } group
        && _store.Servers.Values.Any(s => s.Metadata.Uid != server.Metadata.Uid && s.Spec.SchedulerHints?.Group == group && s.Status?.Host == host);

    private string? Misplaced(Server server, string id, string bound)
    {
        if (_store.Instances.GetValueOrDefault((bound, id)) is not { } instance)
            return _model.Vanished.Contains(id) ? null : $"{id} has no Instance on {bound}";
        if (!_store.Ledgers[bound].Status!.Allocations!.Any(e => e.Id == id && e.Epoch == server.Status!.HostEpoch && e.ClaimID == server.Status.ClaimID))
            return $"{id} has no entry on {bound}";
        if (instance.Status?.Failure is not null || instance.Status?.StoppedByGuest == true)
            return null;
        var runs = _hosts.Single(h => h.Name == bound).Runs(id);
        return runs == (server.Spec.PowerState == WantedPowerState.Running) ? null : $"{id} is wanted {server.Spec.PowerState} on {bound}, and that is not so (note: {instance.Spec.Note})";
    }

    private string? Left()
    {
        if (_store.Servers.Values.FirstOrDefault() is { } server)
            return $"Server {server.Metadata.Uid}";
        return Invariants.Orphans([], _store.Ledgers.Values, _store.Instances.Values, OnHosts().Where(o => !_model.Vanished.Contains(o.InstanceID))).FirstOrDefault()
            ?? Invariants.Seats([], _store.Groups.Values).FirstOrDefault();
    }

    private IEnumerable<(string Host, string InstanceID)> OnHosts() => _hosts.Where(h => !_store.Gone.Contains(h.Name)).SelectMany(h => h.Ids.Select(id => (h.Name, id)));
}
