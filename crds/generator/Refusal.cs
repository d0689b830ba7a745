using System.Reflection;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Generator;

/// <summary>What of a refusal is not implemented.</summary>
public enum RefusalKind
{
    /// <summary>A whole kind.</summary>
    Kind,

    /// <summary>A field.</summary>
    Field,

    /// <summary>A value of a field.</summary>
    Value,

    /// <summary>Changing a field.</summary>
    Change,
}

/// <summary>Something that the model has and this version refuses.</summary>
/// <param name="What">Kind of refusal.</param>
/// <param name="Type">The API kind.</param>
/// <param name="Path">Path of the field, for instance <c>spec.networks[].tag</c>; empty for a whole kind.</param>
/// <param name="Detail">The value, or what the change would be; else empty.</param>
/// <param name="Property">The field; null for a whole kind.</param>
/// <param name="Member">What the doc comment of the refusal is on.</param>
public sealed record Refusal(RefusalKind What, Type Type, string Path, string Detail, WireProperty? Property, MemberInfo Member)
{
    /// <summary>Everything that is refused of a kind, in the order of its fields. What lies below a refused field is not listed.</summary>
    public static IEnumerable<Refusal> Of(Type kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        if (kind.IsDefined(typeof(NotImplementedAttribute)))
            return [new(RefusalKind.Kind, kind, "", "", null, kind)];
        return WireProperty.Of(kind)
            .Where(property => property.Name is "spec" or "status")
            .SelectMany(property => Below(kind, property.Type, property.Name));
    }

    private static IEnumerable<Refusal> Below(Type kind, Type type, string path)
    {
        foreach (var property in WireProperty.Of(type))
        {
            var list = SchemaBuilder.ListItem(property.Type);
            var inner = list ?? SchemaBuilder.MapValue(property.Type) ?? property.Type;
            var here = $"{path}.{property.Name}{(list is null ? "" : "[]")}";
            if (property.NotImplemented)
            {
                yield return new(RefusalKind.Field, kind, $"{path}.{property.Name}", "", property, property.Member);
                continue;
            }

            if (property.Get<ChangeNotImplementedAttribute>() is { } change)
                yield return new(RefusalKind.Change, kind, $"{path}.{property.Name}", change.What, property, property.Member);
            if (inner.IsEnum)
                foreach (var value in EnumValue.Of(inner).Where(value => value.NotImplemented))
                    yield return new(RefusalKind.Value, kind, here, value.Name, property, value.Field);
            if (typeof(WireObject).IsAssignableFrom(inner))
                foreach (var refusal in Below(kind, inner, here))
                    yield return refusal;
        }
    }
}
