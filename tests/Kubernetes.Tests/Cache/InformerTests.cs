using System.Collections.Concurrent;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Kilonova.Kubernetes.Tests.Cache;

/// <summary>An informer against a server that does what servers do on bad days.</summary>
public sealed class InformerTests : IAsyncDisposable
{
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _lists = new();
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _watches = new();
    private readonly ConcurrentQueue<string> _changes = new();
    private readonly CancellationTokenSource _stop = new();
    private ScriptedServer? _server;
    private KubernetesClient? _client;
    private Informer<Widget>? _informer;
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client?.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private static string Object(string name, string version, string color = "red", string? uid = null) =>
        $$"""{"apiVersion":"test.kilonova.dev/v1","kind":"Widget","metadata":{"namespace":"ns","name":"{{name}}","uid":"{{uid ?? "u-" + name}}","resourceVersion":"{{version}}"},"spec":{ {{(color.Length == 0 ? "" : $"\"color\":\"{color}\"")}} } }""";

    private static Func<HttpContext, Task> List(string version, params string[] objects) => Page(version, null, objects);

    private static Func<HttpContext, Task> Page(string version, string? next, params string[] objects) => context =>
        ScriptedServer.JsonAsync(context, $$"""{"kind":"WidgetList","apiVersion":"test.kilonova.dev/v1","metadata":{"resourceVersion":"{{version}}"{{(next is null ? "" : $",\"continue\":\"{next}\"")}} },"items":[{{string.Join(',', objects)}}]}""");

    private static string Event(string type, string obj) => $$"""{"type":"{{type}}","object":{{obj}} }""" + "\n";

    private static string Bookmark(string version) => Event("BOOKMARK", $$$"""{"kind":"Widget","metadata":{"resourceVersion":"{{{version}}}"} }""");

    private static readonly string s_expired = Event("ERROR", """{"kind":"Status","status":"Failure","reason":"Expired","message":"too old resource version: 1 (9)","code":410}""");

    /// <summary>Sends the lines, each for itself, then ends as told.</summary>
    private static Func<HttpContext, Task> Watch(string end, params string[] lines) => async context =>
    {
        context.Response.ContentType = "application/json";
        await context.Response.Body.FlushAsync();
        foreach (var line in lines)
        {
            await context.Response.WriteAsync(line);
            await context.Response.Body.FlushAsync();
        }

        if (end == "hang")
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
    };

    /// <summary>Sends the lines and resets the connection when the informer has reached a version: a reset discards what is unread.</summary>
    private Func<HttpContext, Task> CutAt(string version, params string[] lines) => async context =>
    {
        await Watch("close", lines)(context);
        await Eventually.TrueAsync(() => _informer!.ResourceVersion == version, $"version {version} is reached");
        context.Abort();
    };

    private async Task<Informer<Widget>> StartAsync(InformerOptions<Widget>? options = null, int pageSize = 500, bool streams = false)
    {
        _server = await ScriptedServer.StartAsync(context =>
            (context.Request.Query.ContainsKey("watch") ? _watches : _lists).TryDequeue(out var next) ? next(context) : Watch("hang")(context));
        _client = _server.Client(o => o with { PageSize = pageSize });
        options ??= new();
        var informer = _informer = new Informer<Widget>(_client.Resource(Widget.Type), WatchScope.InNamespace("ns"), options with { StreamLists = streams, MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(20) });
        var failed = false;
        informer.OnChange(_ =>
        {
            if (failed)
                return;
            failed = true;
            throw new InvalidOperationException("a handler that fails must not stop the others");
        });
        informer.OnChange(c => _changes.Enqueue($"{(c.Old is null ? "+" : c.New is null ? "-" : "~")}{c.Latest.Metadata.Name}{(c.FinalStateUnknown ? "?" : "")}@{c.Latest.Metadata.ResourceVersion}"));
        _running = informer.RunAsync(_stop.Token);
        return informer;
    }

    private Task ChangesAsync(params string[] expected) =>
        Eventually.TrueAsync(() => _changes.Order().SequenceEqual(expected.Order()), () => $"changes {string.Join(' ', expected)}; have {string.Join(' ', _changes)}; trouble {_informer?.Trouble}; requests {string.Join(' ', _server!.Requests)}");

    private Task RequestedAsync(string query) =>
        Eventually.TrueAsync(() => _server!.Requests.Any(r => r.Contains(query, StringComparison.Ordinal)), $"a request with {query}");

    private int Lists => _server!.Requests.Count(r => !r.Contains("watch=", StringComparison.Ordinal));

