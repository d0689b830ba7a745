using System.Reflection;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Generator;

/// <summary>Rules in CEL, as <c>x-kubernetes-validations</c> has them.</summary>
public static class Rules
{
    /// <summary>Rules of a wire record: its own, and those that stand here for its fields.</summary>
    public static List<object> Of(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        var rules = new List<object>();
        foreach (var rule in type.GetCustomAttributes<RuleAttribute>())
            rules.Add(From(rule));
        foreach (var property in WireProperty.Of(type).Where(property => property.NotImplemented))
            rules.Add(Refuse($"!has(self.{property.CelName})", $"this version does not implement {property.Name}", $".{property.Name}"));
        return rules;
    }

    /// <summary>
    /// Rules that keep fields from changing, for the node that is always there (<c>spec</c>): a field, or an object around it, that is removed in one
    /// update and set in the next would otherwise slip through.
    /// </summary>
    public static IEnumerable<Node> Immutability(Type type) => Immutability(type, "", "", []);

    private static IEnumerable<Node> Immutability(Type type, string cel, string path, IReadOnlyList<string> optional)
    {
        foreach (var property in WireProperty.Of(type))
        {
            var field = $"{cel}.{property.CelName}";
            var name = $"{path}.{property.Name}";
            // What is defaulted is always there, as what is required is.
            var inner = property.Required || property.Default is not null ? optional : [.. optional, field];
            if (property.Get<ChangeNotImplementedAttribute>() is { } change)
                yield return Refuse(Same(field, inner), $"this version does not implement changing {name[1..]} ({change.What})", name);
            else if (property.Get<ImmutableAttribute>() is { } immutable)
                yield return Make(Same(field, inner), $"{name[1..]} is immutable{(immutable.Instead is null ? "" : $": {immutable.Instead}")}", name);
            else if (typeof(Meta.WireObject).IsAssignableFrom(property.Type) && !property.NotImplemented)
                foreach (var rule in Immutability(property.Type, field, name, inner))
                    yield return rule;
        }
    }

    /// <summary>That a field is equal to what it was, or is absent as it was. (Comparing CEL optionals would be shorter, but the API server cannot bound its cost.)</summary>
    private static string Same(string field, IReadOnlyList<string> optional)
    {
        if (optional.Count == 0)
            return $"self{field} == oldSelf{field}";
        string Has(string root) => string.Join(" && ", optional.Select(part => $"has({root}{part})"));
        return optional.Count == 1
            ? $"{Has("self")} == {Has("oldSelf")} && (!{Has("self")} || self{field} == oldSelf{field})"
            : $"({Has("self")}) == ({Has("oldSelf")}) && (!({Has("self")}) || self{field} == oldSelf{field})";
    }

    /// <summary>A rule from its attribute.</summary>
    public static Node From(RuleAttribute rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return Make(rule.Expression, rule.Message, rule.FieldPath);
    }

    /// <summary>A rule.</summary>
    public static Node Make(string expression, string message, string? fieldPath = null) =>
        new Node().With("rule", expression).With("message", message).With("fieldPath", fieldPath);

    /// <summary>A rule that refuses what this version does not implement.</summary>
    public static Node Refuse(string expression, string message, string? fieldPath = null) =>
        Make(expression, message, fieldPath).With("reason", "FieldValueForbidden");

    /// <summary>A string in CEL.</summary>
    public static string Quote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
    }
}
