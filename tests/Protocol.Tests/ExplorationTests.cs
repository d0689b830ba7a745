using System.Globalization;
using Kilonova.Crds;
using Kilonova.Operator.Placement;

namespace Kilonova.Operator.Tests.Interleaving;

/// <summary>
/// The protocol's own code under several leaders at once, stale caches, and deaths at every step. What must never be is checked after each step; what must come
/// about is checked after the faults have ended.
/// </summary>
public sealed class InterleavingTests
{
    private const int StepsPerRun = 4_000;

    /// <summary>More, or a particular one: <c>KILONOVA_SEEDS=1-2000</c>.</summary>
    public static TheoryData<int> Seeds
    {
        get
        {
            var range = (Environment.GetEnvironmentVariable("KILONOVA_SEEDS") ?? "1-60").Split('-').Select(s => int.Parse(s, CultureInfo.InvariantCulture)).ToArray();
            return [.. Enumerable.Range(range[0], range[^1] - range[0] + 1)];
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Leaders_agents_and_users_in_any_order_never_double_book_and_leave_nothing_behind(int seed)
    {
        var before = SynchronizationContext.Current;
        var world = new World(seed);
        SynchronizationContext.SetSynchronizationContext(world);
        try
        {
            Run(world);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private static void Run(World world)
    {
        var cluster = new ModelCluster();
        var hosts = Enumerable.Range(0, 2 + (world.Seed % 2)).Select(i => new ModelHost($"h{i}")).ToList();
        foreach (var host in hosts)
            cluster.Providers[host.Name] = new ResourceProvider { Metadata = new() { Name = host.Name, Uid = host.Name, ResourceVersion = cluster.NextVersion() }, Spec = new() { HostID = host.Name } };
        world.Invariants = () => Broken(cluster, hosts);

        var failures = 0.15;
        var forgetful = world.Seed % 3 == 0;
        var users = new ModelUsers(world, cluster, names: 1 + (world.Seed % 5));
        var leaders = Enumerable.Range(0, 3).Select(i => new ModelLeader(world, cluster, $"leader {i}")).ToList();
        var agents = hosts.Select(h => new ModelAgent(world, cluster, h, () => failures, forgetful)).ToList();
        world.Start(users);
        leaders.ForEach(world.Start);
        agents.ForEach(world.Start);

        var deaths = 0;
        for (var i = 0; i < StepsPerRun; i++)
        {
            world.Step();
            switch (world.Random.Next(150))
            {
                case 0:
                    var l = world.Random.Next(leaders.Count);
                    world.Kill(leaders[l]);
                    world.Start(leaders[l] = new ModelLeader(world, cluster, $"leader {l}.{++deaths}"));
                    break;
                case 1:
                    var a = world.Random.Next(agents.Count);
                    world.Kill(agents[a]);
                    // A host that loses power loses its guests; an agent that dies loses nothing.
                    if (world.Random.Next(3) == 0)
                    {
                        hosts[a].Running.Clear();
                        Reboot(cluster, hosts[a]);
                        world.Note($"  {hosts[a].Name} reboots");
                    }

                    world.Start(agents[a] = new ModelAgent(world, cluster, hosts[a], () => failures, forgetful));
                    break;
            }
        }

        // No more faults, no more wishes: paused leaders go on with what they were about to do, and everything comes to rest.
        failures = 0;
        world.Calm = true;
        world.Kill(users);
        for (var i = 0; i < 6_000; i++)
            world.Step();
        if (Unsettled(cluster, hosts) is { } wrong)
            world.Fail($"has not come to rest: {wrong}");
        Assert.True(hosts.Sum(h => h.Started) > 0, $"seed {world.Seed}: hardly anything was started, so hardly anything was tested");

        // And then everybody wants to be rid of everything.
        foreach (var (name, server) in cluster.Servers.ToList())
            cluster.Delete(cluster.Servers, name, server.Metadata.Uid!);
        for (var i = 0; i < 6_000; i++)
            world.Step();
        if (cluster.Servers.Count + cluster.Instances.Count + cluster.Providers.Values.Sum(p => p.Status?.Allocations?.Count ?? 0) + hosts.Sum(h => h.Domains.Count) > 0)
            world.Fail($"something is left: {string.Join(' ', cluster.Ids())}");
    }

    /// <summary>After a reboot the agent reports its guests as off.</summary>
    private static void Reboot(ModelCluster cluster, ModelHost host)
    {
        foreach (var (key, instance) in cluster.Instances.Where(i => i.Key.Host == host.Name).ToList())
        {
            if (instance.Status?.PowerState == PowerState.Running)
                cluster.Write(cluster.Instances, key, instance with { Status = instance.Status with { PowerState = PowerState.Shutdown } }, true);
        }
    }

    /// <summary>I1: one running guest for an ID. I2: no guest without its entry, no ledger over capacity. R1: both finalizers from the start.</summary>
    private static string? Broken(ModelCluster cluster, List<ModelHost> hosts)
    {
        foreach (var provider in cluster.Providers.Values)
        {
            if ((provider.Status?.Allocations?.Count ?? 0) > 2)
                return $"I2: ledger {provider.Metadata.Name} is over capacity";
        }

        var running = new Dictionary<string, string>();
        foreach (var host in hosts)
        {
            foreach (var (id, epoch) in host.Running)
            {
                if (!running.TryAdd(id, host.Name))
                    return $"I1: {id} runs on {running[id]} and on {host.Name}";
                if (cluster.Providers[host.Name].Status?.Allocations?.Any(e => e.Id == id && e.Epoch == epoch) != true)
                    return $"I2: {id} runs on {host.Name} under {epoch} without its entry";
            }
        }

        return null;
    }

    /// <summary>I4: every server that is to be runs where it is bound, or there was no place for it; nothing else is anywhere.</summary>
    private static string? Unsettled(ModelCluster cluster, List<ModelHost> hosts)
    {
        foreach (var server in cluster.Servers.Values)
        {
            var id = GuardedReader.InstanceIDOf(server);
            if (server.Metadata.DeletionTimestamp is not null)
                return $"{id} is still being deleted";
            var instances = cluster.Instances.Where(i => i.Key.Id == id).ToList();
            var entries = cluster.Providers.Sum(p => p.Value.Status?.Allocations?.Count(e => e.Id == id) ?? 0);
            if (server.Status?.Host is not { } bound)
            {
                if (entries + instances.Count > 0)
                    return $"{id} is not bound and has {entries} entries and {instances.Count} Instances";
                if (cluster.Providers.Values.Any(p => (p.Status?.Allocations?.Count ?? 0) < 2))
                    return $"{id} is not bound although there is room";
                continue;
            }

            if (instances.Count != 1 || entries != 1)
                return $"{id} has {instances.Count} Instances and {entries} entries";
            var failed = instances[0].Value.Status?.Failure is not null;
            if (!failed && hosts.Single(h => h.Name == bound).Running.GetValueOrDefault(id) != server.Status.HostEpoch)
                return $"{id} does not run on {bound} under {server.Status.HostEpoch}";
        }

        foreach (var id in cluster.Ids())
        {
            if (!cluster.Servers.Values.Any(s => GuardedReader.InstanceIDOf(s) == id))
                return $"{id} is gone and has left something";
        }

        return null;
    }
}
