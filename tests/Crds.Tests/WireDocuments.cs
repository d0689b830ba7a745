using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds.Generator;
using Kilonova.Crds.Meta;

namespace Kilonova.Crds.Tests;

/// <summary>Makes documents of any kind from its record: complete ones, or with fields left out at random.</summary>
/// <param name="keep">Whether an optional field is there.</param>
internal sealed class WireDocuments(Func<bool> keep)
{
    /// <summary>Name of a field that no version knows.</summary>
    public const string Unknown = "fromTheFuture";

    /// <summary>Every kind.</summary>
    public static IReadOnlyList<Type> Kinds { get; } = CrdBuilder.Kinds(typeof(ApiGroup).Assembly);

    /// <summary>Every wire record that a kind is made of.</summary>
    public static IReadOnlyList<Type> Records { get; } = [.. Kinds.SelectMany(Below).Distinct().OrderBy(type => type.Name, StringComparer.Ordinal)];

    /// <summary>A document; every object in it has a field that the record does not know. (Managed fields are dropped on purpose.)</summary>
    public JsonObject Of(Type type)
    {
        var document = new JsonObject();
        foreach (var property in WireProperty.Of(type).Where(property => property.Name != "managedFields"))
            if (property.Required || NonNullable(property) || keep())
                document.Add(property.Name, Value(property.Type, property.Member));
        document.Add(Unknown, new JsonObject { ["deep"] = new JsonArray(1, "two", null) });
        return document;
    }

    /// <summary>A non-nullable enum is always written, whether or not it was read.</summary>
    private static bool NonNullable(WireProperty property) => property.Member.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.Member.PropertyType) is null;

    private JsonNode Value(Type type, PropertyInfo member)
    {
        if (SchemaBuilder.ListItem(type) is { } item)
            return new JsonArray(Value(item, member), Value(item, member));
        if (SchemaBuilder.MapValue(type) is { } value)
            return new JsonObject { ["a.b/C"] = Value(value, member), ["d"] = Value(value, member) };
        if (type == typeof(string))
            return $"{member.Name} \u00e9\"";
        if (type.IsEnum)
            return EnumValue.Of(type)[^1].Name;
        if (type == typeof(bool))
            return true;
        if (type == typeof(double))
            return 1.5;
        if (type == typeof(int))
            return int.MaxValue;
        if (type == typeof(long))
            return 9_007_199_254_740_993L;
        if (type == typeof(DateTimeOffset))
            return "2030-01-02T03:04:05Z";
        return Of(type);
    }

    private static IEnumerable<Type> Below(Type type)
    {
        yield return type;
        foreach (var property in WireProperty.Of(type))
        {
            var inner = SchemaBuilder.ListItem(property.Type) ?? SchemaBuilder.MapValue(property.Type) ?? property.Type;
            if (typeof(WireObject).IsAssignableFrom(inner))
                foreach (var record in Below(inner))
                    yield return record;
        }
    }
}
