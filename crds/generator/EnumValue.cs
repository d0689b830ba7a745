using System.Globalization;
using System.Reflection;
using System.Text.Json.Serialization;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds.Generator;

/// <summary>A member of an enum, as documents have it.</summary>
/// <param name="Name">Name in documents.</param>
/// <param name="Field">The member.</param>
/// <param name="NotImplemented">Whether this version refuses it.</param>
public sealed record EnumValue(string Name, FieldInfo Field, bool NotImplemented)
{
    /// <summary>Members in the order of declaration; the first is the default, so it must be implemented and zero.</summary>
    public static IReadOnlyList<EnumValue> Of(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        EnumValue[] values = [.. type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .OrderBy(field => field.MetadataToken)
            .Select(field => new EnumValue(
                field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? field.Name,
                field,
                field.IsDefined(typeof(NotImplementedAttribute))))];
        if (Convert.ToInt32(values[0].Field.GetRawConstantValue(), CultureInfo.InvariantCulture) != 0)
            throw new InvalidOperationException($"{type.Name}: the first member must be zero, since it is the default");
        return values;
    }
}
