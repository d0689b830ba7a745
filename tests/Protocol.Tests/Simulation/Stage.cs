using Kilonova.Crds;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Scheduling;
using Kilonova.Operator.Servers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>One Server and three hosts, on which a trace is played step by step.</summary>
internal sealed class Stage : IDisposable
{
    public const string ID = "id";

    private readonly SynchronizationContext? _before = SynchronizationContext.Current;
    private readonly Dictionary<string, MemoryHost> _hosts;
    private readonly Dictionary<string, Agent> _agents = [];
    private int _passes;

    public Stage(Rules off = Rules.None)
    {
        World = new World(seed: 0) { Calm = true };
        SynchronizationContext.SetSynchronizationContext(World);
        Model = new Model(World, off, buildsFail: false);
        Store = new MemoryStore { Watch = Model.Invariants, Broken = Model.Tell, InstanceChanged = Noticed };
        _hosts = new[] { "a", "b", "c" }.ToDictionary(n => n, n => new MemoryHost(n));
        foreach (var name in _hosts.Keys)
            Store.Add(new ResourceProvider { Metadata = new() { Name = name, Uid = name, ResourceVersion = Store.NextVersion() }, Spec = new() { HostID = name } });
        var server = Model.NewServer("s", ID, Store.NextVersion());
        Store.Add(server with { Metadata = server.Metadata with { Finalizers = [ApiGroup.ServerFinalizer] } });
    }

    public World World { get; }

    public Model Model { get; }

    public MemoryStore Store { get; }

    public Server Server => Store.Servers["s"];

    /// <summary>Guests that were ever started.</summary>
    public int Started => _hosts.Values.Sum(h => h.Started);

    public void Dispose() => SynchronizationContext.SetSynchronizationContext(_before);

    public MemoryHost Host(string name) => _hosts[name];

    public Instance? Instance(string host) => Store.Instances.GetValueOrDefault((host, ID));

    public void DeleteServer() => Store.DeleteServer("s", ID);

    /// <summary>A leader that has decided on a host: it claims, binds, and writes the Instance.</summary>
    public Script Place(string name, string host)
    {
        var (server, cache) = (Server, Store.Snapshot());
        return Begin(name, async actor =>
        {
            var store = new SteppedStore(World, Store, actor, Model.Off, () => cache);
            var placer = new ServerPlacer(store, new LedgerWriter(store, cache.Ledgers.GetValueOrDefault), new GroupWriter(store, _ => null), _ => Model.TwoSlots, (s, _) => s.Status!, (_, _) => { }, NullLogger<ServerPlacer>.Instance);
            await placer.PlaceAsync(new PlacementAsk(ID, server, Model.Resolved, [], Instance(server.Status?.Host ?? "")), Model.Request with { InstanceID = ID }, [host], null, CancellationToken.None);
        });
    }

    /// <summary>A leader that looks at the Server, by what its cache has.</summary>
    public Script Reconcile(string name, MemoryStore? cached = null)
    {
        var cache = cached ?? Store.Snapshot();
        return Begin(name, async actor =>
        {
            var store = new SteppedStore(World, Store, actor, Model.Off, () => cache);
            var executor = new PlacementExecutor(store, new LedgerWriter(store, cache.Ledgers.GetValueOrDefault), new GroupWriter(store, _ => null), s => s.Status!, Model.MaxAttempts);
            actor.Rest = await executor.RunAsync(
                new PlacementKey(ID, "p", "s"), cache.View(ID), (server, _) => Task.FromResult<InstanceSpec?>(InstanceOrder.Of(server, ID, Model.Resolved, false)), CancellationToken.None);
        });
    }

    /// <summary>Somebody who moves the guest as the rules say.</summary>
    public Script Move(string name, Func<Mover, Task> act) => Begin(name, actor => act(new Mover(World, Store, Model, name) { Acts = actor }));

    /// <summary>Evacuates the guest of a host that is off and fenced.</summary>
    public Script Evacuate(string name, string destination)
    {
        var server = Server;
        return Move(name, mover => mover.EvacuateAsync(server, destination));
    }

    /// <summary>Starts a host's agent, or another process of it.</summary>
    public Agent StartAgent(string host)
    {
        StopAgent(host);
        var agent = _agents[host] = new Agent(World, Store, _hosts[host], Model);
        World.Start(agent);
        return agent;
    }

    public void StopAgent(string host)
    {
        if (_agents.Remove(host, out var agent))
            World.Kill(agent);
    }

    /// <summary>A host loses power, and that is attested.</summary>
    public void PowerOff(string host)
    {
        StopAgent(host);
        _hosts[host].PowerOff(Model.Invariants);
        Model.Fences[host] = _hosts[host].Boot;
    }

    /// <summary>The store is what it was; everybody is told at once, operators start anew.</summary>
    public void Restore(MemoryStore copy, long version)
    {
        Store.Restore(copy, version, !Model.Off.HasFlag(Rules.RestoreHold));
        foreach (var host in _hosts.Values)
            host.Due.UnionWith(host.Ids.Concat(Store.Instances.Keys.Where(k => k.Host == host.Name).Select(k => k.Id)));
    }

    /// <summary>An admin removes what a host reports as a stray.</summary>
    public void Reap(string host)
    {
        _hosts[host].Reap(ID, Model.Invariants);
    }

    /// <summary>A leader and agents in good health, for as long as they have something to do. Whoever is paused stays paused.</summary>
    public void Converge()
    {
        foreach (var host in _hosts.Values)
        {
            if (host.On && !_agents.ContainsKey(host.Name))
                StartAgent(host.Name);
        }

        for (var i = 0; i < 12; i++)
        {
            var leader = Reconcile($"leader {++_passes}");
            World.RunToEnd(leader);
            if (leader.Rest is { Step: PlaceServer, Server: { } server })
                World.RunToEnd(Place($"leader {_passes}", FreeHost(server)));
            foreach (var agent in _agents.Values)
                RunAgent(agent);
            Store.EndHold();
        }
    }

    /// <summary>Runs an agent until it has nothing to do, or only tries the same again and again.</summary>
    public void RunAgent(Agent agent)
    {
        for (var i = 0; i < 120 && World.StepOf(agent); i++)
        {
        }
    }

    /// <summary>An actor that does one thing.</summary>
    public Script Begin(string name, Func<Script, Task> act)
    {
        var script = new Script(World, name, act);
        World.Start(script);
        return script;
    }

    private string FreeHost(Server server) => Store.Ledgers.Keys.First(h =>
        !Store.Instances.ContainsKey((h, ID)) && LedgerEntries.EntriesOf(Store.Ledgers[h], ID).Count == 0 && (server.Status?.FailedHosts ?? []).All(f => f.Host != h) && _hosts[h].On);

    private void Noticed(string host, string id)
    {
        _hosts[host].Due.Add(id);
        _agents.GetValueOrDefault(host)?.Notice(id);
    }
}

/// <summary>An actor that does one thing, and then nothing more.</summary>
internal sealed class Script(World world, string name, Func<Script, Task> act) : Actor(world, name)
{
    /// <summary>Where the protocol came to rest, for a leader.</summary>
    public Rest? Rest { get; set; }

    public override Task LiveAsync() => act(this);
}
