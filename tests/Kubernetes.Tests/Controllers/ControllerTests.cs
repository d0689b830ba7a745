using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Controllers;

public sealed class ControllerTests
{
    private readonly ManualTime _time = new();

    private Controller<string> New(Func<string, CancellationToken, Task<Result>> reconcile, int workers = 1, Action<string, int, Exception>? onFailure = null) =>
        new("test", reconcile, new() { Workers = workers, OnFailure = onFailure, Queue = new() { Time = _time, BaseDelay = TimeSpan.FromSeconds(1) } });

    [Fact]
    public async Task Requests_to_look_again_are_kept_and_failures_back_off()
    {
        var calls = 0;
        var failures = new List<int>();
        using var stop = new CancellationTokenSource();
        using var controller = New(
            (_, _) => Interlocked.Increment(ref calls) switch
            {
                1 => Task.FromResult(Result.RequeueAfter(TimeSpan.FromSeconds(30))),
                2 => throw new InvalidOperationException("broken"),
                3 => Task.FromResult(Result.Requeue),
                4 => throw new KubernetesException(new() { Code = 409, Reason = "Conflict" }, "PUT x"),
                _ => Task.FromResult(Result.Done),
            },
            onFailure: (_, count, _) => failures.Add(count));
        var running = controller.RunAsync(stop.Token);
        controller.Queue.Add("a");
        await AfterAsync(1, TimeSpan.FromSeconds(30));
        await AfterAsync(2, TimeSpan.FromSeconds(1));
        await AfterAsync(3, TimeSpan.FromSeconds(2));
        await AfterAsync(4, TimeSpan.FromSeconds(4));
        await Eventually.TrueAsync(() => calls == 5 && controller.Queue.Failures("a") == 0, "the fifth reconcile succeeded");
        // A conflict is the normal course of optimistic writes, not a failure to report.
        Assert.Equal([1], failures);
        Assert.Equal(0, _time.Pending);
        await stop.CancelAsync();
        await running;

        async Task AfterAsync(int expected, TimeSpan wait)
        {
            await Eventually.TrueAsync(() => calls == expected && _time.Pending == 1, $"{expected} reconciles, the next is planned ({calls}, {_time.Pending})");
            _time.Advance(wait);
        }
    }

    [Fact]
    public async Task Stopping_finishes_what_is_in_flight_and_aborting_cancels_it()
    {
        foreach (var abort in (bool[])[false, true])
        {
            using var stop = new CancellationTokenSource();
            using var aborting = new CancellationTokenSource();
            var entered = new TaskCompletionSource();
            var release = new TaskCompletionSource();
            var cancelled = false;
            using var controller = New(async (_, cancel) =>
            {
                entered.SetResult();
                await Task.WhenAny(release.Task, Task.Delay(Timeout.Infinite, cancel));
                cancelled = cancel.IsCancellationRequested;
                return Result.Done;
            });
            controller.Queue.Add("a");
            controller.Queue.Add("b");
            var running = controller.RunAsync(stop.Token, aborting.Token);
            await entered.Task;
            await stop.CancelAsync();
            Assert.False(running.IsCompleted);
            if (abort)
                await aborting.CancelAsync();
            else
                release.SetResult();
            await running.WaitAsync(Eventually.Limit);
            Assert.Equal(abort, cancelled);
        }
    }
}
