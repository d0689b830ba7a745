using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.Metrics;
using Kilonova.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.Tests.Client;

/// <summary>Single requests: how they are written, limited, and what their answers are taken for.</summary>
public sealed class RequestTests
{
    private const string Good = """{"apiVersion":"test.kilonova.dev/v1","kind":"Widget","metadata":{"namespace":"ns","name":"a","uid":"u","resourceVersion":"2"},"spec":{"color":"red"}}""";

    private static readonly Widget s_read = Widget.Named("ns", "a") with { Metadata = new() { Namespace = "ns", Name = "a", Uid = "u", ResourceVersion = "1" } };

    private static Task<Widget?> GetAsync(KubernetesClient client) => client.Resource(Widget.Type).GetAsync(new("ns", "a"));

    [Theory]
    [InlineData(409, "Conflict", nameof(KubernetesException.IsConflict))]
    [InlineData(409, "AlreadyExists", nameof(KubernetesException.IsAlreadyExists))]
    [InlineData(404, "NotFound", nameof(KubernetesException.IsNotFound))]
    [InlineData(410, "Expired", nameof(KubernetesException.IsExpired))]
    [InlineData(410, "Gone", nameof(KubernetesException.IsGone))]
    [InlineData(422, "Invalid", nameof(KubernetesException.IsInvalid))]
    [InlineData(429, "TooManyRequests", nameof(KubernetesException.IsTooManyRequests))]
    [InlineData(403, "Forbidden", nameof(KubernetesException.IsForbidden))]
    [InlineData(500, "ServerTimeout", nameof(KubernetesException.IsTransient))]
    [InlineData(500, "InternalError", null)]
    public async Task A_status_is_read_as_reason_causes_and_time_to_wait(int code, string reason, string? property)
    {
        await using var server = await ScriptedServer.StartAsync(c => ScriptedServer.StatusAsync(c, code, reason, "because", """{"retryAfterSeconds":7,"causes":[{"reason":"FieldValueInvalid","field":"spec.color","message":"no"}]}"""));
        using var client = server.Client(o => o with { MaxAttempts = 1 });
        var error = await Assert.ThrowsAsync<KubernetesException>(() => client.Resource(Widget.Type).CreateAsync(Widget.Named("ns", "a")));

        Assert.Equal((code, reason, TimeSpan.FromSeconds(7)), ((int)error.Code, error.Reason, error.RetryAfter));
        Assert.Equal("spec.color", Assert.Single(error.Status.Details!.Causes!).Field);
        foreach (var flag in (string[])["IsConflict", "IsAlreadyExists", "IsNotFound", "IsInvalid", "IsForbidden"])
            Assert.Equal(flag == property, typeof(KubernetesException).GetProperty(flag)!.GetValue(error));
        if (property is not null)
            Assert.Equal(true, typeof(KubernetesException).GetProperty(property)!.GetValue(error));
    }

    [Fact]
    public async Task Bodies_are_limited()
    {
        await using var server = await ScriptedServer.StartAsync(c => c.Request.Method == "GET"
            ? ScriptedServer.JsonAsync(c, Good.Replace("red", new string('r', 200_000), StringComparison.Ordinal))
            : ScriptedServer.JsonAsync(c, "{\"message\":\"" + new string('x', 1_000_000), 500));
        using var client = server.Client(o => o with { MaxObjectBytes = 100_000 });
        await Assert.ThrowsAsync<KubernetesDecodeException>(() => GetAsync(client));
        using var wide = server.Client();
        Assert.NotNull(await GetAsync(wide));
        var error = await Assert.ThrowsAsync<KubernetesException>(() => wide.Resource(Widget.Type).UpdateAsync(s_read));
        Assert.InRange(error.Message.Length, 500, 3000);
    }

