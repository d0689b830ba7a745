using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Integration.Cluster;
using static Kilonova.Integration.Cluster.OperatorByHand;

namespace Kilonova.Integration.Scenarios;

/// <summary>What becomes of guests when their host boots anew, and while there is no API server.</summary>
public sealed class HostBehaviourTests(LonelyHost shared) : IClassFixture<LonelyHost>
{
    private readonly OperatorByHand hand = shared.Operator;

    [Fact]
    public async Task After_a_boot_of_the_host_only_those_guests_run_that_are_to_run()
    {
        var (runs, saved, stopped) = (await hand.PlaceAsync(hand.New(shared.Image)), await hand.PlaceAsync(hand.New(shared.Image)), await hand.PlaceAsync(hand.New(shared.Image)));
        foreach (var order in new[] { runs, saved, stopped })
            await BootedAsync(order);
        await hand.PowerAsync(stopped, WantedPowerState.Stopped);
        await hand.UntilAsync("the tenant's guest is off", stopped, now => Ready(now) == "Stopped");

        // Somebody has libvirt start a guest by itself: that is taken back, and told.
        var id = runs.Metadata.Name!;
        _ = (await shared.Host.VirshAsync("autostart", id)).Ensured;
        await Eventually.Get("the host tells of the autostart", () => ConditionAsync("GuestAutostartOff"), condition => ((string?)condition?["message"])?.Contains($"Autostart was on for {id}", StringComparison.Ordinal) == true);
        Assert.Matches(@"Autostart:\s+disable", (await shared.Host.VirshAsync("dominfo", id)).Ensured);

        // As libvirt-guests does with ON_SHUTDOWN=suspend: not the tenant's doing, and not undone in this boot.
        _ = (await shared.Host.VirshAsync("managedsave", saved.Metadata.Name!)).Ensured;
        var asleep = await hand.UntilAsync("the saved guest is left so", saved, now => Ready(now) == "Saved");
        Assert.Equal((null, PowerState.Shutdown), (asleep.Status!.StoppedByGuest, asleep.Status.PowerState));

        // The machine loses power: no process of it is left, and the kernel that comes up has another boot ID.
        await shared.Cluster.ScriptAsync("stop", "agent-node-a");
        await shared.Cluster.KillAsync("libvirtd-node-a");
        var before = (await shared.PidAsync(runs))!.Value;
        using (var qemu = Process.GetProcessById(before))
            qemu.Kill();
        const string boot = "22222222-0000-0000-0000-000000000000";
        await File.WriteAllTextAsync(Path.Combine(shared.Host.State, "boot-id"), boot + "\n");
        await shared.Cluster.StartAsync("libvirtd-node-a");
        Assert.Empty(await shared.Host.DomainsAsync(all: false));
        var log = shared.Cluster.Log("agent-node-a").Length;
        await shared.RestartAgentAsync("--boot-id-file /var/lib/kilonova/boot-id --parallel-builds 1");

        foreach (var order in new[] { runs, saved })
            await hand.UntilAsync("the guest is back", order, now => Ready(now) == "Running" && now.Status!.BootID == boot);
        await Eventually.True("the one that lost power has booted", () => Task.FromResult(shared.Host.Console(id).Contains("kilonova-guest: boot=2", StringComparison.Ordinal)));
        var ticks = Ticks(saved);
        await Eventually.True("the saved one goes on", () => Task.FromResult(Ticks(saved) > ticks));
        Assert.DoesNotContain("kilonova-guest: boot=2", shared.Host.Console(saved.Metadata.Name!), StringComparison.Ordinal);
        Assert.NotEqual(before, await shared.PidAsync(runs));

        await Eventually.True("all was looked at twice", () => Task.FromResult(shared.Cluster.Log("agent-node-a")[log..].Split("full pass: ").Length > 2));
        Assert.Null(await shared.PidAsync(stopped));
        Assert.Equal("Stopped", Ready(await hand.GetAsync(stopped)));
        await shared.RestartAgentAsync();
        await ClearAsync(runs, saved, stopped);
    }

