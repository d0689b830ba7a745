using Kilonova.Crds;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>What traces are made of.</summary>
internal static class Play
{
    public static void Holds(Action<Stage> trace, Rules off = Rules.None)
    {
        using var stage = new Stage(off);
        trace(stage);
    }

    public static void Breaks(Action<Stage> trace, Rules off, string violation)
    {
        using var stage = new Stage(off);
        Assert.Contains(violation, Assert.Throws<ProtocolViolation>(() => trace(stage)).Broken, StringComparison.Ordinal);
    }

    public static void RunOn(Stage stage, string host)
    {
        stage.World.RunToEnd(stage.Place("leader", host));
        stage.Converge();
        Assert.True(stage.Host(host).Runs(Stage.ID));
    }

    public static void MoveOff(Stage stage, string source, string destination)
    {
        stage.PowerOff(source);
        stage.World.RunToEnd(stage.Evacuate("mover", destination));
        stage.RunAgent(stage.StartAgent(destination));
    }

    public static void Reboot(Stage stage, string host)
    {
        stage.StopAgent(host);
        stage.Host(host).PowerOff(stage.Model.Invariants);
        stage.Host(host).PowerOn();
        stage.RunAgent(stage.StartAgent(host));
    }

    /// <summary>libvirt's own job outlives agents and aborts: the guest is at the destination now, and its definition at the source too.</summary>
    public static void LandJob(Stage stage, string source, string destination)
    {
        var domain = stage.Host(source).Domains[Stage.ID];
        stage.Host(source).Domains[Stage.ID] = domain with { State = PowerState.Shutdown };
        stage.Model.Invariants.SeeOff(source, Stage.ID);
        var arrived = stage.Host(destination).Domains[Stage.ID] = domain with { Epoch = 2, ClaimID = stage.Instance(destination)!.Spec.ClaimID };
        stage.Model.Tell(stage.Model.Invariants.SeeRunning(destination, Stage.ID, arrived.Epoch));
    }

    public static void RunsOnlyOn(Stage stage, string host)
    {
        var running = new[] { "a", "b", "c" }.Where(h => stage.Host(h).Runs(Stage.ID));
        if (!running.SequenceEqual([host]))
            stage.World.Fail($"it is wanted on {host}, and runs on {string.Join(" and ", running)}");
        Assert.Equal(host, stage.Server.Status!.Host);
        Assert.Single(stage.Store.Instances);
    }

    public static void NothingLeft(Stage stage)
    {
        Assert.Empty(stage.Store.Servers);
        Assert.Empty(Invariants.Orphans([], stage.Store.Ledgers.Values, stage.Store.Instances.Values, new[] { "a", "b", "c" }.SelectMany(h => stage.Host(h).Ids.Select(id => (h, id)))));
    }
}