    [Fact]
    public async Task A_list_of_an_object_that_is_too_large_is_refused()
    {
        await using var server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, $$"""{"kind":"WidgetList","metadata":{"resourceVersion":"1"},"items":[{{Good.Replace("red", new string('r', 200_000), StringComparison.Ordinal)}}]}"""));
        using var client = server.Client(o => o with { MaxObjectBytes = 100_000 });
        await Assert.ThrowsAsync<KubernetesDecodeException>(() => client.Resource(Widget.Type).ListAsync(WatchScope.InNamespace("ns")));
    }

    [Fact]
    public async Task Retry_after_is_waited_for_and_attempts_end_with_the_deadline()
    {
        await using var server = await ScriptedServer.StartAsync(c =>
        {
            c.Response.Headers.RetryAfter = "1";
            return ScriptedServer.StatusAsync(c, 429, "TooManyRequests", "later");
        });
        using var client = server.Client(o => o with { MaxAttempts = 100, TotalTimeout = TimeSpan.FromSeconds(2.5) });
        var watch = Stopwatch.StartNew();
        await Assert.ThrowsAsync<KubernetesException>(() => GetAsync(client));
        Assert.Equal(3, server.Requests.Count);
        Assert.InRange(watch.Elapsed.TotalSeconds, 1.9, 30);
    }

    [Fact]
    public async Task Requests_in_flight_are_limited_and_watches_are_not_among_them()
    {
        var now = 0;
        var most = 0;
        var go = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            if (c.Request.Query.ContainsKey("watch"))
            {
                await c.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
            }

            InterlockedMax(ref most, Interlocked.Increment(ref now));
            await go.Task;
            Interlocked.Decrement(ref now);
            await ScriptedServer.JsonAsync(c, Good);
        });
        using var client = server.Client(o => o with { MaxInFlight = 3 });
        var watches = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => client.Resource(Widget.Type).WatchAsync(WatchScope.InNamespace("ns"), "1"))).WaitAsync(Eventually.Limit);
        var gets = Enumerable.Range(0, 12).Select(_ => GetAsync(client)).ToList();
        await Eventually.TrueAsync(() => Volatile.Read(ref now) == 3, "three are under way");
        go.SetResult();
        await Task.WhenAll(gets);
        Assert.Equal(3, most);
        foreach (var watch in watches)
            await watch.DisposeAsync();

        static void InterlockedMax(ref int target, int value)
        {
            int seen;
            while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
            {
            }
        }
    }

    [Fact]
    public async Task Who_was_turned_away_learns_under_which_priority_level()
    {
        await using var server = await ScriptedServer.StartAsync(c =>
        {
            c.Response.Headers["X-Kubernetes-PF-FlowSchema-UID"] = "schema";
            c.Response.Headers["X-Kubernetes-PF-PriorityLevel-UID"] = "level";
            return ScriptedServer.StatusAsync(c, 429, "TooManyRequests", "later");
        });
        using var client = server.Client(o => o with { MaxAttempts = 1 });
        Assert.Equal("schema/level", (await Assert.ThrowsAsync<KubernetesException>(() => GetAsync(client))).PriorityLevel);
    }

    [Fact]
    public async Task Answers_may_be_compressed()
    {
        string? accepted = null;
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            accepted = $"{c.Request.Headers.AcceptEncoding} {c.Request.Headers.Accept}";
            c.Response.ContentType = "application/json";
            c.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(c.Response.Body, CompressionLevel.Fastest);
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(Good));
        });
        using var client = server.Client();
        Assert.Equal("red", (await GetAsync(client))!.Spec.Color);
        Assert.Equal("gzip application/json", accepted);
    }

    [Fact]
    public async Task A_warning_is_logged_once_for_each_text()
    {
        var warnings = new[] { "299 - \"old\"", "299 - \"old\"", "299 - \"odd\"" };
        var next = -1;
        await using var server = await ScriptedServer.StartAsync(c =>
        {
            c.Response.Headers["Warning"] = warnings[Interlocked.Increment(ref next) % 3];
            return ScriptedServer.JsonAsync(c, Good);
        });
        using var log = new ListLog();
        using var client = server.Client(o => o with { LoggerFactory = log });
        for (var i = 0; i < 6; i++)
            await GetAsync(client);
        Assert.Equal(["the API server warns about widgets.test.kilonova.dev: 299 - \"old\"", "the API server warns about widgets.test.kilonova.dev: 299 - \"odd\""], log.Lines);
    }

    [Fact]
    public void Paths_are_escaped_and_of_their_scope()
    {
        Assert.Equal("/apis/test.kilonova.dev/v1/namespaces/ns/widgets/a%3Ab%2Fc/status", Widget.Type.ObjectPath(new("ns", "a:b/c"), "status"));
        Assert.Equal("/apis/test.kilonova.dev/v1/widgets", Widget.Type.ScopePath(WatchScope.AllNamespaces));
        Assert.Equal("/api/v1/nodes/n", CoreResources.Nodes.ObjectPath(new("n")));
        Assert.Equal("/api/v1/namespaces/ns/secrets", CoreResources.Secrets.CollectionPath("ns"));
        Assert.Throws<ArgumentException>(() => CoreResources.Nodes.CollectionPath("ns"));
        Assert.Throws<ArgumentException>(() => Widget.Type.ObjectPath(new("a")));
        Assert.Throws<ArgumentException>(() => Widget.Type.ObjectPath(new("ns", "")));
    }

    [Theory]
    [InlineData("9", "10", -1)]
    [InlineData("10", "10", 0)]
    [InlineData("340282366920938463463374607431768211457", "340282366920938463463374607431768211456", 1)]
    [InlineData("010", "10", null)]
    [InlineData("abc", "10", null)]
    [InlineData("0", "10", null)]
    [InlineData("-1", "10", null)]
    [InlineData("", "10", null)]
    [InlineData(null, "10", null)]
    public void Versions_are_compared_as_integers_of_any_length_or_not_at_all(string? a, string? b, int? order)
    {
        Assert.Equal(order, ResourceVersions.Compare(a, b) is { } o ? Math.Sign(o) : null);
        Assert.Equal(-order, ResourceVersions.Compare(b, a) is { } r ? Math.Sign(r) : null);
    }

    [Fact]
    public async Task Requests_bytes_lists_watches_and_conflicts_are_counted()
    {
        // A kind of this test's own: other tests count at the same time.
        using var reader = new PrometheusReader(["Kilonova.Kubernetes"]);
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            if (c.Request.Query.ContainsKey("watch"))
            {
                await c.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }
            else if (c.Request.Method == "GET")
            {
                await ScriptedServer.JsonAsync(c, """{"kind":"CustomResourceDefinitionList","metadata":{"resourceVersion":"1"},"items":[]}""");
            }
            else
            {
                await ScriptedServer.StatusAsync(c, 409, "Conflict", "somebody else wrote");
            }
        });
        using var client = server.Client();
        var crds = client.Resource(CoreResources.CustomResourceDefinitions);
        using var stop = new CancellationTokenSource();
        var informer = new Informer<CustomResourceDefinition>(crds, WatchScope.Cluster, new() { StreamLists = false });
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync();
        await Eventually.TrueAsync(() => server.Requests.Count == 2, "the watch is open");
        await Assert.ThrowsAsync<KubernetesException>(() => crds.UpdateAsync(new() { Metadata = new() { Name = "a", Uid = "u", ResourceVersion = "1" } }));
        const string kind = "resource=\"customresourcedefinitions.apiextensions.k8s.io\"";
        string[] expected =
        [
            $"kubernetes_client_request_duration_seconds_count{{code=\"409\",{kind},verb=\"update\"}} 1",
            $"kubernetes_client_request_duration_seconds_count{{code=\"200\",{kind},verb=\"list\"}} 1",
            $"kubernetes_client_received_bytes_total{{{kind},verb=\"list\"}} 85",
            $"kubernetes_informer_lists_total{{{kind}}} 1",
            $"kubernetes_informer_watches_total{{{kind}}} 1",
        ];
        var text = "";
        await Eventually.TrueAsync(
            () =>
            {
                var output = new ArrayBufferWriter<byte>();
                reader.Write(output);
                text = Encoding.UTF8.GetString(output.WrittenSpan);
                return expected.All(e => text.Contains(e, StringComparison.Ordinal));
            },
            () => string.Join('\n', text.Split('\n').Where(l => l.Contains(kind, StringComparison.Ordinal) && !l.Contains("bucket", StringComparison.Ordinal))));
        await stop.CancelAsync();
        await running.WaitAsync(Eventually.Limit);
    }

    /// <summary>Keeps lines from warnings on.</summary>
    private sealed class ListLog : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Lines.Enqueue(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
