using System.Text;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;
using Kilonova.Kubernetes.Watch;
using Microsoft.AspNetCore.Http;

namespace Kilonova.Kubernetes.Tests.Watch;

/// <summary>One watch and the bytes it is made of.</summary>
public sealed class WatcherTests
{
    private static string Event(string color, int version, string type = "ADDED") =>
        $$$"""{"type":"{{{type}}}","object":{"metadata":{"namespace":"ns","name":"a","uid":"u","resourceVersion":"{{{version}}}"},"spec":{"color":"{{{color}}}"} } }""" + "\n";

    private static async Task<List<string>> ReadAsync(Func<HttpContext, Task> send, Func<KubernetesClientOptions, KubernetesClientOptions>? change = null)
    {
        await using var server = await ScriptedServer.StartAsync(send);
        using var client = server.Client(change);
        await using var watch = await client.Resource(Widget.Type).WatchAsync(WatchScope.InNamespace("ns"), "1");
        var seen = new List<string>();
        await foreach (var happened in watch)
            seen.Add($"{happened.ResourceVersion} {happened.Object?.Spec.Color}");
        return seen;
    }

    [Fact]
    public async Task Lines_may_be_split_anywhere_and_several_may_come_at_once()
    {
        var text = Encoding.UTF8.GetBytes(Event("grün €", 2) + Event("𝄞", 3) + "\n" + Event("x", 4) + Event("half", 5)[..60]);
        for (var size = 1; size < 40; size += size < 4 ? 1 : 12)
        {
            var seen = await ReadAsync(async c =>
            {
                foreach (var piece in text.Chunk(size))
                {
                    await c.Response.Body.WriteAsync(piece);
                    await c.Response.Body.FlushAsync();
                }
            });
            // Half a line at the end is no event.
            Assert.Equal(["2 grün €", "3 𝄞", "4 x"], seen);
        }

        Assert.Equal(["2 grün €", "3 𝄞", "4 x"], await ReadAsync(c => c.Response.Body.WriteAsync(text).AsTask()));
    }

    [Fact]
    public async Task A_line_may_be_long_and_too_long_is_an_error()
    {
        var color = new string('ä', 1_500_000);
        Assert.Equal([$"2 {color}"], await ReadAsync(c => c.Response.WriteAsync(Event(color, 2))));
        await Assert.ThrowsAsync<KubernetesDecodeException>(() => ReadAsync(c => c.Response.WriteAsync(Event(color, 2)), o => o with { MaxObjectBytes = 1024 * 1024 }));
    }

    [Fact]
    public async Task It_is_open_at_the_headers_and_unknown_things_tell_nothing()
    {
        var go = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            await c.Response.Body.FlushAsync();
            await go.Task;
            await c.Response.WriteAsync("""{"type":"RUMOUR","extra":[1,{"a":2}],"object":{"metadata":{"resourceVersion":"99"}}}""" + "\n" + """{"new":true,"object":{"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"3","later":{}},"spec":{"color":"red","later":1},"status":null},"type":"MODIFIED"}""" + "\n");
        });
        using var client = server.Client();
        await using var watch = await client.Resource(Widget.Type).WatchAsync(WatchScope.InNamespace("ns"), "1").WaitAsync(Eventually.Limit);
        go.SetResult();
        var seen = new List<WatchEvent<Widget>>();
        await foreach (var happened in watch)
            seen.Add(happened);
        Assert.Equal([(WatchEventType.Bookmark, null), (WatchEventType.Modified, "3")], seen.Select(e => (e.Type, e.ResourceVersion)));
        Assert.Equal("1", seen[1].Object!.Spec.Extensions!["later"].ToString());
    }
}
