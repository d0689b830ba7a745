using System.Text.Json.Nodes;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;
using Kilonova.Kubernetes.Watch;

namespace Kilonova.Kubernetes.Tests.RealServer;

/// <summary>Lists and watches of a real API server.</summary>
public sealed class WatchTests(ControlPlane plane)
{
    [Fact]
    public async Task A_list_is_read_in_pages_and_complete()
    {
        using var client = await plane.ClientAsync(o => o with { PageSize = 7 });
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => widgets.CreateAsync(Widget.Named(ns, $"w{i}", i % 2 == 0 ? "red" : "blue"))));

        var list = await widgets.ListAsync(WatchScope.InNamespace(ns));
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"w{i}").Order(StringComparer.Ordinal), list.Items.Select(w => w.Metadata.Name!).Order(StringComparer.Ordinal));
        Assert.All(list.Items, w => Assert.Null(w.Metadata.Extensions));
        Assert.Equal(15, (await widgets.ListAsync(WatchScope.InNamespace(ns), new() { FieldSelector = "spec.color=blue" })).Items.Count);
        Assert.Equal("w3", Assert.Single((await widgets.ListAsync(WatchScope.Named(ns, "w3"))).Items).Metadata.Name);
        Assert.Equal(30, (await widgets.ListAsync(WatchScope.InNamespace(ns), new() { Consistency = ReadConsistency.Cached })).Items.Count);
        Assert.Empty((await widgets.ListAsync(WatchScope.InNamespace(ns), new() { LabelSelector = "a=b" })).Items);
    }

    [Fact]
    public async Task A_watch_tells_what_happened_since_the_list()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        var start = (await widgets.ListAsync(WatchScope.InNamespace(ns))).ResourceVersion;
        var widget = await widgets.CreateAsync(Widget.Named(ns, "a"));
        await using var watch = await widgets.WatchAsync(WatchScope.InNamespace(ns), start, new() { Timeout = TimeSpan.FromSeconds(30) });
        widget = await widgets.UpdateAsync(widget with { Spec = new() { Color = new string('ä', 40_000) } });
        await widgets.DeleteAsync(widget);

        var seen = new List<WatchEvent<Widget>>();
        await foreach (var happened in watch)
        {
            if (happened.Type != WatchEventType.Bookmark)
                seen.Add(happened);
            if (happened.Type == WatchEventType.Deleted)
                break;
        }

        Assert.Equal([WatchEventType.Added, WatchEventType.Modified, WatchEventType.Deleted], seen.Select(e => e.Type));
        Assert.Equal(40_000, seen[1].Object!.Spec.Color.Length);
        Assert.Equal(widget.Metadata.ResourceVersion, seen[1].ResourceVersion);
        Assert.True(ResourceVersions.Compare(seen[2].ResourceVersion, seen[1].ResourceVersion) > 0);
    }

    [Fact]
    public async Task Bookmarks_move_the_version_on_where_nothing_happens()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        var elsewhere = await ControlPlane.NamespaceAsync(client);
        var start = (await widgets.ListAsync(WatchScope.InNamespace(ns))).ResourceVersion;
        var bookmark = default(string);

        // The server sends one about two seconds before it ends a watch, when it can.
        await Eventually.TrueAsync(
            async () =>
            {
                await widgets.CreateAsync(Widget.Named(elsewhere, $"w{Guid.NewGuid():N}"));
                await using var watch = await widgets.WatchAsync(WatchScope.InNamespace(ns), start, new() { Timeout = TimeSpan.FromSeconds(5) });
                await foreach (var happened in watch)
                {
                    Assert.Equal(WatchEventType.Bookmark, happened.Type);
                    bookmark = happened.ResourceVersion;
                }

                return bookmark is not null;
            },
            "a bookmark comes");

        Assert.True(ResourceVersions.Compare(bookmark, start) >= 0, $"{bookmark} after {start}");
    }

    [Fact]
    public async Task A_watch_from_a_forgotten_version_is_expired()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);

        var error = await Assert.ThrowsAsync<KubernetesException>(async () =>
        {
            await using var watch = await widgets.WatchAsync(WatchScope.AllNamespaces, "1", new() { Timeout = TimeSpan.FromSeconds(5) });
            await foreach (var happened in watch)
                Assert.Fail($"{happened}");
        });

        Assert.True(error.IsExpired, error.ToString());
    }

    [Fact]
    public async Task An_object_that_the_record_cannot_hold_is_told_as_undecodable()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        var widget = await widgets.CreateAsync(Widget.Named(ns, "a"));
        var start = (await widgets.ListAsync(WatchScope.InNamespace(ns))).ResourceVersion;
        // The server's schema does not require what the record does.
        await Assert.ThrowsAsync<KubernetesDecodeException>(() => widgets.PatchMergeAsync(NamespacedName.Of(widget), new JsonObject { ["spec"] = new JsonObject { ["color"] = null } }, Guard.None));

        var list = await widgets.ListAsync(WatchScope.InNamespace(ns));
        Assert.Empty(list.Items);
        Assert.Equal(NamespacedName.Of(widget), Assert.Single(list.Failures).Key);
        Assert.Equal(widget.Metadata.Uid, list.Failures[0].Uid);
        await using var watch = await widgets.WatchAsync(WatchScope.InNamespace(ns), start);
        await foreach (var happened in watch)
        {
            Assert.Equal(WatchEventType.Undecodable, happened.Type);
            Assert.Equal(NamespacedName.Of(widget), happened.Failure!.Key);
            break;
        }

        await Assert.ThrowsAsync<KubernetesDecodeException>(() => widgets.GetAsync(NamespacedName.Of(widget)));
    }
}
