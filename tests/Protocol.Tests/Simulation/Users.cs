using Kilonova.Crds;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>
/// Users create servers, change them, stop and start them, delete them, and create others of the same name; guests power themselves off; an admin, rarely, takes
/// an Instance out of the store, finalizers and all.
/// </summary>
internal sealed class Users(World world, MemoryStore store, Model model, IReadOnlyList<MemoryHost> hosts, int names, int pace, bool groups) : Actor(world, "users")
{
    private int _created;

    public override async Task LiveAsync()
    {
        while (true)
        {
            await Do("look", () =>
            {
                // Rarely: a server's life takes many steps of others.
                if (World.Random.Next(pace) == 0)
                    Act();
                return true;
            });
        }
    }

    private void Act()
    {
        if (World.Random.Next(25) == 0 && store.Instances.Count > 0)
        {
            var victim = store.Instances.Keys.OrderBy(k => k).ElementAt(World.Random.Next(store.Instances.Count));
            store.Vanish(victim);
            model.Vanished.Add(victim.Id);
            model.Count("Instances taken by force");
            World.Note($"  Instance {victim} vanishes");
            return;
        }

        if (World.Random.Next(12) == 0)
        {
            PowerOffAGuest();
            return;
        }

        var name = $"s{World.Random.Next(names)}";
        if (!store.Servers.TryGetValue(name, out var server))
        {
            var uid = $"{name}-{++_created}";
            model.Count("servers");
            store.Add(Model.NewServer(name, uid, store.NextVersion(), grouped: groups && name != "s0"));
            World.Note($"  create {uid}");
            return;
        }

        switch (World.Random.Next(6))
        {
            case 0 or 1:
                model.Count("deletes");
                store.DeleteServer(name, server.Metadata.Uid!);
                World.Note($"  delete {server.Metadata.Uid}");
                break;
            case 2:
                var power = server.Spec.PowerState == WantedPowerState.Running ? WantedPowerState.Stopped : WantedPowerState.Running;
                store.Write(server with { Spec = server.Spec with { PowerState = power } }, false);
                World.Note($"  {server.Metadata.Uid} is to be {power}");
                break;
            default:
                // A label, a description: the Server is another version.
                store.Write(server, false);
                World.Note($"  touch {server.Metadata.Uid}");
                break;
        }
    }

    private void PowerOffAGuest()
    {
        var host = hosts[World.Random.Next(hosts.Count)];
        if (host.Domains.Where(d => d.Value.State == PowerState.Running).Select(d => d.Key).Order(StringComparer.Ordinal).FirstOrDefault() is not { } id)
            return;
        host.Domains[id] = host.Domains[id] with { State = PowerState.Shutdown };
        model.Invariants.SeeOff(host.Name, id);
        host.Due.Add(id);
        World.Note($"  guest {id} on {host.Name} powers itself off");
    }
}
