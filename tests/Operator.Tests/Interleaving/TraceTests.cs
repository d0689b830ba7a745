using Kilonova.Crds;
using Kilonova.Operator.Placement;
using Kilonova.Operator.Protocol;
using Kilonova.Operator.Scheduling;
using Kilonova.Operator.Servers;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Placement;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Operator.Tests.Interleaving;

/// <summary>The traces that each rule was made for, step by step, on the protocol's own code: what once went wrong must come to nothing.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly SynchronizationContext? _before = SynchronizationContext.Current;
    private readonly World _world = new(seed: 0) { Calm = true };
    private readonly ModelCluster _cluster = new();
    private readonly ModelHost _a = new("a");
    private readonly ModelHost _b = new("b");

    public TraceTests()
    {
        SynchronizationContext.SetSynchronizationContext(_world);
        foreach (var host in new[] { _a, _b })
            _cluster.Providers[host.Name] = new ResourceProvider { Metadata = new() { Name = host.Name, Uid = host.Name, ResourceVersion = _cluster.NextVersion() }, Spec = new() { HostID = host.Name } };
        _cluster.Servers["s"] = new Server { Metadata = new() { Name = "s", Namespace = "p", Uid = "id", ResourceVersion = _cluster.NextVersion(), Generation = 1, Finalizers = [ApiGroup.ServerFinalizer] }, Spec = new ServerSpec { Flavor = "f" } };
    }

    public void Dispose() => SynchronizationContext.SetSynchronizationContext(_before);

    [Fact]
    public void V1_an_Instance_created_after_the_delete_starts_nothing_and_goes()
    {
        var late = Place("late", "a");
        _world.RunUntil(late, "create Instance");
        DeleteServer();
        var deleter = Reconcile("deleter");
        _world.RunToEnd(deleter);
        var absent = Assert.Single(_cluster.Instances.Values);
        Assert.Equal(InstancePresence.Absent, absent.Spec.Wanted);

        // The name is taken: the late creation is refused, and the agent is asked for nothing but its confirmation.
        _world.RunToEnd(late);
        Assert.Equal(absent.Metadata.Uid, Assert.Single(_cluster.Instances.Values).Metadata.Uid);
        Converge();
        Assert.Equal(0, _a.Started);
        NothingLeft();
    }

    [Fact]
    public void V1_an_Instance_created_after_everything_is_gone_starts_nothing_and_goes()
    {
        var late = Place("late", "a");
        _world.RunUntil(late, "create Instance");
        DeleteServer();
        Converge();
        Assert.Empty(_cluster.Servers);
        _world.RunToEnd(late);
        Assert.Single(_cluster.Instances);
        Converge();
        Assert.Equal(0, _a.Started + _b.Started);
        NothingLeft();
    }

    [Fact]
    public void V2_a_late_Instance_of_one_leader_does_not_start_on_the_late_claim_of_another()
    {
        var second = Place("second", "a");
        _world.RunUntil(second, "write ledger");
        var first = Place("first", "a");
        _world.RunUntil(first, "create Instance");
        DeleteServer();
        Converge();
        Assert.Empty(_cluster.Servers);

        // The second one's ledger is out of date; it reads it again, claims under the same number, and its bind fails.
        _world.RunToEnd(second);
        _world.RunToEnd(first);
        Assert.Single(_cluster.Instances);
        Assert.Single(_cluster.Providers["a"].Status!.Allocations!);
        var agent = Agent(_a, forgetful: true);
        for (var i = 0; i < 50; i++)
            _world.Step();
        _world.Kill(agent);
        Assert.Equal(0, _a.Started);
        Converge();
        NothingLeft();
    }

    [Fact]
    public void V13_a_late_delete_hits_the_Instance_that_it_meant_or_none()
    {
        Bind("a", 1);
        Bind("b", 2);
        var late = Reconcile("late");
        _world.RunUntil(late, "delete Instance id on kilonova-host-a");
        Converge();
        Assert.DoesNotContain(("a", "id"), _cluster.Instances.Keys);
        Bind("a", 3);
        Converge();
        Assert.Equal(3, _a.Running["id"]);
        _world.RunToEnd(late);
        Assert.Null(_cluster.Instances[("a", "id")].Metadata.DeletionTimestamp);
        Converge();
        Assert.Equal(3, _a.Running["id"]);
    }

    [Fact]
    public void A_host_that_gave_up_never_starts_that_placement_even_if_its_Instance_is_made_anew()
    {
        var failing = new ModelAgent(_world, _cluster, _a, () => 1, forgetful: false);
        _world.RunToEnd(Place("first", "a"));
        _world.Start(failing);
        _world.RunUntil(failing, "write status of id:  failure 1");
        _world.Kill(failing);

        // Told or not: the promise is on its disk. The Instance is deleted by hand and made anew, without the word of failure.
        _cluster.Instances.Clear();
        _world.RunToEnd(Reconcile("maker"));
        Assert.Null(_cluster.Instances[("a", "id")].Status);
        Converge();
        Assert.Equal(0, _a.Started);
    }

    [Fact]
    public void A_place_is_not_left_for_a_cache_that_lags_behind()
    {
        // What a cache shows whose Servers are newer than its Instances and ledgers: bound, and nothing there.
        Bind("a", 1);
        Converge();
        Assert.Equal(1, _a.Running["id"]);
        var lagging = new ModelCluster().With(_cluster, servers: true);
        foreach (var (name, provider) in _cluster.Providers)
            lagging.Providers[name] = provider with { Status = null };
        var misled = new Script(_world, "misled", actor => RunAsync(actor, lagging.View("id")));
        _world.Start(misled);
        _world.RunToEnd(misled);
        Assert.Equal(("a", 1), (_cluster.Servers["s"].Status!.Host, _cluster.Servers["s"].Status!.PlacementEpoch!.Value));
        Assert.IsType<Settled>(misled.Rest!.Step);
    }

    private void DeleteServer() => _cluster.Delete(_cluster.Servers, "s", "id");

    /// <summary>As a move would: claimed, bound and ordered, all at once.</summary>
    private void Bind(string host, long epoch)
    {
        var provider = _cluster.Providers[host];
        var entry = new Allocation { Id = "id", Epoch = epoch, ClaimID = $"c{epoch}", Holder = "Server/p/s", Resources = Model.Claimed };
        _cluster.Write(_cluster.Providers, host, provider with { Status = new() { Allocations = [.. provider.Status?.Allocations ?? [], entry] } }, true);
        var server = _cluster.Servers["s"];
        var bound = _cluster.Write(_cluster.Servers, "s", Binding.Bound(server, "id", host, epoch, $"c{epoch}", null), true)!;
        var order = Binding.Order("id", host, InstanceOrder.Of(bound, "id", Model.Resolved, false));
        _cluster.Instances[(host, "id")] = order with { Metadata = order.Metadata with { Uid = $"{host}-{epoch}", ResourceVersion = _cluster.NextVersion() } };
    }

    private Script Place(string name, string host)
    {
        var server = _cluster.Servers["s"];
        var ledger = _cluster.Providers[host];
        var leader = new Script(_world, name, async actor =>
        {
            var store = new SteppedStore(_world, _cluster, actor);
            var placer = new ServerPlacer(store, new LedgerWriter(store, _ => ledger), _ => Model.TwoSlots, (s, _) => s.Status!, (_, _) => { }, NullLogger<ServerPlacer>.Instance);
            await placer.PlaceAsync(new PlacementAsk("id", server, Model.Resolved, []), new SchedulingRequest { InstanceID = "id", Resources = [new ResourceAmount("VCPU", 1)] }, [host], null, CancellationToken.None);
        });
        _world.Start(leader);
        return leader;
    }

    private Script Reconcile(string name)
    {
        var view = _cluster.View("id");
        var leader = new Script(_world, name, actor => RunAsync(actor, view));
        _world.Start(leader);
        return leader;
    }

    private async Task RunAsync(Script actor, PlacementView view)
    {
        var store = new SteppedStore(_world, _cluster, actor);
        var executor = new PlacementExecutor(store, new LedgerWriter(store, h => _cluster.Providers[h]), s => s.Status!, Model.MaxAttempts);
        actor.Rest = await executor.RunAsync(
            new PlacementKey("id", "p", "s"), view, (server, _) => Task.FromResult<InstanceSpec?>(InstanceOrder.Of(server, "id", Model.Resolved, false)), CancellationToken.None);
    }

    private ModelAgent Agent(ModelHost host, bool forgetful = false)
    {
        var agent = new ModelAgent(_world, _cluster, host, () => 0, forgetful);
        _world.Start(agent);
        return agent;
    }

    /// <summary>A leader and agents in good health, for as long as they have something to do. Whoever is paused stays paused.</summary>
    private void Converge()
    {
        var agents = new[] { Agent(_a), Agent(_b) };
        for (var i = 0; i < 12; i++)
        {
            _world.RunToEnd(Reconcile("converging"));
            foreach (var agent in agents)
            {
                _world.RunUntil(agent, "look");
                while (!agent.IsIdle)
                {
                    var at = _world.Steps;
                    _world.StepOf(agent);
                    _world.RunUntil(agent, "look");
                    if (_world.Steps - at < 2)
                        break;
                }
            }
        }

        foreach (var agent in agents)
            _world.Kill(agent);
    }

    private void NothingLeft()
    {
        Assert.Empty(_cluster.Servers);
        Assert.Empty(_cluster.Instances);
        Assert.All(_cluster.Providers.Values, p => Assert.Empty(p.Status?.Allocations ?? []));
    }

    private sealed class Script(World world, string name, Func<Script, Task> live) : Actor(world, name)
    {
        public Rest? Rest { get; set; }

        public override Task LiveAsync() => live(this);
    }
}
