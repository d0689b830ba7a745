using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kilonova.Crds.Meta;

/// <summary>
/// Type of a property whose value is passed over on reading. Declaring it keeps the value out of
/// <see cref="WireObject.Extensions"/>, where it would stay in memory as long as the object.
/// </summary>
public sealed class Skipped
{
    private Skipped()
    {
    }
}

/// <summary>Passes over any value and yields null.</summary>
public sealed class SkippedConverter : JsonConverter<Skipped>
{
    /// <inheritdoc/>
    public override Skipped? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        // Skip() refuses when the text comes in pieces, although a converter is only called with its value whole.
        return reader.TrySkip() ? null : throw new JsonException("the value to pass over is not whole");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Skipped value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteNullValue();
    }
}
