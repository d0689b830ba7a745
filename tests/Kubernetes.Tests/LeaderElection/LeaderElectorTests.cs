using System.Diagnostics;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.LeaderElection;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.LeaderElection;

/// <summary>Two candidates and one Lease of a real API server.</summary>
public sealed class LeaderElectorTests(ControlPlane plane)
{
    private static LeaderElectionOptions Options(string ns, string identity) => new()
    {
        Namespace = ns,
        Name = "lock",
        Identity = identity,
        LeaseDuration = TimeSpan.FromSeconds(8),
        RenewDeadline = TimeSpan.FromSeconds(4),
        RetryPeriod = TimeSpan.FromMilliseconds(200),
    };

    private static Task WaitAsync(CancellationToken token) => Task.Delay(Timeout.Infinite, token).ContinueWith(_ => { }, TaskScheduler.Default);

    [Fact]
    public async Task A_leader_that_stops_hands_over_at_once()
    {
        using var client = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(client);
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        // A long lease: only a release can explain that the second one leads soon.
        var options = Options(ns, "first") with { LeaseDuration = TimeSpan.FromMinutes(10), RenewDeadline = TimeSpan.FromMinutes(5) };
        var first = new LeaderElector(client, options);
        var second = new LeaderElector(client, options with { Identity = "second" });
        var terms = new List<(string Who, int Transitions)>();
        var finish = new TaskCompletionSource();
        var firstRun = first.RunAsync(
            async term =>
            {
                terms.Add(("first", term.Transitions));
                await WaitAsync(term.Stopping);
                await finish.Task;
            },
            stopFirst.Token);
        await Eventually.TrueAsync(() => first.IsLeader, "the first leads");
        var secondRun = second.RunAsync(
            async term =>
            {
                terms.Add(("second", term.Transitions));
                await WaitAsync(term.Stopping);
            },
            stopSecond.Token);
        await Eventually.TrueAsync(() => second.Leader == "first", "the second knows who leads");
        Assert.False(second.IsLeader);

        await stopFirst.CancelAsync();
        Assert.False(firstRun.IsCompleted);
        Assert.False(second.IsLeader);
        finish.SetResult();
        Assert.Equal(LeadershipEnd.Released, await firstRun.WaitAsync(Eventually.Limit));
        await Eventually.TrueAsync(() => second.IsLeader, "the second leads");
        Assert.Equal([("first", 0), ("second", 1)], terms);

        await stopSecond.CancelAsync();
        Assert.Equal(LeadershipEnd.Released, await secondRun.WaitAsync(Eventually.Limit));
        var lease = await client.Resource(CoreResources.Leases).GetAsync(new(ns, "lock"));
        Assert.True(string.IsNullOrEmpty(lease!.Spec!.HolderIdentity));
        Assert.Equal(LeadershipEnd.NeverLed, await new LeaderElector(client, options).RunAsync(_ => Task.CompletedTask, stopFirst.Token));
    }

    [Fact]
    public async Task A_leader_that_is_cut_off_gives_up_before_another_takes_over()
    {
        using var direct = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(direct);
        var config = await plane.ConfigAsync();
        await using var proxy = Through.ProxyOf(config);
        using var behind = ControlPlane.Client(Through.Of(config, proxy));
        using var stop = new CancellationTokenSource();
        var first = new LeaderElector(behind, Options(ns, "first"));
        var second = new LeaderElector(direct, Options(ns, "second"));
        long lostAt = 0, tookOverAt = 0;
        var firstRun = first.RunAsync(
            async term =>
            {
                await WaitAsync(term.Lost);
                lostAt = Stopwatch.GetTimestamp();
            },
            stop.Token);
        await Eventually.TrueAsync(() => first.IsLeader, "the first leads");
        var secondRun = second.RunAsync(
            async term =>
            {
                tookOverAt = Stopwatch.GetTimestamp();
                await WaitAsync(term.Stopping);
            },
            stop.Token);
        await Eventually.TrueAsync(() => second.Leader == "first", "the second knows who leads");

        proxy.Stall();
        Assert.Equal(LeadershipEnd.Lost, await firstRun.WaitAsync(Eventually.Limit));
        await Eventually.TrueAsync(() => Volatile.Read(ref tookOverAt) != 0, "the second leads");

        Assert.True(lostAt < tookOverAt, $"taken over {Stopwatch.GetElapsedTime(tookOverAt, lostAt)} before the loss was known");
        Assert.False(first.IsLeader);
        await stop.CancelAsync();
        Assert.Equal(LeadershipEnd.Released, await secondRun.WaitAsync(Eventually.Limit));
    }

    [Fact]
    public async Task A_leader_whose_lease_is_taken_is_lost_and_does_not_release_it()
    {
        using var client = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(client);
        var elector = new LeaderElector(client, Options(ns, "first"));
        var run = elector.RunAsync(term => WaitAsync(term.Lost), CancellationToken.None);
        await Eventually.TrueAsync(() => elector.IsLeader, "it leads");
        var leases = client.Resource(CoreResources.Leases);
        await Eventually.TrueAsync(
            async () =>
            {
                var lease = (await leases.GetAsync(new(ns, "lock")))!;
                try
                {
                    await leases.UpdateAsync(lease with { Spec = lease.Spec! with { HolderIdentity = "thief", LeaseDurationSeconds = 3600 } });
                    return true;
                }
                catch (KubernetesException e) when (e.IsConflict)
                {
                    return false;
                }
            },
            "the lease is taken");

        Assert.Equal(LeadershipEnd.Lost, await run.WaitAsync(Eventually.Limit));
        Assert.Equal("thief", (await leases.GetAsync(new(ns, "lock")))!.Spec!.HolderIdentity);
    }

    [Fact]
    public async Task Work_that_fails_releases_the_lease_and_is_told()
    {
        using var client = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(client);
        var elector = new LeaderElector(client, Options(ns, "first"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => elector.RunAsync(_ => throw new InvalidOperationException("broken"), CancellationToken.None));

        Assert.False(elector.IsLeader);
        Assert.True(string.IsNullOrEmpty((await client.Resource(CoreResources.Leases).GetAsync(new(ns, "lock")))!.Spec!.HolderIdentity));
        Assert.Throws<ArgumentException>(() => new LeaderElector(client, Options(ns, "x") with { RenewDeadline = TimeSpan.FromSeconds(8) }));
    }
}
