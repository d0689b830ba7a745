using System.Diagnostics.Metrics;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Kilonova.Kubernetes.Tests.Client;

/// <summary>Which requests are sent again, and what a caller learns when they are not.</summary>
public sealed class SendTests
{
    private const string Good = """{"apiVersion":"test.kilonova.dev/v1","kind":"Widget","metadata":{"namespace":"ns","name":"a","uid":"u","resourceVersion":"2"},"spec":{"color":"red"}}""";

    private static readonly Widget s_read = Widget.Named("ns", "a") with { Metadata = new() { Namespace = "ns", Name = "a", Uid = "u", ResourceVersion = "1" } };

    private static Task<Widget?> GetAsync(KubernetesClient client) => client.Resource(Widget.Type).GetAsync(new("ns", "a"));

    private static Func<HttpContext, Task> Sequence(params Func<HttpContext, Task>[] answers)
    {
        var next = -1;
        return context => answers[Math.Min(Interlocked.Increment(ref next), answers.Length - 1)](context);
    }

    private static Func<HttpContext, Task> Refuse(int code, string reason, string? retryAfter = null) => context =>
    {
        if (retryAfter is not null)
            context.Response.Headers.RetryAfter = retryAfter;
        return ScriptedServer.StatusAsync(context, code, reason, "no");
    };

    private static Task Cut(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    private static Task Answer(HttpContext context) => ScriptedServer.JsonAsync(context, Good);

    [Fact]
    public async Task Reads_are_sent_again_after_anything_transient()
    {
        await using var server = await ScriptedServer.StartAsync(Sequence(Cut, Refuse(503, "ServiceUnavailable"), Refuse(429, "TooManyRequests", "0"), Refuse(500, "ServerTimeout"), Answer));
        using var client = server.Client();

        Assert.Equal("red", (await GetAsync(client))!.Spec.Color);
        Assert.Equal(5, server.Requests.Count);
    }

    [Fact]
    public async Task Reads_are_not_sent_again_after_a_verdict()
    {
        await using var server = await ScriptedServer.StartAsync(Refuse(403, "Forbidden"));
        using var client = server.Client();

        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => GetAsync(client))).IsForbidden);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_write_whose_answer_was_lost_is_left_to_the_caller()
    {
        await using var server = await ScriptedServer.StartAsync(Cut);
        using var client = server.Client();
        var widgets = client.Resource(Widget.Type);

        await Assert.ThrowsAsync<KubernetesConnectionException>(() => widgets.UpdateAsync(s_read));
        await Assert.ThrowsAsync<KubernetesConnectionException>(() => widgets.CreateAsync(Widget.Named("ns", "a")));
        await Assert.ThrowsAsync<KubernetesConnectionException>(() => widgets.DeleteAsync(s_read));
        Assert.Equal(3, server.Requests.Count);
    }

    [Theory]
    [InlineData(503, "ServiceUnavailable", null, 1)]
    [InlineData(500, "ServerTimeout", null, 1)]
    [InlineData(504, "Timeout", null, 1)]
    [InlineData(503, "ServiceUnavailable", "0", 2)]
    [InlineData(429, "TooManyRequests", null, 2)]
    public async Task A_write_is_sent_again_only_when_it_surely_was_not_processed(int code, string reason, string? retryAfter, int requests)
    {
        await using var server = await ScriptedServer.StartAsync(Sequence(Refuse(code, reason, retryAfter), Answer));
        using var client = server.Client();

        var error = await Record.ExceptionAsync(() => client.Resource(Widget.Type).UpdateAsync(s_read));

        Assert.Equal(requests, server.Requests.Count);
        Assert.Equal(requests == 1, error is KubernetesException { IsTransient: true });
    }

    [Fact]
    public async Task A_create_under_a_generated_name_is_never_sent_again()
    {
        await using var server = await ScriptedServer.StartAsync(Refuse(429, "TooManyRequests", "0"));
        using var client = server.Client();

        var error = await Assert.ThrowsAsync<KubernetesException>(() => client.Resource(Widget.Type).CreateAsync(s_read with { Metadata = new() { Namespace = "ns", GenerateName = "a-" } }));

        Assert.True(error.IsTooManyRequests);
        Assert.Equal(TimeSpan.Zero, error.RetryAfter);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_request_without_an_answer_runs_out_of_time()
    {
        await using var server = await ScriptedServer.StartAsync(c => Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        using var client = server.Client(o => o with { RequestTimeout = TimeSpan.FromSeconds(1.5), MaxAttempts = 2 });

        var error = await Assert.ThrowsAsync<KubernetesConnectionException>(() => GetAsync(client));

        Assert.True(error.IsTimeout);
        Assert.Equal(2, server.Requests.Count);
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Resource(Widget.Type).GetAsync(new("ns", "a"), given.Token));
    }

    [Fact]
    public async Task A_rotated_token_is_read_again_when_the_old_one_is_refused()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "old\n");
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            if (c.Request.Headers.Authorization == "Bearer new")
            {
                await Answer(c);
                return;
            }

            await File.WriteAllTextAsync(file, "new\n");
            await Refuse(401, "Unauthorized")(c);
        });
        using var client = server.Client(tokenFile: file);

        Assert.NotNull(await GetAsync(client));
        Assert.Equal(2, server.Requests.Count);
        File.Delete(file);
        Assert.NotNull(await GetAsync(client));
    }

    [Fact]
    public async Task A_refused_token_that_did_not_change_is_an_error_at_once()
    {
        await using var server = await ScriptedServer.StartAsync(Refuse(401, "Unauthorized"));
        using var client = server.Client(token: "t");

        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => GetAsync(client))).IsUnauthorized);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Requests_say_who_sends_them_and_are_measured()
    {
        var measured = new List<(string Verb, string Code)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (i, l) =>
        {
            if (i.Name == "kubernetes.client.request.duration")
                l.EnableMeasurementEvents(i);
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            var all = tags.ToArray().ToDictionary(t => t.Key, t => t.Value as string);
            // Other tests send requests at the same time.
            if (all["code"] == "418")
                measured.Add((all["verb"]!, all["code"]!));
        });
        listener.Start();
        string? agent = null;
        await using var server = await ScriptedServer.StartAsync(c =>
        {
            agent = c.Request.Headers.UserAgent;
            return ScriptedServer.JsonAsync(c, "short and stout", 418);
        });
        using var client = server.Client(o => o with { Component = "teapot", ComponentVersion = "1.2" });

        var error = await Assert.ThrowsAsync<KubernetesException>(() => GetAsync(client));

        Assert.StartsWith("teapot/1.2 (linux/", agent, StringComparison.Ordinal);
        Assert.Contains("short and stout", error.Message, StringComparison.Ordinal);
        Assert.Contains(("get", "418"), measured);
    }

    [Fact]
    public async Task The_rate_of_requests_is_limited_in_order_of_arrival()
    {
        var time = new ManualTime();
        var rate = new RequestRate(10, time);
        var waiting = Enumerable.Range(0, 25).Select(_ => rate.WaitAsync(default).AsTask()).ToList();

        Assert.All(waiting.Take(20), w => Assert.True(w.IsCompleted));
        Assert.Equal(5, time.Pending);
        for (var i = 20; i < 25; i++)
        {
            Assert.False(waiting[i].IsCompleted);
            time.Advance(TimeSpan.FromMilliseconds(100));
            await waiting[i].WaitAsync(Eventually.Limit);
        }
    }
}
