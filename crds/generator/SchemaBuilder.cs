using System.Reflection;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Generator;

/// <summary>Turns wire types into structural OpenAPI v3 schemas. Throws where the API server could not bound the cost of a rule: at an unbounded string, list or map.</summary>
/// <param name="comments">Descriptions.</param>
public sealed class SchemaBuilder(DocComments comments)
{
    /// <summary>Schema of a property.</summary>
    public Node Property(WireProperty property)
    {
        ArgumentNullException.ThrowIfNull(property);
        var node = new Node().With("description", Description(property));
        var rules = new List<object>();
        foreach (var rule in property.Member.GetCustomAttributes<RuleAttribute>())
            rules.Add(Rules.From(rule));

        if (ListItem(property.Type) is { } item)
            List(node, rules, property, item);
        else if (MapValue(property.Type) is { } value)
            Map(node, rules, property, value);
        else
            Scalar(node, rules, property, property.Type);

        return node.With("default", property.Default).With("x-kubernetes-validations", rules);
    }

    /// <summary>Adds fields, required fields and rules of a wire record.</summary>
    public void Object(Node node, Type type)
    {
        ArgumentNullException.ThrowIfNull(node);
        var properties = WireProperty.Of(type);
        var fields = new Node();
        foreach (var property in properties)
            fields.Add(property.Name, Property(property));
        node.With("type", "object")
            .With("required", properties.Where(property => property.Required).Select(property => (object)property.Name).ToList())
            .With("properties", fields)
            .With("x-kubernetes-validations", Rules.Of(type));
    }

    /// <summary>Item of a list type, else null.</summary>
    public static Type? ListItem(Type type) => Argument(type, typeof(IReadOnlyList<>), 0);

    /// <summary>Value of a map type, else null.</summary>
    public static Type? MapValue(Type type) => Argument(type, typeof(IReadOnlyDictionary<,>), 1);

    private static Type? Argument(Type type, Type definition, int index) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == definition ? type.GetGenericArguments()[index] : null;

    private void List(Node node, List<object> rules, WireProperty property, Type item)
    {
        var bounds = property.Get<ItemsAttribute>() ?? throw Unbounded(property, "a list needs [Items]");
        var schema = new Node();
        var itemRules = new List<object>();
        Scalar(schema, itemRules, property, item);
        // Rules on a property hold for the list; what a scalar adds holds for each item.
        schema.With("x-kubernetes-validations", itemRules);
        node.With("type", "array").With("items", schema).With("maxItems", bounds.Max);
        if (bounds.Min > 0)
            node.With("minItems", bounds.Min);
        node.With("x-kubernetes-list-type", bounds.Keys is not null ? "map" : bounds.Unique ? "set" : "atomic")
            .With("x-kubernetes-list-map-keys", bounds.Keys?.Cast<object>().ToList());
        if (bounds.Keys is not null && bounds.Keys.FirstOrDefault(key => !WireProperty.Of(item).Any(field => field.Name == key && (field.Required || field.Default is not null))) is { } missing)
            throw new InvalidOperationException($"{property}: key {missing} is not a required field of {item.Name}");
    }

    private void Map(Node node, List<object> rules, WireProperty property, Type value)
    {
        var bounds = property.Get<EntriesAttribute>() ?? throw Unbounded(property, "a map needs [Entries]");
        var schema = new Node();
        var valueRules = new List<object>();
        Scalar(schema, valueRules, property, value);
        schema.With("x-kubernetes-validations", valueRules);
        node.With("type", "object").With("additionalProperties", schema).With("maxProperties", bounds.Max);
        if (bounds.MaxKeyLength > 0)
            rules.Add(Rules.Make($"self.all(key, size(key) <= {bounds.MaxKeyLength})", $"{property.Name}: keys must have at most {bounds.MaxKeyLength} characters"));
        if (bounds.KeyPattern is not null)
            rules.Add(Rules.Make($"self.all(key, key.matches({Rules.Quote(bounds.KeyPattern)}))", $"{property.Name}: keys must be {bounds.KeysMust}"));
    }

    private void Scalar(Node node, List<object> rules, WireProperty property, Type type)
    {
        if (type == typeof(string))
        {
            Text(node, rules, property);
        }
        else if (type.IsEnum)
        {
            Enum(node, rules, property, type);
        }
        else if (type == typeof(bool))
        {
            node.With("type", "boolean");
        }
        else if (type == typeof(int) || type == typeof(long))
        {
            node.With("type", "integer").With("format", type == typeof(int) ? "int32" : "int64");
            Number(node, property);
        }
        else if (type == typeof(double))
        {
            node.With("type", "number");
            Number(node, property);
        }
        else if (type == typeof(DateTimeOffset))
        {
            node.With("type", "string").With("format", "date-time");
        }
        else if (typeof(WireObject).IsAssignableFrom(type))
        {
            Object(node, type);
            if (node.Remove("x-kubernetes-validations", out var own))
                rules.AddRange((List<object>)own);
        }
        else
        {
            throw new InvalidOperationException($"{property}: {type} has no schema");
        }
    }

    private static void Text(Node node, List<object> rules, WireProperty property)
    {
        var text = property.Get<TextAttribute>() ?? throw Unbounded(property, "a string needs [Text] or one of its formats");
        node.With("type", "string").With("maxLength", text.MaxLength);
        if (text.MinLength > 0)
            node.With("minLength", text.MinLength);
        if (text.Must is null)
            node.With("pattern", text.Pattern);
        else
            rules.Add(Rules.Make(text.Test ?? $"self.matches({Rules.Quote(text.Pattern!)})", $"{(property.Type == typeof(string) ? "" : "each of ")}{property.Name} must be {text.Must}"));
    }

    private static void Enum(Node node, List<object> rules, WireProperty property, Type type)
    {
        var values = EnumValue.Of(type);
        node.With("type", "string").With("enum", values.Select(value => (object)value.Name).ToList());
        var refused = values.Where(value => value.NotImplemented).ToList();
        if (refused.Count == 0)
            return;
        if (refused.Any(value => value.Name.Equals(property.Default)))
            throw new InvalidOperationException($"{property}: the default is not implemented");
        rules.Add(Rules.Refuse(
            $"!(self in [{string.Join(", ", refused.Select(value => Rules.Quote(value.Name)))}])",
            $"{property.Name}: this version does not implement {string.Join(", ", refused.Select(value => value.Name))}"));
    }

    private static void Number(Node node, WireProperty property)
    {
        if (property.Get<RangeAttribute>() is not { } range)
            return;
        node.With("minimum", (decimal)range.Minimum).With("maximum", (decimal)range.Maximum);
        if (range.Exclusive)
            node.With("exclusiveMinimum", true);
    }

    private string Description(WireProperty property)
    {
        var text = comments.Of(property.Member);
        if (property.NotImplemented)
            text = $"Not implemented in this version, refused: {text}";
        if (property.Get<ChangeNotImplementedAttribute>() is { } change)
            text += $"\nChanging it ({change.What}) is not implemented in this version and refused.";
        else if (property.Get<ImmutableAttribute>() is not null)
            text += "\nCannot be changed.";
        var type = ListItem(property.Type) ?? MapValue(property.Type) ?? property.Type;
        if (!type.IsEnum)
            return text;
        return text + "\n" + string.Join("\n", EnumValue.Of(type)
            .Select(value => $"{value.Name}: {(value.NotImplemented ? "not implemented in this version, refused: " : "")}{comments.Of(value.Field)}"));
    }

    private static InvalidOperationException Unbounded(WireProperty property, string needs) => new($"{property}: {needs}");
}