    [Fact]
    public async Task A_watch_resumes_where_it_ended_even_when_cut_in_mid_line()
    {
        _lists.Enqueue(List("10", Object("a", "5")));
        _watches.Enqueue(CutAt("15", Event("ADDED", Object("b", "11")) + Event("MODIFIED", Object("a", "12", "blue")), Bookmark("15"), Event("DELETED", Object("a", "16"))[..40]));
        _watches.Enqueue(Watch("close", Event("DELETED", Object("b", "17")), Event("UNHEARD_OF", "{}")));
        var informer = await StartAsync();

        await ChangesAsync("+a@5", "+b@11", "~a@12", "-b@17");
        await RequestedAsync("resourceVersion=17");

        Assert.Contains(_server!.Requests, r => r.Contains("resourceVersion=15", StringComparison.Ordinal));
        Assert.All(_server.Requests.Where(r => r.Contains("watch=", StringComparison.Ordinal)), r => Assert.Contains("allowWatchBookmarks=true", r, StringComparison.Ordinal));
        Assert.Equal(1, Lists);
        Assert.Equal("blue", informer.Get(new("ns", "a"))!.Spec.Color);
        Assert.True(informer.HasSynced);
    }

    [Theory]
    [InlineData("event")]
    [InlineData("status")]
    public async Task After_expiry_a_new_list_tells_what_vanished_or_was_replaced(string how)
    {
        _lists.Enqueue(List("10", Object("a", "1"), Object("b", "2"), Object("c", "3"), Object("d", "4")));
        _lists.Enqueue(List("20", Object("a", "1"), Object("c", "15", uid: "u-other"), Object("d", "16")));
        _watches.Enqueue(how == "event" ? Watch("close", s_expired) : c => ScriptedServer.StatusAsync(c, 410, "Gone", "too old"));
        var informer = await StartAsync();

        await ChangesAsync("+a@1", "+b@2", "+c@3", "+d@4", "-b?@2", "-c?@3", "+c@15", "~d@16");
        await RequestedAsync("resourceVersion=20");

        Assert.Equal(3, informer.Count);
        Assert.Equal("u-other", informer.Get(new("ns", "c"))!.Metadata.Uid);
    }

    [Fact]
    public async Task A_silent_watch_is_given_up()
    {
        _lists.Enqueue(List("10", Object("a", "1")));
        _lists.Enqueue(List("12", Object("b", "11")));
        _watches.Enqueue(Watch("hang"));
        await StartAsync(new() { IdleTimeout = TimeSpan.FromMilliseconds(100) });

        await ChangesAsync("+a@1", "-a?@1", "+b@11");
    }

    [Fact]
    public async Task An_unreadable_object_is_neither_absent_nor_in_the_way()
    {
        _lists.Enqueue(List("10", Object("a", "1"), Object("bad", "2", color: ""), Object("c", "3")));
        _lists.Enqueue(List("20", Object("a", "15", color: ""), Object("c", "3")));
        _watches.Enqueue(Watch("close", Event("MODIFIED", Object("a", "11", color: "")), Event("MODIFIED", Object("c", "12")), s_expired));
        _watches.Enqueue(Watch("hang", Event("DELETED", Object("a", "21", color: ""))));
        var informer = await StartAsync();

        // "bad" was never known and is reported only; "a" stays in its last readable state until it is really gone.
        await ChangesAsync("+a@1", "+c@3", "~c@12", "-a?@1");
        Assert.Empty(informer.Undecodable);
    }

