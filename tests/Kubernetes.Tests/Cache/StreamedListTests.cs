using System.Diagnostics;
using System.Text;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;
using Kilonova.Kubernetes.Watch;
using Microsoft.AspNetCore.Http;

namespace Kilonova.Kubernetes.Tests.Cache;

/// <summary>Lists that come as the beginning of a watch, and servers that do not do that.</summary>
public sealed class StreamedListTests(ControlPlane plane)
{
    private static readonly InformerOptions<Widget> s_options = new() { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(20) };

    private static string Event(string type, string name, int version) =>
        $$$"""{"type":"{{{type}}}","object":{"metadata":{"namespace":"ns","name":"{{{name}}}","uid":"u-{{{name}}}","resourceVersion":"{{{version}}}"},"spec":{"color":"red"} } }""" + "\n";

    private static string Bookmark(int version, bool ends) =>
        $$$"""{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"{{{version}}}"{{{(ends ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "")}}} } } }""" + "\n";

    private static async Task SendAsync(HttpContext context, params string[] lines)
    {
        foreach (var line in lines)
            await context.Response.WriteAsync(line);
        await context.Response.Body.FlushAsync();
    }

    private static Task HangAsync(HttpContext context) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    [Fact]
    public async Task It_is_whole_only_when_the_server_says_so()
    {
        var end = new TaskCompletionSource();
        var first = true;
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            if (first)
            {
                first = false;
                await SendAsync(c, Event("ADDED", "x", 5));
                return; // ended before its end: what came counts for nothing
            }

            await SendAsync(c, Event("ADDED", "a", 3), Event("ADDED", "b", 4), Bookmark(9, ends: false), Event("DELETED", "b", 10));
            await end.Task;
            await SendAsync(c, Bookmark(11, ends: true), Event("MODIFIED", "a", 12));
            await HangAsync(c);
        });
        using var client = server.Client();
        using var stop = new CancellationTokenSource();
        var informer = new Informer<Widget>(client.Resource(Widget.Type), WatchScope.InNamespace("ns"), s_options);
        var told = new List<string>();
        informer.OnChange(c => told.Add($"{c.Latest.Metadata.Name}@{c.Latest.Metadata.ResourceVersion}"));
        var running = informer.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => server.Requests.Count == 2, "the second try");
        Assert.False(informer.HasSynced);
        Assert.Equal(0, informer.Count);
        end.SetResult();
        await Eventually.TrueAsync(() => informer.ResourceVersion == "12", "the watch goes on behind the list");
        Assert.Equal(["a@3", "a@12"], told);
        Assert.All(server.Requests, r => Assert.Contains("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", r, StringComparison.Ordinal));
        Assert.All(server.Requests, r => Assert.DoesNotContain("&resourceVersion=", r, StringComparison.Ordinal));
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }

    [Theory]
    [InlineData(400, "BadRequest")]
    [InlineData(422, "Invalid")]
    [InlineData(0, "silence")]
    public async Task A_server_that_cannot_is_asked_for_pages_by_all_for_an_hour(int code, string reason)
    {
        var time = new ManualTime();
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            if (!c.Request.Query.ContainsKey("watch"))
                await ScriptedServer.JsonAsync(c, """{"kind":"WidgetList","metadata":{"resourceVersion":"10"},"items":[]}""");
            else if (c.Request.Query.ContainsKey("sendInitialEvents") && code != 0)
                await ScriptedServer.StatusAsync(c, code, reason, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
            else if (c.Request.Query.ContainsKey("sendInitialEvents"))
                await SendAsync(c, Event("ADDED", "a", 3)).ContinueWith(_ => HangAsync(c), TaskScheduler.Default).Unwrap();
            else
                await HangAsync(c);
        });
        using var client = server.Client(o => o with { Time = code == 0 ? TimeProvider.System : time });
        await SyncAsync();
        await SyncAsync();
        Assert.Equal(1, server.Requests.Count(r => r.Contains("sendInitialEvents", StringComparison.Ordinal)));
        if (code != 0)
        {
            time.Advance(ServerFeatures.Belief);
            await SyncAsync();
            Assert.Equal(2, server.Requests.Count(r => r.Contains("sendInitialEvents", StringComparison.Ordinal)));
        }

        async Task SyncAsync()
        {
            using var stop = new CancellationTokenSource();
            var informer = new Informer<Widget>(client.Resource(Widget.Type), WatchScope.InNamespace("ns"), s_options with { IdleTimeout = TimeSpan.FromMilliseconds(300) });
            var running = informer.RunAsync(stop.Token);
            await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);
            Assert.Equal(0, informer.Count);
            await stop.CancelAsync();
            await running.WaitAsync(Eventually.Limit);
        }
    }

    [Fact]
    public async Task A_real_server_streams_the_same_list_and_goes_on_from_there()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => widgets.CreateAsync(Widget.Named(ns, $"w{i}", i % 2 == 0 ? "red" : "blue"))));
        using var stop = new CancellationTokenSource();
        var watch = Stopwatch.StartNew();
        var informer = new Informer<Widget>(widgets, WatchScope.InNamespace(ns), new() { FieldSelector = "spec.color=blue" });
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);
        TestContext.Current.TestOutputHelper?.WriteLine($"streamed in {watch.ElapsedMilliseconds} ms");
        Assert.Equal(25, informer.Count);
        Assert.True(client.Resource(Widget.Type).Features.MayStreamLists);
        Assert.Empty(await informer.AuditAsync(TimeSpan.FromSeconds(5)));

        await widgets.CreateAsync(Widget.Named(ns, "new", "blue"));
        await Eventually.TrueAsync(() => informer.Count == 26, "the watch goes on");
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }
}
