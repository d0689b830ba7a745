using System.Collections.Concurrent;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.RealServer;

/// <summary>Informers while the API server dies, or the way to it goes silent.</summary>
public sealed class OutageTests(ControlPlane plane)
{
    private static readonly InformerOptions<Widget> s_quick = new() { MinBackoff = TimeSpan.FromMilliseconds(20), MaxBackoff = TimeSpan.FromMilliseconds(200) };

    [Fact]
    public async Task An_informer_survives_the_death_of_the_api_server()
    {
        var (own, reason) = await LocalPlane.TryStartAsync();
        if (own is null)
            Assert.Skip(reason);
        await using var ownPlane = own;
        using var client = ControlPlane.Client(KubernetesConfig.Load(new() { Path = own.Kubeconfig }), o => o with { RequestTimeout = TimeSpan.FromSeconds(5) });
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        var kept = await widgets.CreateAsync(Widget.Named(ns, "kept"));
        var doomed = await widgets.CreateAsync(Widget.Named(ns, "doomed"));
        using var stop = new CancellationTokenSource();
        var changes = new ConcurrentQueue<string>();
        var informer = new Informer<Widget>(widgets, WatchScope.InNamespace(ns), s_quick);
        informer.OnChange(c => changes.Enqueue($"{(c.Old is null ? "+" : c.New is null ? "-" : "~")}{c.Latest.Metadata.Name}"));
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);

        for (var round = 1; round <= 2; round++)
        {
            await own.RunAsync("kill-api");
            await Eventually.TrueAsync(() => informer.Trouble is not null, "the outage is visible");
            Assert.Equal(2, informer.Count);
            await own.RunAsync("restart-api");
            await ControlPlane.WidgetsAsync(client);
            kept = await widgets.UpdateAsync((await widgets.ReloadAsync(kept))! with { Spec = new() { Color = $"after {round}" } });
            await Eventually.TrueAsync(() => informer.Get(NamespacedName.Of(kept))!.Spec.Color == $"after {round}" && informer.Trouble is null, () => $"the change of round {round} arrives; {informer.Trouble}");
        }

        await widgets.DeleteAsync(doomed);
        await Eventually.TrueAsync(() => informer.Count == 1, "the delete arrives");
        Assert.Equal(["+doomed", "+kept", "-doomed", "~kept", "~kept"], changes.Order(StringComparer.Ordinal));
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }

    [Fact]
    public async Task A_silent_connection_is_noticed_by_pings_and_the_watch_goes_on()
    {
        using var direct = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(direct);
        var ns = await ControlPlane.NamespaceAsync(direct);
        var config = await plane.ConfigAsync();
        await using var proxy = Through.ProxyOf(config);
        using var client = ControlPlane.Client(Through.Of(config, proxy), o => o with { KeepAlive = TimeSpan.FromSeconds(1), RequestTimeout = TimeSpan.FromSeconds(2) });
        using var stop = new CancellationTokenSource();
        var informer = new Informer<Widget>(client.Resource(Widget.Type), WatchScope.InNamespace(ns), s_quick);
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);

        proxy.Stall();
        await widgets.CreateAsync(Widget.Named(ns, "a"));
        await Eventually.TrueAsync(() => informer.Trouble is not null, "the silence is noticed");
        proxy.Recover();
        await Eventually.TrueAsync(() => informer.Count == 1 && informer.Trouble is null, () => $"the change arrives; {informer.Trouble}");

        proxy.Reset();
        await widgets.CreateAsync(Widget.Named(ns, "b"));
        await Eventually.TrueAsync(() => informer.Count == 2, () => $"the change after the cut arrives; {informer.Trouble}");
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }

    [Fact]
    public async Task Many_watches_share_few_connections()
    {
        using var direct = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(direct);
        var ns = await ControlPlane.NamespaceAsync(direct);
        var config = await plane.ConfigAsync();
        await using var proxy = Through.ProxyOf(config);
        using var client = ControlPlane.Client(Through.Of(config, proxy));
        using var stop = new CancellationTokenSource();
        var informers = Enumerable.Range(0, 120).Select(_ => new Informer<Widget>(client.Resource(Widget.Type), WatchScope.InNamespace(ns), s_quick)).ToList();
        var running = informers.Select(i => i.RunAsync(stop.Token)).ToList();
        await Task.WhenAll(informers.Select(i => i.WaitForSyncAsync())).WaitAsync(Eventually.Limit);

        await widgets.CreateAsync(Widget.Named(ns, "a"));
        await Eventually.TrueAsync(() => informers.All(i => i.Count == 1), () => $"every watch tells; {informers.Count(i => i.Count == 1)} do");

        // HTTP/2: at least 100 streams to a connection, plus what the burst of lists opened at the start.
        Assert.InRange(proxy.Accepted, 1, 12);
        await stop.CancelAsync();
        await Task.WhenAll(running).WaitAsync(Eventually.Limit);
    }

    [Fact]
    public async Task An_informer_of_one_object_sees_that_object_only()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        using var stop = new CancellationTokenSource();
        var informer = new Informer<Widget>(widgets, WatchScope.Named(ns, "mine"), s_quick);
        var running = informer.RunAsync(stop.Token);
        await widgets.CreateAsync(Widget.Named(ns, "other"));
        var mine = await widgets.CreateAsync(Widget.Named(ns, "mine"));
        await Eventually.TrueAsync(() => informer.Count == 1, "the object arrives");
        await widgets.DeleteAsync(mine);
        mine = await widgets.CreateAsync(Widget.Named(ns, "mine", "blue"));
        await Eventually.TrueAsync(() => informer.Get(NamespacedName.Of(mine))?.Metadata.Uid == mine.Metadata.Uid, "the successor arrives");
        Assert.Equal(1, informer.Count);
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }
}
