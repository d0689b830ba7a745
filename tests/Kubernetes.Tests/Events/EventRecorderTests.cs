using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.Events;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Events;

public sealed class EventRecorderTests(ControlPlane plane)
{
    private static readonly EventRecorderOptions s_options = new() { Controller = "kilonova.dev/tests", Instance = "one", SeriesUpdateInterval = TimeSpan.FromMilliseconds(100) };

    [Fact]
    public async Task A_repeated_event_is_one_object_with_a_count()
    {
        using var client = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(client);
        var widgets = await ControlPlane.WidgetsAsync(client);
        var regarding = ObjectReference.To(Widget.Type, await widgets.CreateAsync(Widget.Named(ns, "a")));
        var events = client.Resource(CoreResources.Events);
        var recorder = new EventRecorder(client, s_options);
        using var stop = new CancellationTokenSource();
        var running = recorder.RunAsync(stop.Token);

        recorder.Record(regarding, EventType.Warning, "PaintMissing", "Paint", "no red paint");
        await Eventually.TrueAsync(async () => (await events.ListAsync(WatchScope.InNamespace(ns))).Items.Count == 1, "the event is there");
        for (var i = 2; i <= 5; i++)
            recorder.Record(regarding, EventType.Warning, "PaintMissing", "Paint", $"no red paint, try {i}");
        recorder.Record(regarding, EventType.Normal, "Painted", "Paint", new string('ä', 2000));
        await Eventually.TrueAsync(async () => (await events.ListAsync(WatchScope.InNamespace(ns))).Items.Any(e => e.Series?.Count == 5), "the series has five");

        var all = (await events.ListAsync(WatchScope.InNamespace(ns))).Items;
        Assert.Equal(2, all.Count);
        var series = all.Single(e => e.Reason == "PaintMissing");
        Assert.Equal("no red paint, try 5", series.Note);
        Assert.Equal(("Warning", "Paint", "kilonova.dev/tests", "one"), (series.Type, series.Action, series.ReportingController, series.ReportingInstance));
        Assert.Equal(("Widget", "a", regarding.Uid), (series.Regarding!.Kind, series.Regarding.Name, series.Regarding.Uid));
        Assert.Equal(512, all.Single(e => e.Reason == "Painted").Note!.Length);

        // What expired meanwhile begins anew.
        await events.DeleteAsync(series);
        recorder.Record(regarding, EventType.Warning, "PaintMissing", "Paint", "still none");
        await Eventually.TrueAsync(async () => (await events.ListAsync(WatchScope.InNamespace(ns))).Items.Any(e => e.Note == "still none"), "the series goes on");
        Assert.Equal(0, recorder.Dropped);
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }

    [Fact]
    public async Task What_is_waiting_when_stopped_is_sent_and_too_much_about_one_object_is_dropped()
    {
        using var client = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(client);
        var recorder = new EventRecorder(client, s_options with { BurstPerObject = 5 });
        var chatty = new ObjectReference { ApiVersion = "v1", Kind = "Namespace", Namespace = ns, Name = "chatty" };
        for (var i = 0; i < 8; i++)
            recorder.Record(chatty, EventType.Normal, $"Reason{i}", "Do", "something");
        recorder.Record(chatty with { Name = "quiet" }, EventType.Normal, "Reason", "Do", "something");
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();
        await recorder.RunAsync(stopped.Token, Eventually.Limit).WaitAsync(Eventually.Limit);

        Assert.Equal(6, (await client.Resource(CoreResources.Events).ListAsync(WatchScope.InNamespace(ns))).Items.Count);
        Assert.Equal(3, recorder.Dropped);
    }

    [Fact]
    public async Task Recording_never_waits_and_losses_are_counted()
    {
        await using var server = await ScriptedServer.StartAsync(c => ScriptedServer.StatusAsync(c, 403, "Forbidden", "no events for you"));
        using var client = server.Client();
        var recorder = new EventRecorder(client, s_options with { Capacity = 3 });
        for (var i = 0; i < 10; i++)
            recorder.Record(new ObjectReference { Kind = "Widget", Namespace = "ns", Name = $"w{i}" }, EventType.Normal, "Reason", "Do", "something");
        Assert.Equal(7, recorder.Dropped);

        using var stop = new CancellationTokenSource();
        var running = recorder.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => recorder.Dropped == 10, () => $"all are counted; {recorder.Dropped}");
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }
}
