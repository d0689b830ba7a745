using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Kilonova.Kubernetes.Tests.Cache;

/// <summary>Runs alone: it measures the process' memory.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class ReconnectTests
{
    [Fact]
    public async Task Reconnecting_leaves_nothing_behind()
    {
        var watches = 0;
        await using var server = await ScriptedServer.StartAsync(async context =>
        {
            if (!context.Request.Query.ContainsKey("watch"))
            {
                await ScriptedServer.JsonAsync(context, """{"kind":"WidgetList","metadata":{"resourceVersion":"10"},"items":[]}""");
                return;
            }

            var version = 10 + Interlocked.Increment(ref watches);
            await context.Response.WriteAsync($$$"""{"type":"MODIFIED","object":{"metadata":{"namespace":"ns","name":"a","uid":"u","resourceVersion":"{{{version}}}"},"spec":{"color":"red"} } }""" + "\n");
        });
        server.Forgets = true;
        using var client = server.Client();
        using var stop = new CancellationTokenSource();
        var informer = new Informer<Widget>(client.Resource(Widget.Type), WatchScope.InNamespace("ns"), new() { StreamLists = false, MinBackoff = TimeSpan.FromMicroseconds(10), MaxBackoff = TimeSpan.FromMicroseconds(10) });
        var running = informer.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => Volatile.Read(ref watches) > 500, "500 reconnects");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Eventually.TrueAsync(() => Volatile.Read(ref watches) > 2500, "2000 further reconnects");
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;

        // A quarter of a KiB each would be a leak; the test runner itself moves by that much in sum.
        Assert.True(grown < 512 * 1024, $"{grown} bytes more after 2000 reconnects");
        Assert.Equal(1, informer.Count);
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }
}
