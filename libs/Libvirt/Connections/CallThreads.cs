using Kilonova.Libvirt.Events;

namespace Kilonova.Libvirt.Connections;

/// <summary>
/// The dedicated threads of one connection, at most as many as calls may be in flight. libvirt's errors are thread-local and its
/// calls block, so neither may happen on the thread pool. Threads are started when needed and leave when idle.
/// </summary>
internal sealed class CallThreads(string name, int limit, TimeSpan timeout, TimeProvider timeProvider, Action<string> abandoned)
{
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);

    private readonly object gate = new();
    private readonly Queue<NativeCall> queue = new();
    private LibvirtException? refusal;
    private Action? close;
    private int threads;
    private int idle;
    private int running;
    private bool ended;

    internal void Enqueue(NativeCall call)
    {
        lock (gate)
        {
            if (refusal is null)
            {
                queue.Enqueue(call);
                WakeOrStartThread();
                return;
            }
        }

        call.Fail(LibvirtException.Abandoned(refusal.Message, refusal.InnerException));
    }

    /// <summary>Takes no more calls and fails those that have not begun. Calls in flight go on.</summary>
    internal void Refuse(LibvirtException reason)
    {
        NativeCall[] waiting;
        lock (gate)
        {
            if (refusal is not null)
                return;
            refusal = reason;
            waiting = [.. queue];
            queue.Clear();
        }

        foreach (var call in waiting)
            call.Fail(LibvirtException.Abandoned(reason.Message, reason.InnerException));
    }

    /// <summary>
    /// Runs <paramref name="action"/> on one of the threads once the last call in flight has returned, and ends the threads. After
    /// <see cref="Refuse"/>.
    /// </summary>
    internal void WhenDrained(Action action)
    {
        lock (gate)
        {
            close = action;
            WakeOrStartThread();
        }
    }

    private void WakeOrStartThread()
    {
        if (idle > 0 && idle >= queue.Count)
            Monitor.Pulse(gate);
        else if (threads < limit)
            StartThread();
        else if (idle > 0)
            Monitor.Pulse(gate);
    }

    private void StartThread()
    {
        threads++;
        new Thread(Serve, EventLoop.CallStackBytes) { IsBackground = true, Name = name }.Start();
    }

    private void Serve()
    {
        while (Next() is { } work)
            work();
    }

    /// <summary>What a thread does next; null when it is to end, because nothing came for a while.</summary>
    private Action? Next()
    {
        lock (gate)
        {
            while (true)
            {
                if (queue.TryDequeue(out var call))
                {
                    running++;
                    return () => RunOne(call);
                }

                if (close is { } last && running == 0)
                {
                    close = null;
                    ended = true;
                    Monitor.PulseAll(gate);
                    return last;
                }

                if (ended)
                    return null;

                idle++;
                var woken = Monitor.Wait(gate, IdleLimit);
                idle--;
                if (!woken && queue.Count == 0 && close is null)
                {
                    threads--;
                    return null;
                }
            }
        }
    }

    private void RunOne(NativeCall call)
    {
        if (call.TryStart())
        {
            using var timer = timeout == Timeout.InfiniteTimeSpan
                ? null
                : timeProvider.CreateTimer(GiveUp, call, timeout, Timeout.InfiniteTimeSpan);
            call.Run();
        }

        lock (gate)
            running--;
    }

    private void GiveUp(object? state)
    {
        var call = (NativeCall)state!;
        var message = $"{call.Operation} did not return within {timeout.TotalSeconds:0.###} s; its connection is abandoned";
        if (call.Fail(LibvirtException.Abandoned(message, new TimeoutException(message))))
            abandoned(message);
    }
}
