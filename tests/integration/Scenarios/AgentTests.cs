using System.Net;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Integration.Cluster;
using Kilonova.NodeAgent.Tests.Images;
using static Kilonova.Integration.Cluster.OperatorByHand;

namespace Kilonova.Integration.Scenarios;

/// <summary>One host and no operator: the test writes what an operator would, and what it must never write.</summary>
public sealed class LonelyHost() : ClusterFixture(new ClusterShape(Hosts: 1, Operators: 0, AgentArguments: Arguments()))
{
    public const string Name = "node-a";

    private OperatorByHand? hand;

    public OperatorByHand Operator => Made(hand);

    public string Image { get; private set; } = "";

    public TestHost Host => Cluster.Host(Name);

    protected override async Task PrepareAsync()
    {
        Image = "file://" + await TestCluster.GuestImageAsync();
        hand = new OperatorByHand(Cluster, Name);
        await hand.AdmitAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        hand?.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>Starts the agent again, with other options if need be.</summary>
    public async Task RestartAgentAsync(string more = "")
    {
        await File.WriteAllTextAsync(Path.Combine(Cluster.Directory, "agent-args"), Arguments() + " " + more);
        await Cluster.ScriptAsync("stop", $"agent-{Name}");
        await Cluster.StartAsync($"agent-{Name}");
    }

    public async Task<int?> PidAsync(Instance instance) => (await Host.QemuPidsAsync()).TryGetValue(instance.Metadata.Name!, out var pid) ? pid : null;

    public async Task AssertNothingLeftAsync(Instance instance)
    {
        var id = instance.Metadata.Name!;
        Assert.Null(await PidAsync(instance));
        Assert.DoesNotContain($"kilonova-{id}", await Host.DomainsAsync());
        Assert.False(Directory.Exists(Path.Combine(Host.State, "instances", id)), "the guest's directory is still there");
        Assert.False(File.Exists(Path.Combine(Host.State, "records", id + ".json")), "the record is still there");
        Assert.True(File.Exists(Path.Combine(Host.State, "tombstones", id + ".json")), "there is no tombstone");
    }

    private static string Arguments() => "--full-pass-interval 3s --shutdown-timeout 20s --log-level Debug";
}

/// <summary>The agent's part of the placement protocol on a real libvirtd with real guests.</summary>
public sealed class AgentTests(LonelyHost shared) : IClassFixture<LonelyHost>
{
    private readonly OperatorByHand hand = shared.Operator;

