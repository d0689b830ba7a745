using System.Buffers;
using System.Text.Json;
using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

/// <summary>
/// Reads a list response object by object, so that memory holds one raw object at a time, never the whole text,
/// and so that one unreadable object does not cost the others.
/// </summary>
internal sealed class ListReader<T>(ResourceType<T> type, int maxObject)
    where T : KubernetesObject
{
    private const int InitialBuffer = 64 * 1024;

    private Place _place;

    private enum Place
    {
        Start,
        Root,
        Items,
        End,
    }

    /// <summary>Version, continue token.</summary>
    public ListMeta Meta { get; private set; } = new();

    public List<T> Items { get; } = [];

    public List<DecodeFailure> Failures { get; } = [];

    /// <exception cref="JsonException">Not a list.</exception>
    public async ValueTask ReadAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(InitialBuffer);
        try
        {
            var filled = 0;
            var state = default(JsonReaderState);
            while (true)
            {
                if (filled == buffer.Length)
                    buffer = Grow(buffer, filled);
                var read = await stream.ReadAsync(buffer.AsMemory(filled), cancel).ConfigureAwait(false);
                filled += read;
                var used = Process(buffer.AsSpan(0, filled), isFinal: read == 0, ref state);
                if (used > 0)
                {
                    buffer.AsSpan(used, filled - used).CopyTo(buffer);
                    filled -= used;
                }

                if (read == 0)
                    break;
            }

            // A connection that ended early must not pass for a short list: "absent" has consequences.
            if (_place != Place.End)
                throw new IOException("the list ended before its end");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private byte[] Grow(byte[] buffer, int filled)
    {
        if (buffer.Length >= maxObject)
            throw new JsonException($"an object of more than {maxObject} bytes");
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    /// <summary>Takes what is complete in <paramref name="span"/>; returns how many bytes are done with.</summary>
    private int Process(ReadOnlySpan<byte> span, bool isFinal, ref JsonReaderState state)
    {
        if (isFinal && (_place == Place.End || span.Length == 0))
            return 0;
        // Never "final" to the parser: a truncated text is told by where it ended, as a connection failure.
        var reader = new Utf8JsonReader(span, isFinalBlock: false, state);
        while (_place != Place.End)
        {
            var before = reader;
            if (!Step(ref reader, span))
            {
                reader = before;
                break;
            }
        }

        state = reader.CurrentState;
        return _place == Place.End ? span.Length : (int)reader.BytesConsumed;
    }

    private bool Step(ref Utf8JsonReader reader, ReadOnlySpan<byte> span)
    {
        if (!reader.Read())
            return false;
        switch (_place)
        {
            case Place.Start:
                if (reader.TokenType != JsonTokenType.StartObject)
                    throw new JsonException("a list is an object");
                _place = Place.Root;
                return true;
            case Place.Root when reader.TokenType == JsonTokenType.EndObject:
                _place = Place.End;
                return true;
            case Place.Root:
                return Property(ref reader, span);
            case Place.Items when reader.TokenType == JsonTokenType.EndArray:
                _place = Place.Root;
                return true;
            default:
                var start = (int)reader.TokenStartIndex;
                if (!reader.TrySkip())
                    return false;
                Item(span[start..(int)reader.BytesConsumed]);
                return true;
        }
    }

    private bool Property(ref Utf8JsonReader reader, ReadOnlySpan<byte> span)
    {
        var isItems = reader.ValueTextEquals("items"u8);
        var isMeta = reader.ValueTextEquals("metadata"u8);
        if (!reader.Read())
            return false;
        if (isItems && reader.TokenType == JsonTokenType.StartArray)
        {
            _place = Place.Items;
            return true;
        }

        var start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip())
            return false;
        if (isMeta)
            Meta = JsonSerializer.Deserialize(span[start..(int)reader.BytesConsumed], ClientJson.Default.ListMeta) ?? new();
        return true;
    }

    private void Item(ReadOnlySpan<byte> json)
    {
        if (ObjectDecoder.TryDecode(type, json, out var obj, out var failure))
            Items.Add(obj);
        else
            Failures.Add(failure);
    }
}