    [Fact]
    public async Task Unreadable_objects_are_named()
    {
        _lists.Enqueue(List("10", Object("bad", "2", color: "")));
        var informer = await StartAsync();
        await informer.WaitForSyncAsync();

        var failure = Assert.Single(informer.Undecodable);
        Assert.Equal(new NamespacedName("ns", "bad"), failure.Key);
        Assert.Contains("color", failure.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_went_back_is_listed_anew_and_believed()
    {
        _lists.Enqueue(List("100", Object("a", "90"), Object("b", "95")));
        _lists.Enqueue(List("60", Object("a", "50", "old")));
        _watches.Enqueue(Watch("hang", Bookmark("60")));
        var informer = await StartAsync();

        await ChangesAsync("+a@90", "+b@95", "~a@50", "-b?@95");
        Assert.Equal("old", informer.Get(new("ns", "a"))!.Spec.Color);
    }

    [Fact]
    public async Task A_version_that_the_cache_of_the_server_has_not_reached_is_waited_for()
    {
        _lists.Enqueue(List("10", Object("a", "1")));
        _watches.Enqueue(c => ScriptedServer.StatusAsync(c, 504, "Timeout", "Too large resource version: 10, current: 9", """{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1}"""));
        _watches.Enqueue(Watch("hang", Event("ADDED", Object("b", "11"))));
        await StartAsync();

        await ChangesAsync("+a@1", "+b@11");
        Assert.Equal(1, Lists);
    }

    [Fact]
    public async Task A_list_whose_pages_expire_starts_over()
    {
        _lists.Enqueue(Page("10", "next", Object("a", "1")));
        _lists.Enqueue(c => ScriptedServer.StatusAsync(c, 410, "Expired", "the continue token is too old"));
        _lists.Enqueue(Page("20", "next2", Object("b", "12")));
        _lists.Enqueue(List("20", Object("c", "13")));
        await StartAsync(pageSize: 1);

        await ChangesAsync("+b@12", "+c@13");
        Assert.Contains(_server!.Requests, r => r.EndsWith("limit=1&continue=next2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_list_that_breaks_off_is_not_a_short_list()
    {
        _lists.Enqueue(List("10", Object("a", "1"), Object("b", "2")));
        _watches.Enqueue(Watch("close", s_expired));
        _lists.Enqueue(async c =>
        {
            c.Response.ContentType = "application/json";
            // Chunked and cleanly ended, as a proxy may do it: only the text tells.
            await c.Response.WriteAsync($$$"""{"kind":"WidgetList","metadata":{"resourceVersion":"20"},"items":[{{{Object("a", "1")}}}""");
        });
        _lists.Enqueue(List("20", Object("a", "1"), Object("b", "2"), Object("c", "15")));
        await StartAsync();

        await ChangesAsync("+a@1", "+b@2", "+c@15");
    }

    [Fact]
    public async Task Own_writes_are_taken_over_once_and_never_bring_back_what_is_deleted()
    {
        _lists.Enqueue(List("10", Object("a", "1"), Object("gone", "2")));
        _watches.Enqueue(Watch("hang", Event("DELETED", Object("gone", "20"))));
        var informer = await StartAsync();
        await ChangesAsync("+a@1", "+gone@2", "-gone@20");
        var a = informer.Get(new("ns", "a"))!;

        informer.Observe(a with { Metadata = a.Metadata with { ResourceVersion = "21" }, Spec = new() { Color = "mine" } });
        informer.Observe(a with { Metadata = a.Metadata with { ResourceVersion = "21" } });
        informer.Observe(a with { Metadata = a.Metadata with { ResourceVersion = "7" } });
        informer.Observe(a with { Metadata = a.Metadata with { Name = "gone", ResourceVersion = "19" } });
        informer.Observe(a with { Metadata = a.Metadata with { Name = "new", ResourceVersion = "22" } });

        await ChangesAsync("+a@1", "+gone@2", "-gone@20", "~a@21", "+new@22");
        Assert.Equal("mine", informer.Get(new("ns", "a"))!.Spec.Color);
        Assert.Null(informer.Get(new("ns", "gone")));
    }

    [Fact]
    public async Task Indexes_follow_the_objects()
    {
        _lists.Enqueue(List("10", Object("a", "1"), Object("b", "2"), Object("c", "3", "blue")));
        var go = new TaskCompletionSource();
        _watches.Enqueue(async c =>
        {
            await go.Task;
            await Watch("hang", Event("MODIFIED", Object("a", "11", "blue")), Event("DELETED", Object("c", "12", "blue")))(c);
        });
        var informer = await StartAsync(new() { Transform = w => w with { ApiVersion = null } });
        var byColor = informer.AddIndex(w => w.Spec.Color);
        var byLetter = informer.AddIndex(w => w.Spec.Color.Select(c => c.ToString()).Distinct());
        await informer.WaitForSyncAsync();
        Assert.Equal(["a", "b"], byColor.Get("red").Select(w => w.Metadata.Name!).Order());
        go.SetResult();

        await ChangesAsync("+a@1", "+b@2", "+c@3", "~a@11", "-c@12");
        Assert.Equal(["b"], byColor.Get("red").Select(w => w.Metadata.Name!));
        Assert.Equal(["a"], byColor.Get("blue").Select(w => w.Metadata.Name!));
        Assert.Equal(2, byLetter.Count("e"));
        Assert.Empty(byColor.Get("green"));
        Assert.Null(informer.Get(new("ns", "a"))!.ApiVersion);
    }

    [Fact]
    public async Task A_missing_permission_is_trouble_that_ends_by_itself()
    {
        _lists.Enqueue(c => ScriptedServer.StatusAsync(c, 403, "Forbidden", "not yours"));
        var held = new TaskCompletionSource();
        _lists.Enqueue(async c =>
        {
            await held.Task;
            await List("10", Object("a", "1"))(c);
        });
        var informer = await StartAsync();
        await Eventually.TrueAsync(() => informer.Trouble?.Contains("not yours", StringComparison.Ordinal) == true, "the trouble is visible");
        Assert.False(informer.HasSynced);
        held.SetResult();

        await informer.WaitForSyncAsync().WaitAsync(Eventually.Limit);
        await Eventually.TrueAsync(() => informer.Trouble is null, "the trouble is over");
    }
}
