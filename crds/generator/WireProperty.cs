using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Generator;

/// <summary>A property of a wire record, as the document has it.</summary>
public sealed class WireProperty
{
    private static readonly HashSet<string> CelReserved =
        new(["true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"], StringComparer.Ordinal);

    private WireProperty(PropertyInfo property)
    {
        Member = property;
        Name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);
        Type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        Default = Get<DefaultAttribute>() is { } given ? JsonValues.Parse(given.Json)
            : Type.IsEnum && Type == property.PropertyType && !HasRequiredKeyword ? EnumValue.Of(Type)[0].Name
            : null;
        Required = HasRequiredKeyword || (Type == property.PropertyType && Type.IsValueType && Default is null);
        NotImplemented = Get<NotImplementedAttribute>() is not null;
        if (NotImplemented && (Required || Default is not null))
            throw new InvalidOperationException($"{this}: what is not implemented must be optional and without default");
    }

    /// <summary>The property.</summary>
    public PropertyInfo Member { get; }

    /// <summary>Name in documents.</summary>
    public string Name { get; }

    /// <summary>Name in CEL.</summary>
    public string CelName => CelReserved.Contains(Name) ? $"__{Name}__" : Name;

    /// <summary>Type, without <see cref="Nullable{T}"/>.</summary>
    public Type Type { get; }

    /// <summary>Whether a document without it is refused: declared <c>required</c>, or a number or bool that cannot be null and has no default.</summary>
    public bool Required { get; }

    /// <summary>What the API server fills in.</summary>
    public object? Default { get; }

    /// <summary>Whether this version refuses it.</summary>
    public bool NotImplemented { get; }

    private bool HasRequiredKeyword => Member.IsDefined(typeof(RequiredMemberAttribute));

    /// <summary>Properties of a wire record that are fields of its document, in the order of declaration.</summary>
    public static IReadOnlyList<WireProperty> Of(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => !property.IsDefined(typeof(JsonExtensionDataAttribute)) && !property.IsDefined(typeof(JsonIgnoreAttribute)))
            .OrderBy(property => property.MetadataToken)
            .Select(property => new WireProperty(property))];
    }

    /// <summary>An attribute of the property.</summary>
    public T? Get<T>()
        where T : Attribute => Member.GetCustomAttribute<T>();

    /// <inheritdoc/>
    public override string ToString() => $"{Member.DeclaringType!.Name}.{Member.Name}";
}