    [Fact]
    public async Task A_guest_boots_says_what_it_was_given_survives_agent_and_libvirtd_stops_starts_and_goes()
    {
        var secret = $"user-data-{Guid.NewGuid():N}";
        await hand.SecretAsync(secret, "#!/bin/sh\necho words from a secret\n");
        var order = hand.New(shared.Image);
        order = await hand.PlaceAsync(order with { Spec = order.Spec with { SecretName = secret, Metadata = new Dictionary<string, string> { ["role"] = "front" } } });
        var running = await hand.RunningAsync(order);
        var id = order.Metadata.Name!;
        Assert.Equal((PowerState.Running, 1, "qemu64"), (running.Status!.PowerState, running.Status.Epoch, running.Status.CpuModel));
        Assert.StartsWith("pc-i440fx-", running.Status.MachineType, StringComparison.Ordinal);
        Assert.StartsWith("sha256:", running.Status.ImageDigest, StringComparison.Ordinal);
        Assert.NotNull(running.Status.StartedAt);

        var console = await Eventually.Get("the guest has said everything", () => Task.FromResult(shared.Host.Console(id)), text => text.Contains("user-data-exit=", StringComparison.Ordinal), TimeSpan.FromMinutes(3));
        foreach (var words in new[] { $"hostname=guest-{id[..8]}", $"uuid={id}", "project_id=tests", "meta.role=front", $"smbios-uuid={id}", "source=config-drive", "mac=52:54:00:12:34:56", "user-data-exit=0" })
            Assert.Contains($"kilonova-guest: {words}", console, StringComparison.Ordinal);
        Assert.Contains("words from a secret", console, StringComparison.Ordinal);

        // Neither the agent's death nor libvirtd's is the guest's.
        var pid = await shared.PidAsync(order);
        await shared.Cluster.KillAsync("agent-node-a");
        await shared.RestartAgentAsync();
        await shared.Cluster.KillAsync("libvirtd-node-a");
        await shared.Cluster.StartAsync("libvirtd-node-a");
        await Eventually.True("libvirt is ready again", async () => (string?)Fleet.Condition(await shared.Cluster.Kubectl.GetAsync("hypervisor", LonelyHost.Name), "LibvirtReady")!["status"] == "True");
        Assert.Equal(pid, await shared.PidAsync(order));

        await hand.PowerAsync(order, WantedPowerState.Stopped);
        var stopped = await hand.UntilAsync("the guest is off", order, now => Ready(now) == "Stopped");
        Assert.Equal(PowerState.Shutdown, stopped.Status!.PowerState);
        Assert.Contains("kilonova-guest: power button", shared.Host.Console(id), StringComparison.Ordinal);
        Assert.Null(await shared.PidAsync(order));

        await hand.PowerAsync(order, WantedPowerState.Running);
        await hand.RunningAsync(order);
        await Eventually.True("the same disk booted a second time", () => Task.FromResult(shared.Host.Console(id).Contains("kilonova-guest: boot=2", StringComparison.Ordinal)), TimeSpan.FromMinutes(3));

        await hand.DeleteAsync(order);
        await hand.FinishAsync(order);
        await shared.AssertNothingLeftAsync(order);
    }

    [Fact]
    public async Task Nothing_is_started_without_the_ledgers_entry_or_with_another_claim()
    {
        var order = hand.New(shared.Image);
        await hand.ClaimAsync(order.Metadata.Name!, 1, "another-claim");
        await hand.CreateAsync(order);
        var waiting = await hand.UntilAsync("the agent says that the entry is missing", order, now => Ready(now) == "NoLedgerEntry");
        Assert.Contains("another-claim", waiting.Status!.Conditions![0].Message, StringComparison.Ordinal);
        Assert.Null(waiting.Status.PowerState);
        Assert.Null(await shared.PidAsync(order));

        await hand.ReleaseAsync(order.Metadata.Name!);
        await hand.ClaimAsync(order.Metadata.Name!, 1, order.Spec.ClaimID);
        await hand.RunningAsync(order);
        await hand.DeleteAsync((await hand.GetAsync(order))!);
        await hand.FinishAsync(order);
        await shared.AssertNothingLeftAsync(order);
    }

    [Fact]
    public async Task What_was_removed_is_never_started_again_at_its_epoch_but_at_a_later_one()
    {
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await hand.RunningAsync(order);
        await hand.DeleteAsync(order);
        await hand.FinishAsync(order);

        // A leader that wakes up late writes the entry and the Instance once more.
        var late = await hand.PlaceAsync(hand.Of(order.Metadata.Name!, shared.Image, epoch: 1));
        await hand.UntilAsync("the agent refuses", late, now => Ready(now) == "Closed");
        Assert.Null(await shared.PidAsync(late));
        await hand.DeleteAsync(late);
        await hand.FinishAsync(late);

        var next = await hand.PlaceAsync(hand.Of(order.Metadata.Name!, shared.Image, epoch: 2));
        await hand.RunningAsync(next);
        await hand.DeleteAsync(next);
        await hand.FinishAsync(next);
        await shared.AssertNothingLeftAsync(next);
    }

