using System.Collections.Concurrent;
using Kilonova.Crds.Meta;
using Kilonova.Faults;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Faults;

/// <summary>An informer and a writer behind the proxy, through each fault and all of them: in the end cache, handlers and server agree.</summary>
public sealed class ConvergenceTests(ControlPlane plane)
{
    private static readonly Dictionary<string, FaultRule[]> s_faults = new()
    {
        ["latency"] = [new() { Fault = FaultKind.Latency, Delay = TimeSpan.FromMilliseconds(20), Percent = 50 }],
        ["watch cut"] = [Watch(FaultKind.Cut)],
        ["watch truncated"] = [Watch(FaultKind.Truncate)],
        ["watch aborted"] = [Watch(FaultKind.Abort)],
        ["watch reset"] = [Watch(FaultKind.Reset)],
        ["watch silent"] = [Watch(FaultKind.Silence)],
        ["watch expired"] = [Watch(FaultKind.Error)],
        ["watch expired, list stale"] = [Watch(FaultKind.Error), new() { Fault = FaultKind.Stale, Verbs = ["list"], Percent = 50 }],
        ["watch refused"] = [.. ((int[])[410, 429, 500, 503, 504]).Select(code => new FaultRule { Fault = FaultKind.Error, Code = code, Verbs = ["watch"], Percent = 20 })],
        ["list refused"] = [Watch(FaultKind.Error), .. ((int[])[410, 429, 500, 503, 504]).Select(code => new FaultRule { Fault = FaultKind.Error, Code = code, Verbs = ["list"], Percent = 15 })],
        ["list truncated"] = [Watch(FaultKind.Error), new() { Fault = FaultKind.Truncate, Verbs = ["list"], Percent = 50 }],
        ["writes conflict or are lost"] = [.. ((bool[])[false, true]).SelectMany(after => (FaultRule[])[
            new() { Fault = FaultKind.Error, Code = 409, Verbs = ["update", "create", "delete"], Percent = 10, AfterProcessing = after },
            new() { Fault = FaultKind.Error, Code = 429, RetryAfter = 0, Verbs = ["update", "create", "delete"], Percent = 10 },
            new() { Fault = FaultKind.Abort, Verbs = ["update", "create", "delete"], Percent = 10, AfterProcessing = after }])],
        ["going away"] = [new() { Fault = FaultKind.GoAway, Percent = 30 }],
        ["everything"] = [
            new() { Fault = FaultKind.Latency, Delay = TimeSpan.FromMilliseconds(20), Percent = 30 },
            new() { Fault = FaultKind.GoAway, Percent = 5 },
            new() { Fault = FaultKind.Reset, Percent = 3 },
            new() { Fault = FaultKind.Abort, Percent = 3, AfterProcessing = true },
            new() { Fault = FaultKind.Error, Code = 500, Percent = 3 },
            new() { Fault = FaultKind.Error, Code = 429, RetryAfter = 0, Percent = 3 },
            new() { Fault = FaultKind.Stale, Verbs = ["list"], Percent = 20 },
            .. ((FaultKind[])[FaultKind.Cut, FaultKind.Truncate, FaultKind.Abort, FaultKind.Silence, FaultKind.Error]).Select(f => Watch(f) with { Percent = 25 })],
    };

    /// <summary>Each with lists in pages; those that can hit a streamed list in their own ways with that too.</summary>
    public static TheoryData<string, bool> Faults
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var name in s_faults.Keys)
                data.Add(name, false);
            foreach (var name in (string[])["watch truncated", "watch reset", "watch silent", "watch expired", "everything"])
                data.Add(name, true);
            return data;
        }
    }

    private static FaultRule Watch(FaultKind fault) => new() { Name = $"watch {fault}", Fault = fault, Verbs = ["watch"], AfterLines = 3, AfterTime = TimeSpan.FromMilliseconds(500), Percent = 80 };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Cache_and_server_agree_after(string faults, bool streamed)
    {
        const int seed = 42;
        using var direct = await plane.ClientAsync();
        await ControlPlane.WidgetsAsync(direct);
        var ns = await ControlPlane.NamespaceAsync(direct);
        await using var proxy = await ApiProxy.StartAsync(await plane.ConfigAsync(), seed: seed);
        using var client = ControlPlane.Client(proxy.Config, o => o with { RetryDelay = TimeSpan.FromMilliseconds(5), MaxRetryDelay = TimeSpan.FromMilliseconds(100), RequestTimeout = TimeSpan.FromSeconds(5), PageSize = 4 });
        var widgets = client.Resource(Widget.Type);
        var mirror = new ConcurrentDictionary<NamespacedName, Widget>();
        var informer = new Informer<Widget>(widgets, WatchScope.InNamespace(ns), new() { StreamLists = streamed, MinBackoff = TimeSpan.FromMilliseconds(5), MaxBackoff = TimeSpan.FromMilliseconds(100), IdleTimeout = TimeSpan.FromSeconds(1), WatchTimeout = TimeSpan.FromSeconds(5) });
        informer.OnChange(change =>
        {
            if (change.New is { } now)
                mirror[NamespacedName.Of(now)] = now;
            else
                mirror.TryRemove(NamespacedName.Of(change.Old!), out _);
        });
        using var stop = new CancellationTokenSource();
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);

        proxy.Plan.Set(s_faults[faults]);
        var random = new Random(seed);
        for (var i = 0; i < 80; i++)
        {
            try
            {
                await WriteAsync(widgets, ns, $"w{random.Next(12)}", i);
            }
            catch (Exception e) when (e is KubernetesException or KubernetesConnectionException)
            {
                // That is what the faults are for; what the server has counts.
            }
        }

        await Eventually.TrueAsync(() => proxy.Plan.Injected.Values.Sum() >= 3, "faults are injected");
        proxy.Plan.Set();
        await Eventually.TrueAsync(async () => (await informer.AuditAsync(TimeSpan.Zero)).Count == 0 && informer.Trouble is null, () => $"seed {seed}: cache and server agree; {informer.Trouble}");
        var listed = (await direct.Resource(Widget.Type).ListAsync(WatchScope.InNamespace(ns))).Items;
        Assert.Equal(listed.Select(Text).Order(StringComparer.Ordinal), mirror.Values.Select(Text).Order(StringComparer.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine($"injected: {string.Join(", ", proxy.Plan.Injected.Select(i => $"{i.Key} {i.Value}"))}");
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);

        static string Text(Widget w) => $"{w.Metadata.Name} {w.Metadata.Uid} {w.Metadata.ResourceVersion} {w.Spec.Color}";
    }

    /// <summary>Creates, changes or deletes the widget of that name, whichever comes next for it.</summary>
    private static async Task WriteAsync(Resource<Widget> widgets, string ns, string name, int round)
    {
        var widget = await widgets.GetAsync(new(ns, name));
        if (widget is null)
            await widgets.CreateAsync(Widget.Named(ns, name, $"round {round}"));
        else if (round % 3 == 0)
            await widgets.DeleteAsync(widget);
        else
            await widgets.UpdateAsync(widget with { Spec = new() { Color = $"round {round}" } });
    }
}
