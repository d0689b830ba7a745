using System.Diagnostics;
using Kilonova.Crds.Meta;
using Kilonova.Faults;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Tests.Support;
using Kilonova.Kubernetes.Watch;

namespace Kilonova.Kubernetes.Tests.Faults;

/// <summary>Each fault of the proxy does what it says, before a real API server.</summary>
public sealed class ApiProxyTests(ControlPlane plane) : IAsyncLifetime
{
    private ApiProxy _proxy = null!;
    private KubernetesClient _direct = null!;
    private KubernetesClient _client = null!;
    private Resource<Widget> _widgets = null!;
    private Widget _widget = null!;

    public async ValueTask InitializeAsync()
    {
        _direct = await plane.ClientAsync();
        var direct = await ControlPlane.WidgetsAsync(_direct);
        _widget = await direct.CreateAsync(Widget.Named(await ControlPlane.NamespaceAsync(_direct), "a"));
        _proxy = await ApiProxy.StartAsync(await plane.ConfigAsync(), seed: 1);
        // One attempt: the tests see the faults themselves.
        _client = Client(1);
        _widgets = _client.Resource(Widget.Type);
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        _direct?.Dispose();
        if (_proxy is not null)
            await _proxy.DisposeAsync();
    }

    private NamespacedName Key => NamespacedName.Of(_widget);

    private WatchScope Scope => WatchScope.InNamespace(Key.Namespace!);

    private KubernetesClient Client(int attempts, Func<KubernetesClientOptions, KubernetesClientOptions>? change = null) =>
        ControlPlane.Client(_proxy.Config, o => (change?.Invoke(o) ?? o) with { MaxAttempts = attempts, RetryDelay = TimeSpan.FromMilliseconds(1) });

    private Task<Widget> WriteAsync(Resource<Widget> widgets, string color) => widgets.UpdateAsync(_widget with { Spec = new() { Color = color } });

    private async Task<string> ColorAsync() => (await _direct.Resource(Widget.Type).GetAsync(Key))!.Spec.Color;