    [Fact]
    public async Task A_note_keeps_a_guest_that_is_off_from_being_started()
    {
        var order = hand.New(shared.Image);
        order = await hand.PlaceAsync(order with { Spec = order.Spec with { Note = new MoveNote { TargetEpoch = 2, Reason = MoveReason.Evacuation } } });
        await hand.UntilAsync("the agent waits", order, now => Ready(now) == "AboutToLeave");
        Assert.Null(await shared.PidAsync(order));
        await hand.PatchAsync(order, new JsonObject { ["spec"] = new JsonObject { ["note"] = null } });
        await hand.RunningAsync(order);
        await hand.DeleteAsync(order);
        await hand.FinishAsync(order);
    }

    [Fact]
    public async Task A_guest_whose_Instance_vanished_runs_on_as_a_stray_and_is_adopted_when_it_is_back()
    {
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await hand.RunningAsync(order);
        var pid = await shared.PidAsync(order);
        await hand.VanishAsync(order);
        var stray = await Eventually.Get("the host reports the stray", () => StrayAsync(order), stray => stray is not null);
        Assert.Equal((1L, "Running"), ((long)stray!["epoch"]!, (string)stray["powerState"]!));
        Assert.Equal(pid, await shared.PidAsync(order));

        var back = hand.Of(order.Metadata.Name!, shared.Image, epoch: 1);
        back = await hand.CreateAsync(back with { Spec = back.Spec with { ClaimID = order.Spec.ClaimID } });
        await hand.RunningAsync(back);
        await Eventually.True("it is no stray any more", async () => await StrayAsync(order) is null);
        Assert.Equal(pid, await shared.PidAsync(order));
        await hand.DeleteAsync(back);
        await hand.FinishAsync(back);
        await shared.AssertNothingLeftAsync(back);
    }

    [Fact]
    public async Task A_running_guest_without_a_record_is_adopted_and_one_of_another_placement_is_not()
    {
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await hand.RunningAsync(order);
        var pid = await shared.PidAsync(order);
        await shared.Cluster.ScriptAsync("stop", "agent-node-a");
        var record = Path.Combine(shared.Host.State, "records", order.Metadata.Name + ".json");
        File.Delete(record);
        await shared.RestartAgentAsync();
        await Eventually.True("the record is written again", () => Task.FromResult(File.Exists(record)));
        await hand.RunningAsync(order);

        // The same ID at a later epoch, as if the guest had been placed anew: what runs is left alone and told.
        await hand.VanishAsync(order);
        var other = await hand.PlaceAsync(hand.Of(order.Metadata.Name!, shared.Image, epoch: 2));
        await hand.UntilAsync("the agent says what runs here", other, now => Ready(now) == "OlderThanInstance");
        await Eventually.True("the host reports the stray", async () => await StrayAsync(order) is not null);
        Assert.Equal(pid, await shared.PidAsync(order));
        await hand.DeleteAsync(other);
        await hand.FinishAsync(other);
        await shared.AssertNothingLeftAsync(other);
    }

    [Fact]
    public async Task An_Instance_older_than_the_guest_ends_nothing()
    {
        var order = await hand.PlaceAsync(hand.New(shared.Image, epoch: 5));
        await hand.RunningAsync(order);
        var pid = await shared.PidAsync(order);
        await hand.VanishAsync(order);
        var older = await hand.PlaceAsync(hand.Of(order.Metadata.Name!, shared.Image, epoch: 4));
        await hand.DeleteAsync(older);
        await hand.UntilAsync("the agent says what runs here", older, now => Ready(now) == "NewerThanInstance");
        Assert.Equal(pid, await shared.PidAsync(order));

        await hand.VanishAsync(older);
        var right = hand.Of(order.Metadata.Name!, shared.Image, epoch: 5);
        right = await hand.CreateAsync(right with { Spec = right.Spec with { ClaimID = order.Spec.ClaimID } });
        await hand.RunningAsync(right);
        await hand.DeleteAsync(right);
        await hand.FinishAsync(right);
        await shared.AssertNothingLeftAsync(right);
    }

