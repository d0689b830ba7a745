using Kilonova.Libvirt.Domains;
using Kilonova.Libvirt.Events;
using Kilonova.Libvirt.Host;
using Kilonova.Libvirt.Native;

namespace Kilonova.Libvirt.Connections;

/// <summary>
/// A host's libvirt daemon for as long as the program runs: separate connections for events, queries and changes, so that a slow
/// start holds up neither a look nor an event; reconnects by itself, and says so in <see cref="Events"/>. While the daemon is away calls
/// fail at once with <see cref="LibvirtException.IsConnectionLost"/>.
/// </summary>
public sealed class LibvirtHost : ICallRoute, IAsyncDisposable
{
    private readonly LibvirtHostOptions options;
    private readonly TimeProvider timeProvider;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConnectionSlot queries;
    private readonly ConnectionSlot[] mutations;
    private readonly Lock gate = new();
    private readonly List<(LibvirtConnection Connection, Task Retired)> opened = [];
    private TaskCompletionSource connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? running;
    private volatile string? lastError = "not started";

    /// <summary>Makes the pool; nothing is opened before <see cref="Start"/>.</summary>
    public LibvirtHost(string uri, LibvirtHostOptions? options = null, TimeProvider? timeProvider = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(uri);
        Uri = uri;
        this.options = options ?? new LibvirtHostOptions();
        this.timeProvider = timeProvider ?? TimeProvider.System;
        Events = new LibvirtEventStream(this.options.EventCapacity);
        Domains = new DomainOperations(this);
        Host = new HostOperations(this);
        queries = new ConnectionSlot(token => OpenAsync(this.options.QueryTimeout, token));
        mutations = [.. Enumerable.Range(0, this.options.MutationConnections)
            .Select(_ => new ConnectionSlot(token => OpenAsync(this.options.MutationTimeout, token)))];
    }

    /// <summary>Where the daemon is.</summary>
    public string Uri { get; }

    /// <summary>Calls on domains.</summary>
    public DomainOperations Domains { get; }

    /// <summary>Calls on the host.</summary>
    public HostOperations Host { get; }

    /// <summary>
    /// Domain events, with <see cref="ConnectionLost"/> and <see cref="Reconnected"/> where there is a gap. They are registered
    /// before <see cref="ConnectAsync"/> returns, so a full look after it misses nothing. One reader.
    /// </summary>
    public LibvirtEventStream Events { get; }

    /// <summary>Whether the daemon answers.</summary>
    public bool IsConnected => lastError is null;

    /// <summary>Why it does not; null while connected.</summary>
    public string? LastError => lastError;

    /// <summary>Connections that take calls.</summary>
    internal int UsableConnections
    {
        get
        {
            lock (gate)
                return opened.Count(entry => entry.Connection.IsUsable);
        }
    }

    /// <summary>Starts connecting, and from then on reconnecting, in the background.</summary>
    /// <exception cref="DllNotFoundException">libvirt.so.0 is not installed.</exception>
    public void Start()
    {
        _ = EventLoop.Current;
        lock (gate)
            running ??= Task.Run(RunAsync);
    }

    /// <summary>Starts if need be and waits until the daemon answers. Cancel it to stop waiting; <see cref="LastError"/> says why it takes long.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        Start();
        Task waiting;
        lock (gate)
            waiting = connected.Task;
        await waiting.WaitAsync(cancellationToken);
    }

    /// <summary>A connection of its own for one long job, such as a migration, without call time-out. The caller disposes it.</summary>
    public Task<LibvirtConnection> OpenDedicatedAsync(CancellationToken cancellationToken = default)
        => LibvirtConnection.OpenAsync(
            Uri, options.Connection with { CallTimeout = Timeout.InfiniteTimeSpan }, timeProvider, cancellationToken);

    /// <summary>Closes everything and completes <see cref="Events"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        if (running is not null)
            await running;
        await CloseAllAsync();
        Events.Complete();
        stopping.Dispose();
    }

    Task<T> ICallRoute.QueryAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken)
        => queries.CallAsync(operation, call, cancellationToken);

    Task<T> ICallRoute.MutateAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken)
    {
        // The first that has a thread free, so that a quiet host has one connection; else the shortest queue.
        var slot = mutations.FirstOrDefault(m => m.Load < options.Connection.MaxCallsInFlight) ?? mutations.MinBy(m => m.Load)!;
        return slot.CallAsync(operation, call, cancellationToken);
    }

    private async Task RunAsync()
    {
        try
        {
            var delay = options.ReconnectDelay;
            long? lostAt = null;
            while (true)
            {
                try
                {
                    var connection = await OpenEventsAsync();
                    delay = options.ReconnectDelay;
                    await StayConnectedAsync(connection, lostAt);
                    lostAt = timeProvider.GetTimestamp();
                }
                catch (LibvirtException error)
                {
                    lastError = error.Message;
                    await Task.Delay(delay, timeProvider, stopping.Token);
                    delay = delay * 2 < options.MaxReconnectDelay ? delay * 2 : options.MaxReconnectDelay;
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task StayConnectedAsync(LibvirtConnection connection, long? lostAt)
    {
        lastError = null;
        if (lostAt is { } since)
            Events.Publish(new Reconnected(timeProvider.GetElapsedTime(since)));
        lock (gate)
            connected.TrySetResult();

        var reason = await connection.Lost.WaitAsync(stopping.Token);
        lastError = reason;
        lock (gate)
            connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Events.Publish(new ConnectionLost(reason));
        await CloseAllAsync();
    }

    private async Task<LibvirtConnection> OpenEventsAsync()
    {
        var connection = await TrackAsync(options.QueryTimeout, stopping.Token);
        try
        {
            await connection.SubscribeAsync(Events, options.Events, stopping.Token);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>For queries and changes: only while the event connection stands, which alone tries a dead daemon again and again.</summary>
    private Task<LibvirtConnection> OpenAsync(TimeSpan timeout, CancellationToken cancellationToken)
        => lastError is { } error
            ? Task.FromException<LibvirtConnection>(LibvirtException.NotConnected($"not connected to {Uri}: {error}"))
            : TrackAsync(timeout, cancellationToken);

    private async Task<LibvirtConnection> TrackAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var connection = new LibvirtConnection(Uri, options.Connection with { CallTimeout = timeout }, timeProvider);
        lock (gate)
        {
            if (stopping.IsCancellationRequested)
                throw LibvirtException.Abandoned($"the connections to {Uri} are closed");
            opened.RemoveAll(entry => entry.Connection.Closed.IsCompleted && entry.Retired.IsCompletedSuccessfully);
            if (opened.Count(entry => !entry.Connection.IsUsable) is var hanging && hanging >= options.MaxAbandonedConnections)
                throw LibvirtException.NotConnected($"{hanging} connections to {Uri} are abandoned with calls that have not come back");
            // Known before it is open: an opening that hangs counts too.
            opened.Add((connection, RetireAsync(connection)));
        }

        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private static async Task RetireAsync(LibvirtConnection connection)
    {
        await connection.Lost;
        await connection.DisposeAsync();
    }

    private async Task CloseAllAsync()
    {
        (LibvirtConnection Connection, Task Retired)[] closing;
        lock (gate)
            closing = [.. opened];
        queries.Clear();
        foreach (var slot in mutations)
            slot.Clear();
        foreach (var (connection, _) in closing)
            await connection.DisposeAsync();
        await Task.WhenAll(closing.Select(entry => entry.Retired));
    }
}
