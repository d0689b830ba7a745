using System.Collections.Concurrent;
using System.Diagnostics;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.LeaderElection;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.LeaderElection;

/// <summary>A leader that is stopped in mid-work, as a machine does that is suspended, and one leader for each of several leases.</summary>
public sealed class PauseTests(ControlPlane plane)
{
    [Fact]
    public async Task A_leader_that_was_paused_beyond_its_lease_gets_no_write_through()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        await widgets.CreateAsync(Widget.Named(ns, "w", "nobody"));
        var colors = new ConcurrentQueue<string>();
        using var stopWatching = new CancellationTokenSource();
        var informer = new Informer<Widget>(widgets, WatchScope.InNamespace(ns));
        informer.OnChange(c => colors.Enqueue(c.Latest.Spec.Color));
        var watching = informer.RunAsync(stopWatching.Token);
        var kubeconfig = (await plane.ConfigAsync()).Source.Split(',')[0];
        using var child = CandidateProcess.Start(kubeconfig, ns, "child");
        try
        {
            Assert.Equal("leads", await child.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Limit));
            await Eventually.TrueAsync(async () => (await widgets.GetAsync(new(ns, "w")))!.Spec.Color == "child", "it writes");
            await SignalAsync(child, "STOP");

            using var stop = new CancellationTokenSource();
            var term = default(Leadership);
            var writing = new LeaderElector(client, CandidateProcess.Options(ns, "other")).RunAsync(
                t =>
                {
                    term = t;
                    return CandidateProcess.WriteAsync(widgets, ns, t, "other");
                },
                stop.Token);
            await Eventually.TrueAsync(async () => (await widgets.GetAsync(new(ns, "w")))!.Spec.Color == "other", "another leads and writes");
            await SignalAsync(child, "CONT");
            // It learns of the loss by its guard or by its clock; either way nothing of it comes through.
            Assert.Contains(await child.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Limit), (string[])["Lost", "Released"]);
            Assert.Equal(1, term!.Transitions);
            await stop.CancelAsync();
            await writing.WaitAsync(Eventually.Limit);
            Assert.Empty(await informer.AuditAsync(Eventually.Limit));
            Assert.Contains("child", colors);
            Assert.All(colors.SkipWhile(c => c != "other"), c => Assert.Equal("other", c));
            await stopWatching.CancelAsync();
            await watching.WaitAsync(Eventually.Limit);
        }
        finally
        {
            if (!child.HasExited)
                child.Kill();
        }
    }

    [Fact]
    public async Task Leases_of_their_own_are_led_apart_and_handed_over_apart()
    {
        using var client = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(client);
        using var stopOne = new CancellationTokenSource();
        using var stopAll = new CancellationTokenSource();
        var electors = new Dictionary<string, LeaderElector>();
        var runs = new List<Task>();
        foreach (var (cell, who, stop) in ((string, string, CancellationToken)[])[("cell-1", "a", stopOne.Token), ("cell-2", "b", stopAll.Token)])
        {
            electors[$"{cell} {who}"] = new(client, CandidateProcess.Options(ns, who) with { Name = cell });
            runs.Add(electors[$"{cell} {who}"].RunAsync(t => Task.Delay(Timeout.Infinite, t.Stopping).ContinueWith(_ => { }, TaskScheduler.Default), stop));
        }

        await Eventually.TrueAsync(() => electors.Values.All(e => e.IsLeader), "each cell has its leader");
        electors["cell-1 b"] = new(client, CandidateProcess.Options(ns, "b") with { Name = "cell-1" });
        runs.Add(electors["cell-1 b"].RunAsync(t => Task.Delay(Timeout.Infinite, t.Stopping).ContinueWith(_ => { }, TaskScheduler.Default), stopAll.Token));
        await stopOne.CancelAsync();
        await Eventually.TrueAsync(() => electors["cell-1 b"].IsLeader, "the cell is handed over");
        Assert.True(electors["cell-2 b"].IsLeader);
        Assert.Equal(1, (await client.Resource(CoreResources.Leases).GetAsync(new(ns, "cell-1")))!.Spec!.LeaseTransitions);
        Assert.Equal(0, (await client.Resource(CoreResources.Leases).GetAsync(new(ns, "cell-2")))!.Spec!.LeaseTransitions);
        await stopAll.CancelAsync();
        await Task.WhenAll(runs).WaitAsync(Eventually.Limit);
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }
}
