using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.RealServer;

/// <summary>Kinds that come and go, metadata alone, fields that are given up: asked of a real API server.</summary>
public sealed class KindTests(ControlPlane plane)
{
    private static readonly InformerOptions<Gadget> s_quick = new() { MinBackoff = TimeSpan.FromMilliseconds(20), MaxBackoff = TimeSpan.FromMilliseconds(200) };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_kind_that_is_missing_is_trouble_and_one_that_goes_takes_its_objects_along(bool streams)
    {
        using var client = await plane.ClientAsync();
        var crds = client.Resource(CoreResources.CustomResourceDefinitions);
        var type = ResourceType.Of(GadgetJson.Default.Gadget);
        var crd = JsonSerializer.Deserialize(Widget.Definition.Replace("widget", "gadget", StringComparison.Ordinal).Replace("Widget", "Gadget", StringComparison.Ordinal), CoreJson.Default.CustomResourceDefinition)!;
        if (await crds.GetAsync(NamespacedName.Of(crd)) is { } left)
            await crds.DeleteAsync(left);
        var gadgets = client.Resource(type);
        var ns = await ControlPlane.NamespaceAsync(client);
        var changes = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();
        var informer = new Informer<Gadget>(gadgets, WatchScope.InNamespace(ns), s_quick with { StreamLists = streams });
        informer.OnChange(c => changes.Enqueue($"{(c.New is null ? "-" : "+")}{c.Latest.Metadata.Name}"));
        var running = informer.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => informer.Trouble?.Contains("404", StringComparison.Ordinal) == true, () => $"the missing kind is visible; {informer.Trouble}");
        Assert.False(informer.HasSynced);

        for (var round = 1; round <= 2; round++)
        {
            var installed = await crds.ApplyAsync(crd, ApplyTarget.CreateOrUpdate, force: true);
            await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);
            await Eventually.TrueAsync(
                async () =>
                {
                    try
                    {
                        await gadgets.CreateAsync(new Gadget { Metadata = new() { Namespace = ns, Name = $"g{round}" }, Spec = new() { Color = "red" } });
                        return true;
                    }
                    catch (KubernetesException e) when (e.IsNotFound || e.IsTransient)
                    {
                        return false;
                    }
                },
                "the kind is served");
            await Eventually.TrueAsync(() => informer.Count == 1, () => $"the object arrives; {informer.Trouble}");
            await crds.DeleteAsync(installed);
            await Eventually.TrueAsync(() => informer.Count == 0 && informer.Trouble is not null, () => $"the objects go with their kind; {informer.Count} {informer.Trouble}");
            await Eventually.TrueAsync(async () => await crds.GetAsync(NamespacedName.Of(crd)) is null, "the kind is gone");
        }

        Assert.Equal(["+g1", "-g1", "+g2", "-g2"], changes);
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }

    [Fact]
    public async Task A_namespace_that_goes_takes_its_objects_along()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        await widgets.CreateAsync(Widget.Named(ns, "a"));
        using var stop = new CancellationTokenSource();
        var informer = new Informer<Widget>(widgets, WatchScope.InNamespace(ns));
        var running = informer.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => informer.Count == 1, "the object arrives");
        var namespaces = client.Resource(CoreResources.Namespaces);
        await namespaces.DeleteAsync((await namespaces.GetAsync(new(ns)))!);
        await Eventually.TrueAsync(() => informer.Count == 0, "the object goes");
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }

    [Fact]
    public async Task Metadata_alone_is_listed_watched_patched_and_deleted()
    {
        using var client = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(client);
        var secrets = client.Resource(CoreResources.Secrets);
        await secrets.CreateAsync(new Secret { Metadata = new() { Namespace = ns, Name = "s" }, Data = new Dictionary<string, byte[]> { ["k"] = "hidden"u8.ToArray() } });
        var metadata = client.Resource(ResourceType.MetadataOf(CoreResources.Secrets));

        var listed = Assert.Single((await metadata.ListAsync(WatchScope.InNamespace(ns))).Items);
        Assert.Equal(("s", "Secret", "v1"), (listed.Metadata.Name, listed.Kind, listed.ApiVersion));
        Assert.Null(listed.Extensions);
        Assert.Null((await metadata.GetAsync(new(ns, "s")))!.Extensions);
        using var stop = new CancellationTokenSource();
        foreach (var streams in (bool[])[true, false])
        {
            using var stopOne = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            var informer = new Informer<ObjectMetadata>(metadata, WatchScope.InNamespace(ns), new() { StreamLists = streams });
            var running = informer.RunAsync(stopOne.Token);
            await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);
            var patched = await metadata.PatchMergeAsync(new(ns, "s"), new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["round"] = $"{streams}" } } }, Guard.Identity(listed));
            Assert.Null(patched.Extensions);
            await Eventually.TrueAsync(() => informer.List() is [{ Extensions: null } only] && only.Metadata.Labels?["round"] == $"{streams}", "the change arrives");
            await stopOne.CancelAsync();
            await running.WaitAsync(Eventually.Limit);
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => metadata.UpdateAsync(listed));
        await Assert.ThrowsAsync<InvalidOperationException>(() => metadata.CreateAsync(new ObjectMetadata { Metadata = new() { Namespace = ns, Name = "t" } }));
        await Assert.ThrowsAsync<InvalidOperationException>(() => metadata.ApplyStatusAsync(listed, Guard.None));
        Assert.Equal("hidden", (await secrets.GetAsync(new(ns, "s")))!.Text("k"));
        Assert.Equal(DeleteOutcome.Gone, await metadata.DeleteAsync(listed));
    }

    [Fact]
    public async Task A_field_that_is_left_out_of_an_apply_is_given_up()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        var fields = Widget.Named(ns, "a") with { Spec = new() { Color = "red", Parts = ["x"] } };
        Assert.NotNull((await widgets.ApplyAsync(fields, ApplyTarget.CreateOrUpdate, "one")).Spec.Parts);
        Assert.Null((await widgets.ApplyAsync(fields with { Spec = new() { Color = "red" } }, ApplyTarget.CreateOrUpdate, "one")).Spec.Parts);
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.ApplyAsync(fields, ApplyTarget.CreateOrUpdate, new string('m', 129)));
    }

    [Fact]
    public async Task An_audit_tells_what_the_cache_missed_and_nothing_else()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        await widgets.CreateAsync(Widget.Named(ns, "a"));
        using var stop = new CancellationTokenSource();
        var informer = new Informer<Widget>(widgets, WatchScope.InNamespace(ns));
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);
        Assert.Empty(await informer.AuditAsync(TimeSpan.FromSeconds(30)));

        // A cache that follows no more.
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
        await widgets.CreateAsync(Widget.Named(ns, "b"));
        await widgets.DeleteAsync((await widgets.GetAsync(new(ns, "a")))!);
        var missed = await informer.AuditAsync(TimeSpan.FromMilliseconds(300));
        Assert.Equal([new(ns, "a"), new(ns, "b")], missed.Select(d => d.Key).OrderBy(k => k.Name, StringComparer.Ordinal));
        Assert.Null(missed.Single(d => d.Key.Name == "b").Cached);
        Assert.Null(missed.Single(d => d.Key.Name == "a").Listed);
    }
}

[Kind("test.kilonova.dev", "v1", "Gadget", "gadgets")]
internal sealed record Gadget : KubernetesObject<WidgetSpec, WidgetStatus>;

[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
[System.Text.Json.Serialization.JsonSerializable(typeof(Gadget))]
internal sealed partial class GadgetJson : System.Text.Json.Serialization.JsonSerializerContext;
