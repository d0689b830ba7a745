using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kilonova.Cli.Manifests;

/// <summary>Reads JSON, and where its fields are.</summary>
internal static class JsonText
{
    /// <summary>Whether a text is JSON and no YAML of another kind.</summary>
    public static bool IsJson(string text) => text.AsSpan().TrimStart() is ['{' or '[', ..];

    /// <summary>Reads all documents of a text.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="BadInputException">It is no JSON.</exception>
    public static List<ManifestDocument> Read(string file, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var documents = new List<ManifestDocument>();
        var position = new LineCount(bytes);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
        try
        {
            while (reader.Read())
            {
                var lines = new Dictionary<string, int>(StringComparer.Ordinal);
                var line = position.At(reader.TokenStartIndex);
                documents.Add(new ManifestDocument(file, line, Value(file, ref reader, "", lines, position), lines));
            }
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{file}:{(e.LineNumber ?? 0) + 1}: is no JSON: {e.Message}", e);
        }

        return documents;
    }

    private static JsonNode? Value(string file, ref Utf8JsonReader reader, string path, Dictionary<string, int> lines, LineCount position)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var fields = new JsonObject();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    var below = path.Length == 0 ? name : $"{path}.{name}";
                    var line = position.At(reader.TokenStartIndex);
                    if (!lines.TryAdd(below, line)) throw new BadInputException($"{file}:{line}: {below}: is given twice");
                    reader.Read();
                    fields[name] = Value(file, ref reader, below, lines, position);
                }

                return fields;
            case JsonTokenType.StartArray:
                var items = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    var below = $"{path}[{items.Count}]";
                    lines[below] = position.At(reader.TokenStartIndex);
                    items.Add(Value(file, ref reader, below, lines, position));
                }

                return items;
            case JsonTokenType.String:
                return JsonValue.Create(reader.GetString());
            case JsonTokenType.Number:
                return reader.TryGetInt64(out var whole) ? JsonValue.Create(whole) : JsonValue.Create(reader.GetDouble());
            case JsonTokenType.True or JsonTokenType.False:
                return JsonValue.Create(reader.GetBoolean());
            default:
                return null;
        }
    }

    /// <summary>Counts lines up to a place that only moves forward.</summary>
    private sealed class LineCount(byte[] bytes)
    {
        private int at;
        private int line = 1;

        public int At(long index)
        {
            line += bytes.AsSpan(at, (int)index - at).Count((byte)'\n');
            at = (int)index;
            return line;
        }
    }
}
