using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Events;
using Kilonova.Libvirt.Host;
using Kilonova.Libvirt.Native;

namespace Kilonova.Libvirt.Connections;

/// <summary>
/// One connection to one libvirt daemon. Safe to use from any number of tasks. Once lost (<see cref="Lost"/>) it stays so: open
/// another, or use <see cref="LibvirtHost"/>, which does.
/// </summary>
public sealed class LibvirtConnection : ICallRoute, IAsyncDisposable
{
    private readonly LibvirtConnectionOptions options;
    private readonly TimeProvider timeProvider;
    private readonly CallThreads threads;
    private readonly List<int> eventCallbacks = [];
    private readonly TaskCompletionSource<string> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ConnectHandle? handle;
    private CallbackCookie? closeCookie;
    private volatile bool abandoned;
    private int disposed;

    /// <summary>Not yet open.</summary>
    internal LibvirtConnection(string uri, LibvirtConnectionOptions options, TimeProvider timeProvider)
    {
        Uri = uri;
        this.options = options;
        this.timeProvider = timeProvider;
        threads = new CallThreads($"libvirt {uri}", options.MaxCallsInFlight, options.CallTimeout, timeProvider, Abandon);
        Domains = new DomainOperations(this);
        Host = new HostOperations(this);
    }

    /// <summary>Where it leads.</summary>
    public string Uri { get; }

    /// <summary>Calls on domains.</summary>
    public DomainOperations Domains { get; }

    /// <summary>Calls on the host.</summary>
    public HostOperations Host { get; }

    /// <summary>Completes with the reason when the connection breaks, is abandoned at a time-out, or is disposed.</summary>
    public Task<string> Lost => lost.Task;

    /// <summary>Whether it still takes calls.</summary>
    public bool IsUsable => !lost.Task.IsCompleted;

    /// <summary>Completes when the native connection is closed; for an abandoned one, when its last call has come back.</summary>
    internal Task Closed => closed.Task;

    /// <summary>What <c>virConnectClose</c> answered: 0 if nothing of ours was left behind.</summary>
    internal int? ReferencesLeft => handle?.ReferencesLeft;

    /// <summary>Opens a connection to <paramref name="uri"/>, such as <c>qemu:///system</c>.</summary>
    /// <exception cref="LibvirtException">Nobody answers there, or not within the call time-out.</exception>
    /// <exception cref="DllNotFoundException">libvirt.so.0 is not installed.</exception>
    public static async Task<LibvirtConnection> OpenAsync(
        string uri,
        LibvirtConnectionOptions? options = null,
        TimeProvider? timeProvider = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(uri);
        var connection = new LibvirtConnection(uri, options ?? new LibvirtConnectionOptions(), timeProvider ?? TimeProvider.System);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    /// <summary>
    /// Delivers domain events of all domains to <paramref name="stream"/> until the connection is lost or disposed. libvirt takes each
    /// kind once per connection.
    /// </summary>
    public Task SubscribeAsync(
        LibvirtEventStream stream, DomainEventKinds kinds = DomainEventKinds.All, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return CallAsync(
            "virConnectDomainEventRegisterAny",
            connection =>
            {
                foreach (var (eventId, callback) in DomainEventCallbacks.Of(kinds))
                    Register(connection, stream, eventId, callback);
                return 0;
            },
            cancellationToken);
    }

    /// <summary>
    /// Waits for calls in flight, deregisters callbacks, closes. An abandoned connection is left to close itself when its last call
    /// comes back.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            threads.Refuse(LibvirtException.Abandoned($"the connection to {Uri} is closed"));
            threads.WhenDrained(Close);
        }