    [Fact]
    public async Task Guests_run_on_while_there_is_no_API_server_and_what_happened_is_told_afterwards()
    {
        var (runs, leaves, changed) = (await hand.PlaceAsync(hand.New(shared.Image)), await hand.PlaceAsync(hand.New(shared.Image)), await hand.PlaceAsync(hand.New(shared.Image)));
        foreach (var order in new[] { runs, leaves, changed })
            await BootedAsync(order);
        var (guest, agent) = (await shared.PidAsync(runs), AgentPid());

        // A change that the agent has not seen when the API server goes.
        await shared.Cluster.KillAsync("agent-node-a", "STOP");
        await hand.PowerAsync(changed, WantedPowerState.Stopped);
        await shared.Cluster.KillAsync("api");
        await shared.Cluster.KillAsync("agent-node-a", "CONT");
        var ticks = Ticks(runs);
        _ = (await shared.Host.VirshAsync("shutdown", leaves.Metadata.Name!)).Ensured;
        await Eventually.True("the guest has powered itself off", async () => await shared.PidAsync(leaves) is null);
        // Every five seconds one.
        await Eventually.True("the other has gone on for twenty seconds", () => Task.FromResult(Ticks(runs) >= ticks + 4));
        Assert.Equal((guest, agent), (await shared.PidAsync(runs), AgentPid()));
        Assert.NotNull(await shared.PidAsync(changed));

        await shared.Cluster.StartAsync("api");
        var off = await hand.UntilAsync("the power-off is told", leaves, now => Ready(now) == "StoppedByGuest");
        Assert.Equal((true, PowerState.Shutdown), (off.Status!.StoppedByGuest, off.Status.PowerState));
        await hand.UntilAsync("the change is followed", changed, now => Ready(now) == "Stopped");
        Assert.Equal((guest, agent), (await shared.PidAsync(runs), AgentPid()));
        Assert.Null(await shared.PidAsync(leaves));
        await ClearAsync(runs, leaves, changed);
    }

    [Fact]
    public async Task Memory_that_was_saved_under_an_earlier_placement_is_not_gone_on_with()
    {
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await BootedAsync(order);
        _ = (await shared.Host.VirshAsync("managedsave", order.Metadata.Name!)).Ensured;
        await hand.UntilAsync("the saved guest is left so", order, now => Ready(now) == "Saved");
        await hand.VanishAsync(order);

        // Placed here anew: its disk may have been written to in between, which the saved memory does not know.
        var next = await hand.PlaceAsync(hand.Of(order.Metadata.Name!, shared.Image, epoch: 2));
        await hand.RunningAsync(next);
        await Eventually.True("it has booted", () => Task.FromResult(shared.Host.Console(order.Metadata.Name!).Contains("kilonova-guest: boot=2", StringComparison.Ordinal)));
        await ClearAsync(next);
    }

    private async Task BootedAsync(Instance order)
    {
        await hand.RunningAsync(order);
        await Eventually.True("the guest has booted", () => Task.FromResult(shared.Host.Console(order.Metadata.Name!).Contains("kilonova-guest: ready", StringComparison.Ordinal)));
    }

    private async Task ClearAsync(params Instance[] orders)
    {
        foreach (var order in orders)
            await hand.DeleteAsync((await hand.GetAsync(order))!);
        foreach (var order in orders)
        {
            await hand.FinishAsync(order);
            await shared.AssertNothingLeftAsync(order);
        }
    }

    private int Ticks(Instance order) => shared.Host.Console(order.Metadata.Name!).Split("kilonova-guest: tick ").Length - 1;

    private int AgentPid()
    {
        var pid = int.Parse(File.ReadAllText(Path.Combine(shared.Cluster.Directory, "pids", "agent-node-a")).Split(' ')[0], CultureInfo.InvariantCulture);
        using var process = Process.GetProcessById(pid);
        Assert.False(process.HasExited, "the agent has ended");
        return pid;
    }

    private async Task<JsonNode?> ConditionAsync(string type) => Fleet.Condition(await shared.Cluster.Kubectl.GetAsync("hypervisor", LonelyHost.Name), type);
}