    [Fact]
    public async Task A_build_that_cannot_succeed_says_why_and_whether_elsewhere_may()
    {
        var missing = hand.New("file:///srv/kilonova/none.qcow2");
        var bridge = hand.New(shared.Image);
        bridge = bridge with { Spec = bridge.Spec with { Interfaces = [new InstanceInterface { Network = "lan", Type = NetworkType.Bridge, Bridge = "br-none", MacAddress = "52:54:00:00:00:09" }] } };
        var mislabelled = hand.New(shared.Image);
        mislabelled = mislabelled with { Spec = mislabelled.Spec with { Image = mislabelled.Spec.Image! with { Format = DiskFormat.Raw } } };
        foreach (var (order, reason, step, elsewhere) in new[]
        {
            (missing, "ImageNotFound", InstanceStep.Image, true), (bridge, "BridgeMissing", InstanceStep.Network, true), (mislabelled, "ImageFormatMismatch", InstanceStep.Image, false),
        })
        {
            await hand.PlaceAsync(order);
            var failed = await hand.UntilAsync("the build fails", order, now => now.Status?.Failure is not null);
            Assert.Equal((reason, step, elsewhere, 1L), (failed.Status!.Failure!.Reason, failed.Status.Failure.Step, failed.Status.Failure.Elsewhere, failed.Status.Failure.Epoch));
            await hand.DeleteAsync(failed);
            await hand.FinishAsync(failed);
            await shared.AssertNothingLeftAsync(failed);
        }
    }