        if (abandoned)
            return;
        try
        {
            await closed.Task.WaitAsync(options.CallTimeout, timeProvider);
        }
        catch (TimeoutException)
        {
            Abandon("closing it did not return in time");
        }
    }

    Task<T> ICallRoute.QueryAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken)
        => CallAsync(operation, call, cancellationToken);

    Task<T> ICallRoute.MutateAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken)
        => CallAsync(operation, call, cancellationToken);

    /// <summary>Opens it; on failure it is disposed.</summary>
    internal async Task OpenAsync(CancellationToken cancellationToken)
    {
        _ = EventLoop.Current;
        try
        {
            await EnqueueAsync("virConnectOpen", Open, cancellationToken).WaitAsync(cancellationToken);
        }
        catch
        {
            // The call itself cannot be cancelled; the connection closes itself once it returns.
            if (cancellationToken.IsCancellationRequested)
                Abandon("opening was cancelled");
            await DisposeAsync();
            throw;
        }
    }

    internal Task<T> CallAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken)
        => EnqueueAsync(
            operation,
            () =>
            {
                try
                {
                    return call(handle!);
                }
                catch (LibvirtException error) when (error.IsConnectionLost)
                {
                    // RPC errors also report what the connection survives, such as an oversized message.
                    if (LibvirtNative.virConnectIsAlive(handle!) == 1)
                        error.ConnectionSurvived = true;
                    else
                        MarkLost(error.Message);
                    throw;
                }
            },
            cancellationToken);

    private Task<T> EnqueueAsync<T>(string operation, Func<T> body, CancellationToken cancellationToken)
    {
        var call = new NativeCall<T>(operation, body, cancellationToken);
        threads.Enqueue(call);
        return call.Result;
    }

    private unsafe int Open()
    {
        var pointer = LibvirtNative.virConnectOpen(Uri);
        if (pointer == 0)
            throw LibvirtException.NotConnected(NativeError.Last());
        handle = new ConnectHandle(pointer);

        var interval = (int)options.KeepAliveInterval.TotalSeconds;
        if (interval > 0 && LibvirtNative.virConnectSetKeepAlive(handle, interval, (uint)options.KeepAliveCount) < 0
            && NativeError.Last() is { IsUnsupported: false } error)
        {
            throw error;
        }

        closeCookie = new CallbackCookie(this);
        if (LibvirtNative.virConnectRegisterCloseCallback(handle, &OnClose, closeCookie.Opaque, &CallbackCookie.OnFree) < 0)
        {
            closeCookie.Free();
            throw NativeError.Last();
        }

        return 0;
    }

    private unsafe void Register(ConnectHandle connection, LibvirtEventStream stream, int eventId, nint callback)
    {
        var cookie = new CallbackCookie(stream);
        var id = LibvirtNative.virConnectDomainEventRegisterAny(
            connection, 0, eventId, (void*)callback, cookie.Opaque, &CallbackCookie.OnFree);
        if (id < 0)
        {
            cookie.Free();
            throw NativeError.Last();
        }

        lock (eventCallbacks)
            eventCallbacks.Add(id);
    }

    /// <summary>On a thread of the connection, when no call is in flight any more.</summary>
    private unsafe void Close()
    {
        try
        {
            // Opening failed.
            if (handle is null)
                return;
            // On a lost connection the remote half of a deregistration fails; the local half, which frees the cookie, is done first.
            lock (eventCallbacks)
            {
                foreach (var id in eventCallbacks)
                    _ = LibvirtNative.virConnectDomainEventDeregisterAny(handle, id);
            }

            EventLoop.BarrierAsync().Wait();
            // Drivers inside this process have no close callback and never free its cookie.
            _ = LibvirtNative.virConnectUnregisterCloseCallback(handle, &OnClose);
            closeCookie?.Free();
            handle.Dispose();
        }
#pragma warning disable CA1031 // Whoever disposes hears of it; thrown here it would end the process.
        catch (Exception error)
#pragma warning restore CA1031
        {
            closed.TrySetException(error);
        }
        finally
        {
            lost.TrySetResult("disposed");
            closed.TrySetResult();
        }
    }

    private void Abandon(string reason)
    {
        abandoned = true;
        MarkLost(reason);
    }

    private void MarkLost(string reason)
    {
        if (lost.TrySetResult(reason))
            threads.Refuse(LibvirtException.Abandoned($"the connection to {Uri} is lost: {reason}"));
    }

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static void OnClose(nint connection, int reason, nint opaque)
        => CallbackCookie.Receive<LibvirtConnection>(opaque).MarkLost(reason switch
        {
            1 => "the daemon closed it",
            2 => "the daemon does not answer keep-alive",
            3 => "closed here",
            _ => "I/O error",
        });
}
