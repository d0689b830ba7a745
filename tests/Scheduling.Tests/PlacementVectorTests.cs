using System.Text.Json;
using Kilonova.Crds;
using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Scheduling.Tests;

/// <summary>Answers of Placement itself to seeded cases on flat providers (vectors/README.md): candidates, and which allocations its ledger takes.</summary>
public sealed class PlacementVectorTests
{
    [Fact]
    public void Candidates_are_Placements()
    {
        var compared = 0;
        foreach (var vector in NovaVectorTests.Read("placement.jsonl.gz"))
        {
            var world = World.Of(vector);
            var snapshot = Given.Snapshot(world.Hosts);
            foreach (var query in vector.GetProperty("queries").EnumerateArray())
            {
                var trace = new DecisionTrace();
                Given.Scheduler(new SchedulerConfiguration { EnabledFilters = [] }).Decide(snapshot, Request(query.GetProperty("query").GetString()!), trace);
                Assert.True(
                    query.GetProperty("hosts").EnumerateArray().Select(h => h.GetString()).SequenceEqual(trace.Order.Select(o => o.Name).Order(StringComparer.Ordinal)),
                    $"{vector.GetProperty("id")}: {query} but we: {string.Join(' ', trace.Order)}");
                compared++;
            }
        }

        Assert.InRange(compared, 150, int.MaxValue);
    }

    [Fact]
    public void The_ledger_takes_and_refuses_what_Placement_does()
    {
        var (taken, refused) = (0, 0);
        foreach (var vector in NovaVectorTests.Read("placement.jsonl.gz"))
        {
            // Building the world replays the allocations that were made at the start, and those that were refused.
            var world = World.Of(vector);
            foreach (var operation in vector.GetProperty("operations").EnumerateArray())
            {
                var path = operation.GetProperty("path").GetString()!.Split('/');
                var status = operation.GetProperty("status").GetInt32();
                switch (operation.GetProperty("method").GetString(), path[1])
                {
                    case ("PUT", "allocations") when status == 204:
                        Assert.True(world.Put(path[2], operation.GetProperty("body").GetProperty("allocations")), $"{vector.GetProperty("id")}: {operation}");
                        taken++;
                        break;
                    case ("PUT", "allocations") when operation.GetProperty("code").GetString() == "placement.undefined_code" && status == 409:
                        Assert.False(world.Put(path[2], operation.GetProperty("body").GetProperty("allocations")), $"{vector.GetProperty("id")}: {operation}");
                        refused++;
                        break;
                    case ("DELETE", "allocations") when status == 204:
                        world.Release(path[2]);
                        break;
                    case ("PUT", "resource_providers") when status == 200:
                        world.SetInventory(path[2], operation.GetProperty("body").GetProperty("inventories"));
                        break;
                    case ("DELETE", "resource_providers") when status == 204:
                        world.Remove(path[2]);
                        break;
                    default:
                        Assert.True(status >= 400, $"{vector.GetProperty("id")}: not replayed: {operation}");
                        break;
                }
            }

            taken += world.Taken;
            refused += world.Refused;
        }

        Assert.InRange(taken, 150, int.MaxValue);
        Assert.InRange(refused, 50, int.MaxValue);
    }

    private static SchedulingRequest Request(string query)
    {
        var parts = query.Split('&').Select(p => p.Split('=', 2)).ToLookup(p => p[0], p => p[1]);
        var traits = parts["required"].SelectMany(r => r.Split(',')).ToList();
        return new SchedulingRequest
        {
            InstanceID = "wanted",
            Resources = SchedulingRequest.Canonical(parts["resources"].Single().Split(',').Select(r => r.Split(':')).Select(r => new ResourceAmount(r[0], long.Parse(r[1])))),
            RequiredTraits = [.. traits.Where(t => t[0] != '!')],
            ForbiddenTraits = [.. traits.Where(t => t[0] == '!').Select(t => t[1..])],
        };
    }

    /// <summary>Providers with ledgers, changed only through <see cref="Ledger"/>.</summary>
    private sealed class World
    {
        private readonly Dictionary<string, HostFacts> hosts = [];

        public IEnumerable<HostFacts> Hosts => hosts.Values;

        public int Taken { get; private set; }

        public int Refused { get; private set; }

        public static World Of(JsonElement vector)
        {
            var world = new World();
            foreach (var provider in vector.GetProperty("providers").EnumerateArray())
            {
                var name = provider.GetProperty("uuid").GetString()!;
                world.hosts[name] = new HostFacts
                {
                    Name = name,
                    Inventory = Inventory(provider.GetProperty("inventories")),
                    Traits = [.. provider.GetProperty("traits").EnumerateArray().Select(t => t.GetString()!)],
                };
            }

            var refused = vector.GetProperty("refused").EnumerateArray().Select(r => r.GetString()).ToHashSet();
            foreach (var allocation in vector.GetProperty("allocations").EnumerateArray())
            {
                var consumer = allocation.GetProperty("consumer").GetString()!;
                var done = world.Put(consumer, allocation.GetProperty("allocations"));
                Assert.True(done != refused.Contains(consumer), $"{vector.GetProperty("id")}: {allocation}");
                if (done) world.Taken++;
                else world.Refused++;
            }

            return world;
        }

        public void SetInventory(string name, JsonElement inventories) => hosts[name] = hosts[name] with { Inventory = Inventory(inventories) };

        public void Remove(string name) => hosts.Remove(name);

        public void Release(string consumer)
        {
            foreach (var host in hosts.Values.ToList())
                if (Ledger.Release(Given.Provider(host.Allocations), consumer, 1) is { } rest) hosts[host.Name] = host with { Allocations = rest };
        }

        /// <summary>Placement replaces all of a consumer's allocations at once, or none.</summary>
        public bool Put(string consumer, JsonElement allocations)
        {
            var before = hosts.ToDictionary();
            Release(consumer);
            foreach (var provider in allocations.EnumerateObject())
            {
                var host = hosts[provider.Name];
                var amounts = provider.Value.TryGetProperty("resources", out var resources) ? resources : provider.Value;
                var request = Given.NoResources() with
                {
                    InstanceID = consumer,
                    Resources = SchedulingRequest.Canonical(amounts.EnumerateObject().Select(r => new ResourceAmount(r.Name, r.Value.GetInt64()))),
                };
                if (Ledger.Claim(Given.Provider(host.Allocations), host.Inventory, request, new(consumer, 1, "c", "Server/a/b")) is ClaimResult.Claimed claimed)
                {
                    hosts[host.Name] = host with { Allocations = claimed.Allocations };
                    continue;
                }

                foreach (var (name, facts) in before) hosts[name] = facts;
                return false;
            }

            return true;
        }

        private static EffectiveInventory Inventory(JsonElement inventories) => new(inventories.EnumerateObject().Select(i => new Inventory(
            i.Name,
            i.Value.GetProperty("total").GetInt64(),
            Whole(i.Value, "reserved", 0),
            Whole(i.Value, "min_unit", 1),
            Whole(i.Value, "max_unit", int.MaxValue),
            Whole(i.Value, "step_size", 1),
            i.Value.TryGetProperty("allocation_ratio", out var ratio) ? ratio.GetDouble() : 1.0)));

        private static long Whole(JsonElement element, string key, long otherwise) => element.TryGetProperty(key, out var value) ? value.GetInt64() : otherwise;
    }
}
