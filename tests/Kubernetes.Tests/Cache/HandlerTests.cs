using System.Collections.Concurrent;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;
using Kilonova.Kubernetes.Watch;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Kubernetes.Tests.Cache;

/// <summary>What handlers are told, also when they fail or are slow.</summary>
public sealed class HandlerTests
{
    private static readonly NamespacedName s_key = new("ns", "a");
    private readonly ManualTime _time = new();

    private static Widget Version(int version, string uid = "u", string name = "a") =>
        Widget.Named("ns", name) with { Metadata = new() { Namespace = "ns", Name = name, Uid = uid, ResourceVersion = $"{version}" } };

    private static string Text(Change<Widget> c) => $"{c.Old?.Metadata.ResourceVersion}>{c.New?.Metadata.ResourceVersion}";

    [Fact]
    public void A_change_on_which_a_handler_fails_is_owed_to_it_and_told_again()
    {
        var handlers = new Handlers<Widget>("widgets", _time, NullLogger.Instance);
        var works = false;
        var told = new List<string>();
        var others = new List<string>();
        handlers.Add(c =>
        {
            if (!works)
                throw new InvalidOperationException("not yet");
            told.Add(Text(c));
        });
        handlers.Add(c => others.Add(Text(c)));

        handlers.Tell(s_key, new(null, Version(1)));
        Assert.Contains("not yet", handlers.Trouble, StringComparison.Ordinal);
        handlers.Tell(s_key, new(Version(1), Version(2)));
        handlers.Tell(s_key, new(Version(2), null));
        handlers.Tell(s_key, new(null, Version(4, "other")));
        handlers.Tell(s_key, new(Version(4, "other"), Version(5, "other")));
        Assert.Equal([">1", "1>2", "2>", ">4", "4>5"], others);

        Assert.Equal(TimeSpan.FromSeconds(1), handlers.NextTry);
        _time.Advance(TimeSpan.FromSeconds(1));
        handlers.TellOwed();
        Assert.Equal(TimeSpan.FromSeconds(2), handlers.NextTry);
        works = true;
        _time.Advance(TimeSpan.FromSeconds(2));
        handlers.TellOwed();

        // What came and went unseen is not told; the rest is one change from first to last.
        Assert.Equal([">5"], told);
        Assert.Equal((null, null), (handlers.NextTry, handlers.Trouble));
        handlers.Tell(s_key, new(Version(5, "other"), Version(6, "other")));
        Assert.Equal([">5", "5>6"], told);
    }

    [Fact]
    public void A_delete_is_owed_as_what_was_told_before()
    {
        var handlers = new Handlers<Widget>("widgets", _time, NullLogger.Instance);
        var works = true;
        var told = new List<string>();
        handlers.Add(c =>
        {
            if (!works)
                throw new InvalidOperationException("not now");
            told.Add(Text(c));
        });
        handlers.Tell(s_key, new(null, Version(1)));
        works = false;
        handlers.Tell(s_key, new(Version(1), Version(2)));
        handlers.Tell(s_key, new(Version(2), null));
        handlers.Tell(s_key, new(null, Version(4, "other")));
        works = true;
        _time.Advance(TimeSpan.FromSeconds(1));
        handlers.TellOwed();
        Assert.Equal([">1", "1>", ">4"], told);
    }

    [Fact]
    public async Task Of_events_that_wait_only_the_latest_of_each_object_is_kept_in_order()
    {
        using var pending = new PendingEvents<Widget>(_time);
        Add(WatchEventType.Added, Version(1));
        Add(WatchEventType.Added, Version(2, name: "b"));
        Add(WatchEventType.Modified, Version(3));
        pending.Add(new(WatchEventType.Bookmark, "4", null, null));
        Add(WatchEventType.Deleted, Version(5, name: "b"));
        pending.Add(new(WatchEventType.Bookmark, null, null, null));
        pending.Add(new(WatchEventType.Bookmark, "6", null, null));
        pending.Complete();

        var taken = new List<string>();
        while (await pending.TakeAsync(null, default) is ({ } e, true))
            taken.Add($"{e.Type} {e.ResourceVersion}");
        Assert.Equal(["Modified 3", "Deleted 5", "Bookmark 6"], taken);

        void Add(WatchEventType type, Widget widget) => pending.Add(new(type, widget.Metadata.ResourceVersion, widget, null));
    }

    [Fact]
    public async Task A_slow_handler_never_blocks_the_watch_and_sees_the_store_ahead_of_it()
    {
        const int events = 4000;
        var sent = 0;
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            if (!c.Request.Query.ContainsKey("watch"))
            {
                await ScriptedServer.JsonAsync(c, """{"kind":"WidgetList","metadata":{"resourceVersion":"10"},"items":[]}""");
                return;
            }

            var filling = new string('x', 4000);
            for (var i = 1; i <= events; i++)
            {
                await c.Response.WriteAsync($$$"""{"type":"MODIFIED","object":{"metadata":{"namespace":"ns","name":"w{{{i % 2}}}","uid":"u{{{i % 2}}}","resourceVersion":"{{{10 + i}}}"},"spec":{"color":"{{{filling}}}"} } }""" + "\n");
                Volatile.Write(ref sent, i);
            }

            await Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        using var client = server.Client();
        using var stop = new CancellationTokenSource();
        var informer = new Informer<Widget>(client.Resource(Widget.Type), WatchScope.InNamespace("ns"), new() { StreamLists = false });
        using var gate = new ManualResetEventSlim();
        var told = new ConcurrentQueue<string>();
        informer.OnChange(c =>
        {
            Assert.Same(c.New, informer.Get(NamespacedName.Of(c.New!)));
            told.Enqueue(c.New!.Metadata.ResourceVersion!);
            gate.Wait();
        });
        var running = informer.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => Volatile.Read(ref sent) == events, () => $"the server is rid of all it has to say; of {Volatile.Read(ref sent)} so far");
        Assert.Single(told);
        gate.Set();
        await Eventually.TrueAsync(() => informer.ResourceVersion == $"{10 + events}", "the last event is applied");
        // What was still in the sockets' buffers when the handler went on may have been told singly.
        Assert.True(told.Count < events / 2, $"{told.Count} changes told");
        Assert.Null(informer.Trouble);
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }
}
