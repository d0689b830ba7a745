using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.Events;

/// <summary>
/// Records Events. Recording never waits and never fails: what cannot be sent is counted and dropped. An event that repeats
/// becomes one object with a count; an object about which too much is said is throttled.
/// </summary>
public sealed class EventRecorder
{
    private static readonly Counter<long> s_recorded = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.events.recorded", description: "Events handed to the recorder.");

    private static readonly Counter<long> s_dropped = ClientMetrics.Meter.CreateCounter<long>(
        "kubernetes.events.dropped", description: "Events not written: queue_full, throttled, refused.");

    private readonly Channel<Occurrence> _channel;
    private readonly EventSeriesTable _series;
    private readonly EventRecorderOptions _options;
    private readonly Resource<Event> _events;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private long _dropped;

    /// <summary>Creates a recorder; events are sent while <see cref="RunAsync"/> runs.</summary>
    public EventRecorder(KubernetesClient client, EventRecorderOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _events = client.Resource(CoreResources.Events);
        _time = client.Options.Time;
        _logger = client.Options.LoggerFactory.CreateLogger("Kilonova.Kubernetes.Events");
        _series = new EventSeriesTable(options, _time);
        _channel = Channel.CreateBounded<Occurrence>(
            new BoundedChannelOptions(options.Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    }

    /// <summary>Events that were not written, for whatever reason.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Records that something happened.</summary>
    /// <param name="regarding">To what: <see cref="ObjectReference.To{T}"/>.</param>
    /// <param name="type">Whether somebody may have to act.</param>
    /// <param name="reason">Why, one CamelCase word.</param>
    /// <param name="action">What was done or tried, one CamelCase word.</param>
    /// <param name="note">A sentence; cut at 1 KiB.</param>
    public void Record(ObjectReference regarding, EventType type, string reason, string action, string note)
    {
        ArgumentNullException.ThrowIfNull(regarding);
        s_recorded.Add(1);
        var occurrence = new Occurrence(new EventKey(regarding.ApiVersion, regarding.Kind, regarding.Namespace, regarding.Name, regarding.Uid, type, reason, action), regarding, note, _time.GetUtcNow());
        if (!_channel.Writer.TryWrite(occurrence))
            Drop("queue_full");
    }

    /// <summary>Sends events until cancelled, then what is still waiting, within <paramref name="flush"/>.</summary>
    public async Task RunAsync(CancellationToken stop, TimeSpan? flush = null)
    {
        var read = _channel.Reader;
        try
        {
            while (true)
            {
                var wait = _series.NextUpdate();
                using var timer = new CancellationTokenSource(wait, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timer.Token);
                try
                {
                    await read.WaitToReadAsync(either.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (!stop.IsCancellationRequested)
                {
                    // Time to update a series.
                }

                await SendReadyAsync(flushSeries: false, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            using var last = new CancellationTokenSource(flush ?? TimeSpan.FromSeconds(2), _time);
            try
            {
                await SendReadyAsync(flushSeries: true, last.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                while (read.TryRead(out _))
                    Drop("stopped");
            }
        }
    }

    private async Task SendReadyAsync(bool flushSeries, CancellationToken cancel)
    {
        while (_channel.Reader.TryRead(out var occurrence))
        {
            switch (_series.Add(occurrence))
            {
                case SeriesVerdict.First:
                    await SendAsync(occurrence.Key, series => CreateAsync(occurrence, series, cancel)).ConfigureAwait(false);
                    break;
                case SeriesVerdict.Throttled:
                    Drop("throttled");
                    break;
                default:
                    break;
            }
        }

        foreach (var key in _series.TakeDue(flushSeries))
            await SendAsync(key, series => UpdateAsync(key, series, cancel)).ConfigureAwait(false);
    }

    private async Task SendAsync(EventKey key, Func<EventSeriesTable.Series, Task<Event>> send)
    {
        if (_series.Find(key) is not { } series)
            return;
        try
        {
            series.Written = await send(series).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Stopped in the middle: to be sent with what is left.
            series.Changed = true;
            throw;
        }
        catch (Exception e) when (e is KubernetesException or KubernetesConnectionException or KubernetesDecodeException)
        {
            // An event whose object could not be made has no series to count on.
            if (series.Written is null)
                _series.Remove(key);
            Drop("refused");
            LogMessages.EventLost(_logger, key.Reason, $"{key.Kind} {key.Namespace}/{key.Name}", e.Message);
        }
    }

    private Task<Event> CreateAsync(Occurrence first, EventSeriesTable.Series series, CancellationToken cancel)
    {
        // Events about cluster-scoped objects live in "default", as kubectl looks for them there.
        var ns = first.Regarding.Namespace ?? "default";
        return _events.CreateAsync(
            new Event
            {
                Metadata = new ObjectMeta { Namespace = ns, Name = $"{Shorten(first.Regarding.Name ?? "object", 200)}.{Guid.NewGuid().ToString("N")[..16]}" },
                EventTime = first.At,
                ReportingController = _options.Controller,
                ReportingInstance = Shorten(_options.Instance, 128),
                Action = Shorten(first.Key.Action, 128),
                Reason = Shorten(first.Key.Reason, 128),
                Regarding = first.Regarding,
                Note = Shorten(first.Note, 1024),
                Type = first.Key.Type.ToString(),
                Series = series.Count > 1 ? new EventSeries { Count = series.Count, LastObservedTime = series.Last.At } : null,
            },
            cancel);
    }

    private async Task<Event> UpdateAsync(EventKey key, EventSeriesTable.Series series, CancellationToken cancel)
    {
        if (series.Written is not { } written)
            return await CreateAsync(series.Last, series, cancel).ConfigureAwait(false);
        var patch = new System.Text.Json.Nodes.JsonObject
        {
            ["note"] = Shorten(series.Last.Note, 1024),
            ["series"] = new System.Text.Json.Nodes.JsonObject
            {
                ["count"] = series.Count,
                ["lastObservedTime"] = series.Last.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
            },
        };
        try
        {
            return await _events.PatchMergeAsync(NamespacedName.Of(written), patch, Guard.Identity(written), cancel: cancel).ConfigureAwait(false);
        }
        catch (KubernetesException e) when (e.IsGuardFailure)
        {
            // Events expire; the series goes on in a new one.
            return await CreateAsync(series.Last, series, cancel).ConfigureAwait(false);
        }
    }

    private void Drop(string cause)
    {
        Interlocked.Increment(ref _dropped);
        s_dropped.Add(1, new KeyValuePair<string, object?>("cause", cause));
    }

    /// <summary>At most that many UTF-8 bytes, without half characters: the API counts bytes.</summary>
    private static string Shorten(string text, int bytes)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(text) <= bytes)
            return text;
        var used = 0;
        var end = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (used + rune.Utf8SequenceLength > bytes)
                break;
            used += rune.Utf8SequenceLength;
            end += rune.Utf16SequenceLength;
        }

        return text[..end];
    }
}
