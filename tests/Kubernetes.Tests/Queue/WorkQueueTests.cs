using System.Buffers;
using System.Text;
using Kilonova.Kubernetes.Metrics;
using Kilonova.Kubernetes.Queue;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Queue;

public sealed class WorkQueueTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new(new() { Time = _time, BaseDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(60) });

    public void Dispose() => _queue.Dispose();

    private async Task<string> TakeAsync()
    {
        Assert.True(_queue.Count > 0, "nothing is ready");
        return (await _queue.TakeAsync())!.Value.Key;
    }

    [Fact]
    public async Task A_key_is_in_the_queue_once()
    {
        _queue.Add("a");
        _queue.Add("b");
        _queue.Add("a");

        Assert.Equal(2, _queue.Count);
        Assert.Equal("a", await TakeAsync());
        Assert.Equal("b", await TakeAsync());
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task A_key_that_is_worked_on_waits_for_its_worker()
    {
        _queue.Add("a");
        await TakeAsync();
        _queue.Add("a");
        _queue.Add("a");
        Assert.Equal(0, _queue.Count);

        _queue.Done("a");

        Assert.Equal("a", await TakeAsync());
        _queue.Done("a");
        Assert.Equal(0, _queue.Count);
        Assert.Throws<InvalidOperationException>(() => _queue.Done("a"));
    }

    [Fact]
    public async Task Better_lanes_go_first_and_a_key_moves_up_but_not_down()
    {
        _queue.Add("low", Priority.Low);
        _queue.Add("a");
        _queue.Add("b");
        _queue.Add("high", Priority.High);
        _queue.Add("b", Priority.High);
        _queue.Add("high", Priority.Low);

        Assert.Equal(4, _queue.Count);
        foreach (var expected in (string[])["high", "b", "a", "low"])
            Assert.Equal(expected, await TakeAsync());
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task Of_several_delays_the_earliest_counts()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.AddAfter("a", TimeSpan.FromSeconds(5));
        _queue.AddAfter("a", TimeSpan.FromSeconds(20));
        _queue.AddAfter("b", TimeSpan.FromSeconds(7));

        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(0, _queue.Count);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("a", await TakeAsync());
        _queue.Done("a");
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("b", await TakeAsync());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task Failures_back_off_exponentially_until_forgotten()
    {
        foreach (var most in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            var delay = _queue.AddRateLimited("a");
            Assert.InRange(delay.TotalSeconds, most * 0.75, most);
            _time.Advance(delay - TimeSpan.FromMilliseconds(2));
            Assert.Equal(0, _queue.Count);
            _time.Advance(TimeSpan.FromMilliseconds(3));
            await TakeAsync();
            _queue.Done("a");
        }

        Assert.Equal(8, _queue.Failures("a"));
        _queue.Forget("a");
        Assert.Equal(0, _queue.Failures("a"));
        Assert.InRange(_queue.AddRateLimited("a").TotalSeconds, 0.75, 1);
    }

    [Fact]
    public async Task Namespaces_take_turns_within_a_lane()
    {
        using var queue = new WorkQueue<string>(new() { Time = _time }, key => key.Split('/')[0]);
        foreach (var key in (string[])["big/1", "big/2", "big/3", "big/4", "small/1", "other/1", "small/2"])
            queue.Add(key);
        queue.Add("big/urgent", Priority.High);
        var taken = new List<string>();
        while (queue.Count > 0)
            taken.Add((await queue.TakeAsync())!.Value.Key);
        Assert.Equal(["big/urgent", "big/1", "small/1", "other/1", "big/2", "small/2", "big/3", "big/4"], taken);
    }

    [Fact]
    public void Failures_of_all_keys_together_come_back_at_a_limited_rate()
    {
        using var queue = new WorkQueue<int>(new() { Time = _time, BaseDelay = TimeSpan.FromMilliseconds(10), RetriesPerSecond = 100 });
        for (var i = 0; i < 1200; i++)
            queue.AddRateLimited(i);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(queue.Count, 295, 305);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(1200, queue.Count);
    }

    [Fact]
    public async Task The_longest_running_key_is_told()
    {
        using var reader = new PrometheusReader(["Kilonova.Kubernetes"]);
        using var queue = new WorkQueue<string>(new() { Time = _time, Name = "longest" });
        Assert.Equal(TimeSpan.Zero, queue.LongestRunning);
        queue.Add("a");
        queue.Add("b");
        await queue.TakeAsync();
        _time.Advance(TimeSpan.FromSeconds(5));
        await queue.TakeAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(7), queue.LongestRunning);
        queue.AddRateLimited("c");
        var output = new ArrayBufferWriter<byte>();
        reader.Write(output);
        var text = Encoding.UTF8.GetString(output.WrittenSpan);
        foreach (var sample in (string[])["kubernetes_workqueue_longest_running_seconds{queue=\"longest\"} 7", "kubernetes_workqueue_depth{queue=\"longest\"} 0", "kubernetes_workqueue_adds_total{queue=\"longest\"} 2", "kubernetes_workqueue_retries_total{queue=\"longest\"} 1", "kubernetes_workqueue_latency_seconds_count{queue=\"longest\"} 2"])
            Assert.Contains(sample, text, StringComparison.Ordinal);
        queue.Done("a");
        Assert.Equal(TimeSpan.FromSeconds(2), queue.LongestRunning);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Shut_down_wakes_every_waiter(bool drain)
    {
        _queue.Add("a");
        _queue.AddAfter("later", TimeSpan.FromSeconds(1));
        _queue.ShutDown(drain);
        _queue.Add("b");
        _time.Advance(TimeSpan.FromSeconds(2));

        var taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _queue.TakeAsync().AsTask()));

        Assert.Equal(drain ? ["a"] : [], taken.OfType<WorkItem<string>>().Select(t => t.Key));
    }

    [Fact]
    public async Task Many_workers_never_hold_the_same_key()
    {
        using var queue = new WorkQueue<int>();
        var holders = new int[16];
        var handled = 0;
        var workers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (await queue.TakeAsync() is { } item)
            {
                Assert.Equal(1, Interlocked.Increment(ref holders[item.Key]));
                await Task.Yield();
                Interlocked.Decrement(ref holders[item.Key]);
                Interlocked.Increment(ref handled);
                queue.Done(item.Key);
            }
        })).ToList();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
                queue.Add((i * (n + 3)) % 16, (Priority)(i % 3));
        })));

        await Eventually.TrueAsync(() => queue.Count == 0, "the queue is empty");
        queue.ShutDown(drain: true);
        await Task.WhenAll(workers);
        Assert.InRange(handled, 16, 80_000);
    }
}
