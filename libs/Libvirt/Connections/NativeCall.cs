namespace Kilonova.Libvirt.Connections;

/// <summary>One call: queued, run on a thread of its connection, and either finished there or given up at its time-out.</summary>
internal abstract class NativeCall(string operation)
{
    private const int Queued = 0;
    private const int Running = 1;
    private const int Ended = 2;
    private int state;

    internal string Operation { get; } = operation;

    /// <summary>Runs the call on the present thread. False when it was given up meanwhile: nobody hears of the outcome.</summary>
    internal abstract bool Run();

    /// <summary>Ends the call with an error unless it has ended.</summary>
    internal abstract bool Fail(LibvirtException error);

    internal bool TryStart() => Interlocked.CompareExchange(ref state, Running, Queued) == Queued;

    protected bool TryEnd() => Interlocked.Exchange(ref state, Ended) != Ended;
}

/// <inheritdoc/>
internal sealed class NativeCall<T> : NativeCall
{
    private readonly TaskCompletionSource<T> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<T> body;
    private readonly CancellationTokenRegistration cancellation;

    /// <summary>A token counts only while the call is queued: what has reached libvirt cannot be called back.</summary>
    internal NativeCall(string operation, Func<T> body, CancellationToken cancellationToken)
        : base(operation)
    {
        this.body = body;
        cancellation = cancellationToken.UnsafeRegister(
            static (call, token) =>
            {
                var self = (NativeCall<T>)call!;
                if (self.TryStart() && self.TryEnd())
                    self.result.TrySetCanceled(token);
            },
            this);
    }

    internal Task<T> Result => result.Task;

    internal override bool Run()
    {
        cancellation.Unregister();
        try
        {
            var value = body();
            if (!TryEnd())
                return false;
            result.TrySetResult(value);
        }
        catch (LibvirtException error)
        {
            error.Operation ??= Operation;
            if (!TryEnd())
                return false;
            result.TrySetException(error);
        }
#pragma warning disable CA1031 // Whatever the body throws belongs to the awaiting caller, not to the worker thread.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (!TryEnd())
                return false;
            result.TrySetException(error);
        }

        return true;
    }

    internal override bool Fail(LibvirtException error)
    {
        if (!TryEnd())
            return false;
        cancellation.Unregister();
        error.Operation ??= Operation;
        result.TrySetException(error);
        return true;
    }
}
