using System.Text;
using System.Text.Json;

namespace Kilonova.Scheduling.Hosts;

/// <summary>Writes what is known of a CPU as Nova's <c>cpu_info</c>, which extra specs look into (<c>capabilities:cpu_info:features</c>).</summary>
internal static class CpuDescription
{
    public static string? Json(string? architecture, string? model, IReadOnlyList<string> features)
    {
        if (architecture is null && model is null && features.Count == 0) return null;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (architecture is not null) writer.WriteString("arch", architecture);
            if (model is not null) writer.WriteString("model", model);
            writer.WriteStartArray("features");
            foreach (var feature in features) writer.WriteStringValue(feature);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Reads a description; of what is no JSON nothing is known.</summary>
    public static JsonElement Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