    [Fact]
    public async Task Without_faults_it_is_the_server()
    {
        _widget = await WriteAsync(_widgets, new string('b', 90_000));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => _widgets.CreateAsync(Widget.Named(Key.Namespace!, $"w{i}", new string('c', 90_000)))));
        Assert.Equal(5, (await _widgets.ListAsync(Scope)).Items.Count);
        await using var watch = await _widgets.WatchAsync(Scope, _widget.Metadata.ResourceVersion!);
        await _widgets.DeleteAsync(_widget);
        var seen = new List<WatchEventType>();
        await foreach (var happened in watch)
        {
            seen.Add(happened.Type);
            if (happened.Type == WatchEventType.Deleted)
                break;
        }

        Assert.Equal([.. Enumerable.Repeat(WatchEventType.Added, 4), WatchEventType.Deleted], seen);
        Assert.Empty(_proxy.Report.Injected);
        Assert.True(_proxy.Report.Requests >= 8);
    }

    [Fact]
    public async Task Without_its_token_nobody_gets_through()
    {
        using var stranger = ControlPlane.Client(new KubernetesConfig { Server = _proxy.Config.Server, CertificateAuthority = _proxy.Config.CertificateAuthority, Token = "guess" });
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => stranger.Resource(Widget.Type).GetAsync(Key))).IsUnauthorized);
    }

    [Fact]
    public async Task Latency_holds_requests_back_and_scope_narrows_it()
    {
        _proxy.Plan.Set(new FaultRule { Fault = FaultKind.Latency, Delay = TimeSpan.FromMilliseconds(400), Verbs = ["get"], Resources = ["widgets"] });
        var watch = Stopwatch.StartNew();
        await _widgets.GetAsync(Key);
        Assert.InRange(watch.ElapsedMilliseconds, 395, 30_000);
        await _widgets.ListAsync(Scope);
        Assert.Equal(1, _proxy.Plan.Count("Latency"));
    }

    [Theory]
    [InlineData(409, "Conflict", null)]
    [InlineData(410, "Expired", null)]
    [InlineData(429, "TooManyRequests", 1)]
    [InlineData(500, "InternalError", null)]
    [InlineData(503, "ServiceUnavailable", 3)]
    [InlineData(504, "Timeout", null)]
    public async Task Errors_come_with_reason_and_retry_after_and_the_server_does_nothing(int code, string reason, int? retryAfter)
    {
        _proxy.Plan.Set(new FaultRule { Fault = FaultKind.Error, Code = code, RetryAfter = retryAfter, Verbs = ["update"] });
        var error = await Assert.ThrowsAsync<KubernetesException>(() => WriteAsync(_widgets, "blue"));
        Assert.Equal((code, reason), ((int)error.Code, error.Reason));
        Assert.Equal(retryAfter, (int?)error.RetryAfter?.TotalSeconds);
        Assert.Equal("red", await ColorAsync());
    }

    [Theory]
    [InlineData(FaultKind.Reset)]
    [InlineData(FaultKind.Abort)]
    public async Task A_lost_answer_leaves_open_whether_the_write_happened(FaultKind fault)
    {
        _proxy.Plan.Set(new FaultRule { Fault = fault, Verbs = ["update"], Times = 1 });
        await Assert.ThrowsAsync<KubernetesConnectionException>(() => WriteAsync(_widgets, "blue"));
        Assert.Equal("red", await ColorAsync());

        _proxy.Plan.Set(new FaultRule { Fault = fault, Verbs = ["update"], AfterProcessing = true });
        await Assert.ThrowsAsync<KubernetesConnectionException>(() => WriteAsync(_widgets, "blue"));
        Assert.Equal("blue", await ColorAsync());
        Assert.Equal(2, _proxy.Plan.Count(fault.ToString()));
    }

    [Fact]
    public async Task A_reset_ends_what_else_is_on_the_connection_and_an_abort_does_not()
    {
        foreach (var (fault, ends) in ((FaultKind, bool)[])[(FaultKind.Abort, false), (FaultKind.Reset, true)])
        {
            using var client = Client(1);
            var widgets = client.Resource(Widget.Type);
            await using var watch = await widgets.WatchAsync(Scope, _widget.Metadata.ResourceVersion!);
            var events = watch.GetAsyncEnumerator();
            var next = events.MoveNextAsync().AsTask();
            _proxy.Plan.Set(new FaultRule { Fault = fault, Verbs = ["get"], Times = 1 });
            await Assert.ThrowsAsync<KubernetesConnectionException>(() => widgets.GetAsync(Key));
            var change = await WriteAsync(_direct.Resource(Widget.Type), fault.ToString());
            if (ends)
                await Assert.ThrowsAsync<KubernetesConnectionException>(() => next.WaitAsync(Eventually.Limit));
            else
                Assert.True(await next.WaitAsync(Eventually.Limit));
            _widget = change;
        }
    }

    [Fact]
    public async Task Silence_is_an_answer_that_never_comes_on_a_connection_that_lives()
    {
        using var client = Client(1, o => o with { RequestTimeout = TimeSpan.FromSeconds(2) });
        _proxy.Plan.Set(new FaultRule { Fault = FaultKind.Silence, Verbs = ["get"] });
        var error = await Assert.ThrowsAsync<KubernetesConnectionException>(() => client.Resource(Widget.Type).GetAsync(Key));
        Assert.True(error.IsTimeout);
        Assert.Single((await client.Resource(Widget.Type).ListAsync(Scope)).Items);
        Assert.Equal(1, _proxy.Connections.Accepted);
    }

    [Theory]
    [InlineData(FaultKind.Cut)]
    [InlineData(FaultKind.Truncate)]
    public async Task A_list_that_ends_early_is_a_failure_and_is_asked_for_again(FaultKind fault)
    {
        _proxy.Plan.Set(new FaultRule { Fault = fault, Verbs = ["list"], Times = 2 });
        await Assert.ThrowsAsync<KubernetesConnectionException>(() => _widgets.ListAsync(Scope));
        using var client = Client(3);
        Assert.Single((await client.Resource(Widget.Type).ListAsync(Scope)).Items);
        Assert.Equal(2, _proxy.Plan.Count(fault.ToString()));
    }

    [Fact]
    public async Task Going_away_moves_clients_to_a_new_connection_and_harms_nothing()
    {
        await using var watch = await _widgets.WatchAsync(Scope, _widget.Metadata.ResourceVersion!);
        var events = watch.GetAsyncEnumerator();
        _proxy.Plan.Set(new FaultRule { Fault = FaultKind.GoAway, Verbs = ["update", "get"] });
        for (var i = 0; i < 5; i++)
        {
            _widget = await WriteAsync(_widgets, $"color {i}");
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Eventually.Limit));
            Assert.Equal($"color {i}", events.Current.Object!.Spec.Color);
            Assert.NotNull(await _widgets.GetAsync(Key));
        }

        Assert.Equal(10, _proxy.Plan.Count("GoAway"));
        Assert.True(_proxy.Connections.Accepted >= 5, $"{_proxy.Connections.Accepted} connections");
    }

    [Fact]
    public async Task A_stale_read_is_what_the_server_said_before()
    {
        await _widgets.GetAsync(Key);
        await _widgets.ListAsync(Scope);
        await WriteAsync(_direct.Resource(Widget.Type), "blue");
        _proxy.Plan.Set(new FaultRule { Fault = FaultKind.Stale });
        Assert.Equal("red", (await _widgets.GetAsync(Key))!.Spec.Color);
        Assert.Equal("red", Assert.Single((await _widgets.ListAsync(Scope)).Items).Spec.Color);
        _proxy.Plan.Set();
        Assert.Equal("blue", (await _widgets.GetAsync(Key))!.Spec.Color);
    }

    [Theory]
    [InlineData(FaultKind.Cut, null)]
    [InlineData(FaultKind.Truncate, null)]
    [InlineData(FaultKind.Abort, typeof(KubernetesConnectionException))]
    [InlineData(FaultKind.Reset, typeof(KubernetesConnectionException))]
    [InlineData(FaultKind.Silence, typeof(KubernetesConnectionException))]
    [InlineData(FaultKind.Error, typeof(KubernetesException))]
    public async Task A_watch_breaks_after_as_many_lines_as_the_rule_says(FaultKind fault, Type? error)
    {
        _proxy.Plan.Set(new FaultRule { Fault = fault, Verbs = ["watch"], AfterLines = 2 });
        await using var watch = await _widgets.WatchAsync(Scope, _widget.Metadata.ResourceVersion!, new() { IdleTimeout = TimeSpan.FromSeconds(1) });
        var direct = _direct.Resource(Widget.Type);
        for (var i = 0; i < 4; i++)
            _widget = await WriteAsync(direct, $"color {i}");
        var seen = new List<string>();
        var thrown = await Record.ExceptionAsync(async () =>
        {
            await foreach (var happened in watch)
                seen.Add(happened.Object!.Spec.Color);
        });
        // A reset takes what the client had not read yet.
        string[] expected = ["color 0", "color 1"];
        Assert.Equal(fault is FaultKind.Abort or FaultKind.Reset ? expected.Take(seen.Count) : expected, seen);
        Assert.Equal(error, thrown?.GetType());
        if (fault == FaultKind.Error)
            Assert.True(((KubernetesException)thrown!).IsExpired);
    }
}