    [Fact]
    public async Task A_long_download_is_told_and_a_delete_calls_it_off()
    {
        var address = (await Shell.RunAsync(Path.Combine(TestCluster.Repository, "tests/hosts/run"), ["network", Path.Combine(shared.Cluster.Directory, "hosts")])).Ensured.Trim();
        using var server = new ImageServer(IPAddress.Parse(address)) { Hold = new TaskCompletionSource() };
        server.Files["/slow.qcow2"] = new byte[1 << 20];
        var order = await hand.PlaceAsync(hand.New(server.Url("/slow.qcow2")));
        var told = await hand.UntilAsync("the agent tells of the download", order, now => now.Status?.Step == InstanceStep.Image && now.Status.Progress is not null);
        Assert.Equal((0, "0 of 1 MiB"), (told.Status!.Progress!.Percent, told.Status.Progress.Message));
        await hand.DeleteAsync(order);
        await hand.FinishAsync(order, seconds: 20);
        await Eventually.True("the download is called off", () => Task.FromResult(server.Abandoned == 1));
        await shared.AssertNothingLeftAsync(order);
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(shared.Host.State, "images")), file => Path.GetFileName(file).StartsWith(".fetch-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_guest_that_has_run_is_never_given_up_nor_made_anew()
    {
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await hand.RunningAsync(order);
        await hand.PowerAsync(order, WantedPowerState.Stopped);
        await hand.UntilAsync("the guest is off", order, now => Ready(now) == "Stopped");
        var disk = Path.Combine(shared.Host.State, "instances", order.Metadata.Name!, "disk");
        File.Move(disk, disk + ".away");

        await hand.PowerAsync(order, WantedPowerState.Running);
        var missing = await hand.UntilAsync("the agent says what is missing", order, now => Ready(now) == "DiskMissing");
        Assert.Null(missing.Status!.Failure);
        Assert.False(File.Exists(disk), "the guest's disk was made anew");

        File.Move(disk + ".away", disk);
        await hand.RunningAsync(order);
        await hand.DeleteAsync(order);
        await hand.FinishAsync(order);
    }

    [Fact]
    public async Task A_guest_on_a_bridge_has_a_tap_there_while_it_runs()
    {
        var order = hand.New(shared.Image);
        order = await hand.PlaceAsync(order with { Spec = order.Spec with { Interfaces = [new InstanceInterface { Network = "lan", Type = NetworkType.Bridge, Bridge = "br0", MacAddress = "52:54:00:00:00:0a", Mtu = 1400 }] } });
        await hand.RunningAsync(order);
        Assert.Contains("vnet", (await shared.Host.ExecAsync("ip", "-o", "link", "show", "master", "br0")).Ensured, StringComparison.Ordinal);
        await hand.DeleteAsync(order);
        await hand.FinishAsync(order);
        Assert.DoesNotContain("vnet", (await shared.Host.ExecAsync("ip", "-o", "link")).Ensured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guests_that_went_down_with_their_host_start_with_it_and_one_that_went_by_itself_stays_off()
    {
        var order = await hand.PlaceAsync(hand.New(shared.Image));
        await hand.RunningAsync(order);
        var id = order.Metadata.Name!;

        // The machine lost power: no QEMU is left, and the kernel that comes up has another boot ID.
        await shared.Cluster.ScriptAsync("stop", "agent-node-a");
        _ = (await shared.Host.VirshAsync("destroy", id)).Ensured;
        await File.WriteAllTextAsync(Path.Combine(shared.Host.State, "boot-id"), "11111111-0000-0000-0000-000000000000\n");
        await shared.RestartAgentAsync("--boot-id-file /var/lib/kilonova/boot-id");
        var again = await hand.UntilAsync("the guest runs in the new boot", order, now => Ready(now) == "Running" && now.Status!.BootID == "11111111-0000-0000-0000-000000000000");
        Assert.Equal(PowerState.Running, again.Status!.PowerState);

        // In the same boot, and nobody here did it.
        _ = (await shared.Host.VirshAsync("destroy", id)).Ensured;
        var off = await hand.UntilAsync("the guest stays off", order, now => Ready(now) == "StoppedByGuest");
        Assert.Equal((true, PowerState.Shutdown), (off.Status!.StoppedByGuest, off.Status.PowerState));
        await shared.RestartAgentAsync("--boot-id-file /var/lib/kilonova/boot-id");
        Assert.Null(await shared.PidAsync(order));

        await hand.PowerAsync(order, WantedPowerState.Stopped);
        await hand.UntilAsync("it is off as wanted", order, now => Ready(now) == "Stopped" && now.Status!.StoppedByGuest is null);
        await hand.PowerAsync(order, WantedPowerState.Running);
        await hand.RunningAsync(order);
        await hand.DeleteAsync(order);
        await hand.FinishAsync(order);
        await shared.RestartAgentAsync();
    }

    [Fact]
    public async Task A_host_that_lost_its_identity_serves_nothing_under_the_old_name()
    {
        var identity = Path.Combine(shared.Host.State, "hostID");
        await shared.Cluster.ScriptAsync("stop", "agent-node-a");
        File.Move(identity, identity + ".kept");
        var order = hand.New(shared.Image);
        try
        {
            var before = shared.Cluster.Log("agent-node-a").Length;
            await shared.RestartAgentAsync();
            await Eventually.True("the agent refuses", () => Task.FromResult(shared.Cluster.Log("agent-node-a")[before..].Contains("refused: The name node-a belongs to host", StringComparison.Ordinal)));
            await hand.PlaceAsync(order);
            await shared.Cluster.ScriptAsync("stop", "agent-node-a");
            Assert.Null((await hand.GetAsync(order))!.Status?.Conditions);
            Assert.Null(await shared.PidAsync(order));
        }
        finally
        {
            File.Move(identity + ".kept", identity, overwrite: true);
            await shared.RestartAgentAsync();
        }

        await hand.RunningAsync(order);
        await hand.DeleteAsync((await hand.GetAsync(order))!);
        await hand.FinishAsync(order);
    }

    private static async Task<JsonNode?> StrayAsync(TestCluster cluster, string id) =>
        (await cluster.Kubectl.GetAsync("hypervisor", LonelyHost.Name))!["status"]!["strays"]?.AsArray().FirstOrDefault(stray => (string?)stray!["instanceID"] == id);

    private Task<JsonNode?> StrayAsync(Instance instance) => StrayAsync(shared.Cluster, instance.Metadata.Name!);
}
