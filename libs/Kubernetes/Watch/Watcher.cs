using System.Buffers;
using System.Text.Json;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Watch;

/// <summary>
/// One open watch. Enumerate it once; the enumeration ends when the server closes the watch cleanly and throws when the
/// connection fails. Dispose it to stop watching.
/// </summary>
/// <typeparam name="T">The kind's record.</typeparam>
public sealed class Watcher<T> : IAsyncEnumerable<WatchEvent<T>>, IAsyncDisposable
    where T : KubernetesObject
{
    private const string InitialEventsEnd = "k8s.io/initial-events-end";
    private const int InitialBuffer = 16 * 1024;

    private readonly ResourceType<T> _type;
    private readonly HttpResponseMessage _response;
    private readonly WatchOptions _options;
    private readonly Stream _stream;
    private readonly int _maxLine;
    private readonly TimeProvider _time;
    private readonly string _request;
    private readonly CancellationToken _cancel;

    internal Watcher(ResourceType<T> type, HttpResponseMessage response, Stream stream, WatchOptions options, KubernetesClientOptions client, string request, CancellationToken cancel)
    {
        _type = type;
        _response = response;
        _options = options;
        _stream = stream;
        _maxLine = client.MaxObjectBytes;
        _time = client.Time;
        _request = request;
        _cancel = cancel;
    }

    /// <inheritdoc/>
    /// <exception cref="KubernetesException">The server sent an ERROR event; <see cref="KubernetesException.IsExpired"/> when the version became too old.</exception>
    /// <exception cref="KubernetesConnectionException">The connection broke or fell silent.</exception>
    public async IAsyncEnumerator<WatchEvent<T>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        using var idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(_cancel, cancellationToken, idle.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(InitialBuffer);
        try
        {
            var filled = 0;
            while (true)
            {
                idle.CancelAfter(_options.IdleTimeout);
                var read = await ReadAsync(buffer.AsMemory(filled), idle, linked.Token, cancellationToken).ConfigureAwait(false);
                // What follows the last line break is half a line: the event comes again when the watch is resumed.
                if (read == 0)
                    yield break;
                var scanned = filled;
                filled += read;
                var start = 0;
                while (buffer.AsSpan(scanned, filled - scanned).IndexOf((byte)'\n') is >= 0 and var at)
                {
                    var end = scanned + at;
                    if (end > start)
                    {
                        // The consumer may be slow; that is not the server's silence.
                        idle.CancelAfter(Timeout.InfiniteTimeSpan);
                        yield return Parse(buffer.AsSpan(start, end - start));
                    }

                    start = scanned = end + 1;
                }

                buffer.AsSpan(start, filled - start).CopyTo(buffer);
                filled -= start;
                if (filled == buffer.Length)
                    buffer = Grow(buffer, filled);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _response.Dispose();
        return ValueTask.CompletedTask;
    }

    private byte[] Grow(byte[] buffer, int filled)
    {
        if (buffer.Length >= _maxLine)
            throw new KubernetesDecodeException($"an event of more than {_maxLine} bytes", null);
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationTokenSource idle, CancellationToken linked, CancellationToken consumer)
    {
        try
        {
            return await _stream.ReadAsync(buffer, linked).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new KubernetesConnectionException($"{_request}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (idle.IsCancellationRequested && !_cancel.IsCancellationRequested && !consumer.IsCancellationRequested)
        {
            throw new KubernetesConnectionException($"{_request}: silent for {_options.IdleTimeout.TotalSeconds:0} s", e) { IsSilence = true };
        }
    }

    private WatchEvent<T> Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            var type = default(string);
            var obj = default(ReadOnlySpan<byte>);
            var reader = new Utf8JsonReader(line);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = reader.ValueTextEquals("type"u8);
                var isObject = reader.ValueTextEquals("object"u8);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                if (isType)
                    type = Known(ref reader);
                reader.Skip();
                if (isObject)
                    obj = line[start..(int)reader.BytesConsumed];
            }

            return Event(type, obj);
        }
        catch (JsonException e)
        {
            throw new KubernetesDecodeException($"{_request}: not a watch event: {e.Message}", e);
        }
    }

    /// <summary>The event's type, without a new string for each event.</summary>
    private static string? Known(ref Utf8JsonReader reader)
    {
        foreach (var type in (ReadOnlySpan<string>)["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"])
        {
            if (reader.ValueTextEquals(type))
                return type;
        }

        return reader.GetString();
    }

    private WatchEvent<T> Event(string? type, ReadOnlySpan<byte> obj)
    {
        switch (type)
        {
            case "ERROR":
                var status = JsonSerializer.Deserialize(obj, ClientJson.Default.KubernetesStatus) ?? new KubernetesStatus();
                throw new KubernetesException(status, _request);
            case "BOOKMARK":
                var meta = ObjectDecoder.Metadata(obj);
                return new(WatchEventType.Bookmark, meta?.ResourceVersion, null, null) { EndsInitialEvents = meta?.Annotations?.GetValueOrDefault(InitialEventsEnd) == "true" };
            case "ADDED" or "MODIFIED" or "DELETED":
                if (!ObjectDecoder.TryDecode(_type, obj, out var decoded, out var failure))
                {
                    // An unreadable object that was deleted is gone all the same.
                    return new(WatchEventType.Undecodable, failure.ResourceVersion, null, failure with { Deleted = type == "DELETED" });
                }

                var kind = type == "ADDED" ? WatchEventType.Added : type == "MODIFIED" ? WatchEventType.Modified : WatchEventType.Deleted;
                return new(kind, decoded.Metadata.ResourceVersion, decoded, null);
            default:
                // Types that do not exist yet tell nothing and move nothing.
                return new(WatchEventType.Bookmark, null, null, null);
        }
    }
}
