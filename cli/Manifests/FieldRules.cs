using System.Collections;
using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Cli.Manifests;

/// <summary>
/// Holds a document to what the schema of its kind says of single fields: which there are, which are required, types, bounds, forms. Rules that compare
/// fields are the API server's alone; and what this version does not run yet may be simulated.
/// </summary>
internal sealed class FieldRules(ManifestDocument document, List<string> mistakes)
{
    /// <summary>Checks specification and status of a kind.</summary>
    /// <param name="kind">Record of the kind.</param>
    /// <param name="json">The object.</param>
    /// <param name="path">Where it is in the document; empty for the whole.</param>
    public void Check(Type kind, JsonObject json, string path)
    {
        foreach (var (name, value) in json)
        {
            var property = kind.GetProperties().FirstOrDefault(p => NameOf(p) == name && IsField(p));
            if (property is null) Add(Join(path, name), UnknownField(kind));
            else if (name is "spec" or "status" && value is not null) Value(property, property.PropertyType, value, Join(path, name));
        }

        if (json["spec"] is null && kind.GetProperty("Spec") is not null) Add(path, "spec is required");
    }

    private void Object(Type type, JsonObject json, string path)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(IsField).ToList();
        foreach (var (name, value) in json)
        {
            if (properties.Find(p => NameOf(p) == name) is not { } property) Add(Join(path, name), UnknownField(type));
            // As in Kubernetes, null is as good as absent.
            else if (value is not null) Value(property, property.PropertyType, value, Join(path, name));
        }

