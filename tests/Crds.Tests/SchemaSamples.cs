using System.Text.Json.Nodes;
using Kilonova.Crds.Generator;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Tests;

/// <summary>Values of a field's type, as small as they can be.</summary>
internal static class SchemaSamples
{
    /// <summary>A value.</summary>
    public static JsonNode Of(WireProperty property)
    {
        if (SchemaBuilder.ListItem(property.Type) is not null)
            return new JsonArray();
        if (SchemaBuilder.MapValue(property.Type) is not null)
            return new JsonObject();
        if (property.Type == typeof(string))
            return "x";
        if (property.Type.IsEnum)
            return EnumValue.Of(property.Type)[0].Name;
        if (property.Type == typeof(bool))
            return false;
        if (property.Type.IsPrimitive)
            return JsonValue.Create((long)(property.Get<RangeAttribute>()?.Minimum ?? 0));
        var document = new JsonObject();
        foreach (var required in WireProperty.Of(property.Type).Where(field => field.Required))
            document.Add(required.Name, Of(required));
        return document;
    }

    /// <summary>The enum of a field or of its items.</summary>
    public static Type Enum(WireProperty property) => SchemaBuilder.ListItem(property.Type) ?? property.Type;
}
