using System.Diagnostics.CodeAnalysis;
using System.Net;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Watch;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.Cache;

/// <summary>
/// Keeps the objects of a scope in memory by list and watch, resumes where a watch ended, lists anew when the
/// server cannot resume, and tells what changed. Objects that vanished while nobody watched are told as deleted.
/// </summary>
/// <remarks>
/// A cache is always late: it serves to know what to look at. What justifies a guarded or destructive write is
/// read with <see cref="Resource{T}.GetAsync"/>.
/// </remarks>
/// <typeparam name="T">The kind's record.</typeparam>
public sealed class Informer<T>
    where T : KubernetesObject
{
    private readonly Resource<T> _resource;
    private readonly WatchScope _scope;
    private readonly InformerOptions<T> _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Reflection<T> _reflection;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;

    /// <summary>Whether the cache is what the server had at its version, so that a watch can go on from there.</summary>
    private bool _hasBase;

    /// <summary>Creates an informer; it does nothing until it is run.</summary>
    public Informer(Resource<T> resource, WatchScope scope, InformerOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(resource);
        _resource = resource;
        _scope = scope;
        _ = resource.Type.ScopePath(scope);
        _options = options ?? new InformerOptions<T>();
        _time = resource.Options.Time;
        _logger = resource.Options.LoggerFactory.CreateLogger("Kilonova.Kubernetes.Cache");
        _reflection = new Reflection<T>(resource.Type.Name, _options.Transform, _time, _logger);
    }

    /// <summary>Whether the first list is in the cache and was told to the handlers.</summary>
    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>Version that the cache has reached; null before the first list.</summary>
    public string? ResourceVersion => _reflection.ResourceVersion;

    /// <summary>Why the cache does not follow the server at the moment, or a handler the cache; null when they do.</summary>
    public string? Trouble
    {
        get => field ?? _reflection.HandlerTrouble;
        private set;
    }

    /// <summary>Number of objects.</summary>
    public int Count => _reflection.Store.Count;

    /// <summary>Objects that exist but cannot be read by this version; those known before keep their last readable state.</summary>
    public IReadOnlyList<DecodeFailure> Undecodable => _reflection.Undecodable;

    /// <summary>
    /// Calls <paramref name="handler"/> for each change, in order, after the cache holds it. It runs on the informer's loop: it
    /// should only note the change, for instance add a key to a queue. While it works, changes of the same object become one; when it throws,
    /// it is told again, with back-off, and <see cref="Trouble"/> says so.
    /// </summary>
    /// <exception cref="InvalidOperationException">The informer runs already.</exception>
    public void OnChange(Action<Change<T>> handler)
    {
        if (_running != 0)
            throw new InvalidOperationException("handlers are added before the informer runs");
        _reflection.Handlers.Add(handler);
    }

    /// <summary>Indexes objects by one value; null leaves an object out. The function must not throw.</summary>
    public Index<T> AddIndex(Func<T, string?> value) => AddIndex(obj => value(obj) is { } v ? [v] : Array.Empty<string>());

    /// <summary>Indexes objects by any number of values. The function must not throw.</summary>
    public Index<T> AddIndex(Func<T, IEnumerable<string>> values) => _reflection.Store.AddIndex(values);

    /// <summary>The cached object, if there is one.</summary>
    public bool TryGet(NamespacedName key, [NotNullWhen(true)] out T? obj) => _reflection.Store.TryGet(key, out obj);

    /// <summary>The cached object, or null.</summary>
    public T? Get(NamespacedName key) => _reflection.Store.TryGet(key, out var obj) ? obj : null;

    /// <summary>All cached objects, as of now.</summary>
    public IReadOnlyList<T> List() => _reflection.Store.ToArray();

    /// <summary>
    /// Takes over what a write returned, so that the next read of the cache is not older than one's own write. Ignored when the
    /// cache has seen something newer. The object must be in the informer's scope.
    /// </summary>
    public void Observe(T written) => _reflection.Observe(written);

    /// <summary>Waits for <see cref="HasSynced"/>.</summary>
    public Task WaitForSyncAsync(CancellationToken cancel = default) => _synced.Task.WaitAsync(cancel);

    /// <summary>
    /// Compares the cache with a fresh list. Both move: what differs is looked at again until it is equal or <paramref name="patience"/>
    /// is over. What is told then is a defect of whoever fills the cache, this class included.
    /// </summary>
    /// <returns>What differs still; empty when cache and server agree.</returns>
    /// <exception cref="KubernetesException">The server refused the list.</exception>
    /// <exception cref="KubernetesConnectionException">The server did not answer.</exception>
    public async Task<IReadOnlyList<CacheDifference>> AuditAsync(TimeSpan patience, CancellationToken cancel = default)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            var list = await _resource.ListAsync(_scope, ListOptions(), cancel).ConfigureAwait(false);
            var differences = _reflection.Compare(list);
            if (differences.Count == 0 || _time.GetElapsedTime(started) >= patience)
            {
                CacheMetrics.AuditDifferences.Add(differences.Count, new KeyValuePair<string, object?>("resource", _resource.Type.Name));
                return differences;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Follows the server until cancelled. Failures are logged and retried for ever; a missing permission or CRD is one.</summary>
    /// <exception cref="InvalidOperationException">It runs already.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _running, 1) != 0)
            throw new InvalidOperationException("an informer runs once");
        var failures = 0;
        var kind = default(HttpStatusCode);
        string? version = null;
        while (!cancel.IsCancellationRequested)
        {
            var started = _time.GetTimestamp();
            try
            {
                await FollowAsync(version, cancel).ConfigureAwait(false);
                version = _reflection.ResourceVersion;
                LogMessages.WatchEnded(_logger, _resource.Type.Name, _scope.ToString(), "by the server", version!);
                // A watch that lasted is resumed at once; one that ends as soon as it begins would be a hot loop.
                if (_time.GetElapsedTime(started) >= TimeSpan.FromSeconds(1))
                {
                    failures = 0;
                    continue;
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // an informer that ends leaves its users blind: whatever happens is visible and tried again
            catch (Exception e)
#pragma warning restore CA1031
            {
                // Another kind of failure is news: after an outage, "too old" must not wait as long as the last try to connect did.
                if (_time.GetElapsedTime(started) >= _options.HealthyAfter || Kind(e) != kind)
                    failures = 0;
                kind = Kind(e);
                version = MustList(e) || !_hasBase ? null : _reflection.ResourceVersion;
                Failed(e, version);
            }

            if (!await BackOffAsync(failures++, cancel).ConfigureAwait(false))
                return;
        }
    }

    /// <summary>What the server answered; zero when it did not.</summary>
    private static HttpStatusCode Kind(Exception e) => e is KubernetesException k ? k.Code : default;

    /// <summary>Whether the watch cannot go on from where it was.</summary>
    private static bool MustList(Exception e) => e switch
    {
        KubernetesException k => k.IsExpired && !k.IsTooLargeResourceVersion,
        // Silence although the connection is alive: the server may wait for a version that it no longer reaches.
        KubernetesConnectionException c => c.IsSilence,
        _ => true,
    };

    /// <summary>Lists if there is no version to resume from, and watches until the watch ends.</summary>
    private async Task FollowAsync(string? version, CancellationToken cancel)
    {
        _hasBase = version is not null;
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (version is null && _options.StreamLists && _resource.Features.MayStreamLists)
        {
            await using var stream = await StreamAsync(reading.Token).ConfigureAwait(false);
            if (stream is not null)
            {
                await WatchAsync(stream.Rest, reading, cancel).ConfigureAwait(false);
                return;
            }
        }

        version ??= await ListAsync(cancel).ConfigureAwait(false);
        await using var watch = await _resource.WatchAsync(_scope, version, WatchOptions(), reading.Token).ConfigureAwait(false);
        await using var events = watch.GetAsyncEnumerator(CancellationToken.None);
        await WatchAsync(events, reading, cancel).ConfigureAwait(false);
    }

    /// <summary>A list by the beginning of a watch; null when the server does not do that.</summary>
    private async Task<StreamedList<T>?> StreamAsync(CancellationToken cancel)
    {
        string cause;
        try
        {
            var options = WatchOptions() with { SendInitialEvents = true };
            var stream = await StreamedList<T>.ReadAsync(_resource, _scope, options, cancel).ConfigureAwait(false);
            Listed(stream.List);
            return stream;
        }
        catch (KubernetesException e) when (e.Code is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity)
        {
            cause = e.Message;
        }
        catch (KubernetesConnectionException e) when (e.IsSilence)
        {
            // Servers from before KEP-3157 take the question for an ordinary one and never say where the beginning ends.
            cause = "it does not say where the list ends";
        }

        _resource.Features.NoStreamedLists();
        LogMessages.NoStreamedLists(_logger, _resource.Type.Name, cause);
        return null;
    }

    private async Task<string> ListAsync(CancellationToken cancel)
    {
        var list = await _resource.ListAsync(_scope, ListOptions(), cancel).ConfigureAwait(false);
        Listed(list);
        return list.ResourceVersion;
    }

    private void Listed(ResourceList<T> list)
    {
        CacheMetrics.Lists.Add(1, new KeyValuePair<string, object?>("resource", _resource.Type.Name));
        _reflection.Replace(list);
        LogMessages.Listed(_logger, _resource.Type.Name, _scope.ToString(), list.Items.Count, list.ResourceVersion);
        Trouble = null;
        _hasBase = true;
        _synced.TrySetResult();
    }

    private ListOptions ListOptions() => new() { LabelSelector = _options.LabelSelector, FieldSelector = _options.FieldSelector };

    private WatchOptions WatchOptions() => new()
    {
        LabelSelector = _options.LabelSelector,
        FieldSelector = _options.FieldSelector,
        // Spread, so that the watches of many clients do not end together.
        Timeout = _options.WatchTimeout * (1 + Random.Shared.NextDouble()),
        IdleTimeout = _options.IdleTimeout,
    };

    /// <summary>Reads events until the watch ends; another task applies them, so that slow handlers do not hold up the connection.</summary>
    private async Task WatchAsync(IAsyncEnumerator<WatchEvent<T>> events, CancellationTokenSource reading, CancellationToken cancel)
    {
        Trouble = null;
        CacheMetrics.Watches.Add(1, new KeyValuePair<string, object?>("resource", _resource.Type.Name));
        using var pending = new PendingEvents<T>(_time);
        var applying = Task.Run(() => ApplyAsync(pending, reading, cancel), CancellationToken.None);
        try
        {
            while (await events.MoveNextAsync().ConfigureAwait(false))
                pending.Add(events.Current);
        }
        catch (OperationCanceledException) when (applying.IsFaulted || !cancel.IsCancellationRequested)
        {
            // What could not be applied is told below.
        }
        finally
        {
            // What was read counts: the watch is resumed behind it.
            pending.Complete();
            await applying.ConfigureAwait(false);
        }
    }

    private async Task ApplyAsync(PendingEvents<T> pending, CancellationTokenSource reading, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                var (happened, more) = await pending.TakeAsync(_reflection.TellOwed(), cancel).ConfigureAwait(false);
                if (!more)
                    return;
                if (happened is { } e)
                    _reflection.Apply(e);
            }
        }
        catch
        {
            await reading.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Failed(Exception e, string? version)
    {
        CacheMetrics.Failures.Add(1, new("resource", _resource.Type.Name), new("cause", e is KubernetesException k ? k.Reason : e.GetType().Name));
        Trouble = e.Message;
        if (version is null && HasSynced)
            LogMessages.Expired(_logger, _resource.Type.Name, _scope.ToString(), _reflection.ResourceVersion ?? "");
    }

    private async Task<bool> BackOffAsync(int failures, CancellationToken cancel)
    {
        var ceiling = Math.Min(_options.MinBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)), _options.MaxBackoff.TotalMilliseconds);
        var wait = TimeSpan.FromMilliseconds(ceiling * (0.5 + (Random.Shared.NextDouble() / 2)));
        LogMessages.InformerFailed(_logger, _resource.Type.Name, _scope.ToString(), Trouble ?? "the watch ended at once", wait.TotalMilliseconds);
        try
        {
            await Task.Delay(wait, _time, cancel).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