        foreach (var property in properties.Where(p => IsRequired(p) && json[NameOf(p)] is null))
            Add(Join(path, NameOf(property)), "is required");
    }

    private void Value(PropertyInfo property, Type declared, JsonNode value, string path)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (MapValue(type) is { } inMap) Map(property, inMap, value, path);
        else if (ListItem(type) is { } item) List(property, item, value, path);
        else if (type.IsAssignableTo(typeof(WireObject)))
        {
            if (value is JsonObject inner) Object(type, inner, path);
            else Add(path, "must be an object");
        }
        else if (type == typeof(string)) Text(property, value, path);
        else if (type.IsEnum) Choice(type, value, path);
        else if (type == typeof(bool) && value.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False)) Add(path, "must be true or false");
        else if (type == typeof(int) || type == typeof(long) || type == typeof(double)) Number(property, type, value, path);
    }

    private void List(PropertyInfo property, Type item, JsonNode value, string path)
    {
        if (value is not JsonArray list)
        {
            Add(path, "must be a list");
            return;
        }

        if (property.GetCustomAttribute<ItemsAttribute>() is { } bounds)
        {
            if (list.Count > bounds.Max) Add(path, $"must have at most {bounds.Max} items, and has {list.Count}");
            if (list.Count < bounds.Min) Add(path, $"must have at least {bounds.Min} items, and has {list.Count}");
            if (bounds.Unique && list.Select(i => i?.ToJsonString()).Distinct().Count() != list.Count) Add(path, "must have each item once");
            if (bounds.Keys is { } keys && list.OfType<JsonObject>().GroupBy(o => string.Join('/', keys.Select(k => o[k]?.ToJsonString()))).FirstOrDefault(g => g.Count() > 1) is { } twice)
                Add(path, $"must have each {string.Join(" and ", keys)} once, and has {twice.Key} twice");
        }

        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is { } each) Value(property, item, each, $"{path}[{i}]");
            else Add($"{path}[{i}]", "must not be null");
        }
    }

    private void Map(PropertyInfo property, Type type, JsonNode value, string path)
    {
        if (value is not JsonObject map)
        {
            Add(path, "must be a map");
            return;
        }

        var bounds = property.GetCustomAttribute<EntriesAttribute>();
        if (map.Count > bounds?.Max) Add(path, $"must have at most {bounds.Max} entries, and has {map.Count}");
        foreach (var (key, each) in map)
        {
            if (bounds is { MaxKeyLength: > 0 and var longest } && key.Length > longest) Add(Join(path, key), $"keys must have at most {longest} characters");
            if (bounds?.KeyPattern is { } pattern && !Regex.IsMatch(key, pattern)) Add(Join(path, key), $"keys must be {bounds.KeysMust ?? $"of the form {pattern}"}");
            if (each is null) Add(Join(path, key), "must not be null");
            else Value(property, type, each, Join(path, key));
        }
    }

    private void Text(PropertyInfo property, JsonNode value, string path)
    {
        if (value.GetValueKind() != JsonValueKind.String)
        {
            Add(path, $"must be a string (in quotes), and is {value.ToJsonString()}");
            return;
        }

        var text = value.GetValue<string>();
        if (property.GetCustomAttribute<TextAttribute>() is not { } rule) return;
        if (text.Length > rule.MaxLength) Add(path, $"must have at most {rule.MaxLength} characters, and has {text.Length}");
        else if (text.Length < rule.MinLength) Add(path, $"must have at least {rule.MinLength} characters");
        else if (!Holds(rule, text)) Add(path, $"must be {rule.Must ?? $"of the form {rule.Pattern}"}, and is \"{text}\"");
    }

    private static bool Holds(TextAttribute rule, string text) => rule switch
    {
        { Pattern: { } pattern } => Regex.IsMatch(text, pattern),
        IPAddressAttribute => IPAddress.TryParse(text, out _),
        CidrAttribute => IPNetwork.TryParse(text, out _),
        _ => true,
    };

    private void Number(PropertyInfo property, Type type, JsonNode value, string path)
    {
        if (value.GetValueKind() != JsonValueKind.Number)
        {
            Add(path, $"must be a number, and is {value.ToJsonString()}");
            return;
        }

        var number = value.AsValue().TryGetValue<long>(out var whole) ? whole : value.GetValue<double>();
        if (type != typeof(double) && (number != Math.Truncate(number) || (type == typeof(int) && number is < int.MinValue or > int.MaxValue)))
            Add(path, $"must be a whole number{(type == typeof(int) ? " of 32 bits" : "")}, and is {value.ToJsonString()}");
        else if (property.GetCustomAttribute<RangeAttribute>() is { } range && (number > range.Maximum || number < range.Minimum || (range.Exclusive && number <= range.Minimum)))
            Add(path, $"must be {(range.Exclusive ? "more than" : "at least")} {range.Minimum} and at most {range.Maximum}, and is {value.ToJsonString()}");
    }

    private void Choice(Type type, JsonNode value, string path)
    {
        var names = type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => f.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? f.Name).ToList();
        if (value.GetValueKind() != JsonValueKind.String || !names.Contains(value.GetValue<string>(), StringComparer.Ordinal))
            Add(path, $"must be one of {string.Join(", ", names)}, and is {value.ToJsonString()}");
    }

    private void Add(string path, string rule) => mistakes.Add(document.Mistake(path, rule));

    private static string UnknownField(Type type) =>
        $"is no field of {type.Name}; there are {string.Join(", ", type.GetProperties().Where(IsField).Select(NameOf).Order(StringComparer.Ordinal))}";

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static bool IsField(PropertyInfo property) => !property.IsDefined(typeof(JsonExtensionDataAttribute)) && !property.IsDefined(typeof(JsonIgnoreAttribute));

    private static string NameOf(PropertyInfo property) => property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    /// <summary>As in the schema: what is declared so, and numbers and truth values that cannot be absent and have no default.</summary>
    private static bool IsRequired(PropertyInfo property) =>
        property.IsDefined(typeof(RequiredMemberAttribute))
        || (property.PropertyType is { IsValueType: true, IsEnum: false } type && Nullable.GetUnderlyingType(type) is null && !property.IsDefined(typeof(DefaultAttribute)));

    private static Type? ListItem(Type type) =>
        type != typeof(string) && type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)) && type.GetGenericArguments() is [var item] ? item : null;

    private static Type? MapValue(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) ? type.GetGenericArguments()[1] : null;
}
