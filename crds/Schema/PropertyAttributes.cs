namespace Kilonova.Crds.Schema;

/// <summary>Bounds of a number; on a map of numbers, of each value.</summary>
/// <param name="minimum">Smallest.</param>
/// <param name="maximum">Largest.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class RangeAttribute(double minimum, double maximum) : Attribute
{
    /// <summary>Smallest.</summary>
    public double Minimum { get; } = minimum;

    /// <summary>Largest.</summary>
    public double Maximum { get; } = maximum;

    /// <summary>The number must be larger than <see cref="Minimum"/>.</summary>
    public bool Exclusive { get; init; }
}

/// <summary>Bounds of a list, and how managers merge it.</summary>
/// <param name="max">Most items.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class ItemsAttribute(int max) : Attribute
{
    /// <summary>Most items.</summary>
    public int Max { get; } = max;

    /// <summary>Fewest items.</summary>
    public int Min { get; init; }

    /// <summary>Fields that tell items apart (wire names); the list is then a map list, merged item by item.</summary>
    public string[]? Keys { get; init; }

    /// <summary>A set: items are unique, and managers own one each. A list with neither keys nor this is atomic.</summary>
    public bool Unique { get; init; }
}

/// <summary>Bounds of a map.</summary>
/// <param name="max">Most entries.</param>
/// <param name="maxKeyLength">Longest key, in characters; 0 where only components write, and a rule would cost more than it is worth.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class EntriesAttribute(int max, int maxKeyLength) : Attribute
{
    /// <summary>Most entries.</summary>
    public int Max { get; } = max;

    /// <summary>Longest key, in characters; 0 is no rule.</summary>
    public int MaxKeyLength { get; } = maxKeyLength;

    /// <summary>Regular expression (RE2) that each key must match.</summary>
    public string? KeyPattern { get; init; }

    /// <summary>What <see cref="KeyPattern"/> asks for, completing "keys must be …".</summary>
    public string? KeysMust { get; init; }
}

/// <summary>Value that the API server fills in, in JSON. An enum that cannot be absent has its first member without being told.</summary>
/// <param name="json">The value.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class DefaultAttribute(string json) : Attribute
{
    /// <summary>The value.</summary>
    public string Json { get; } = json;
}

/// <summary>
/// The field cannot change once the object exists. The rule is generated on <c>spec</c>: a rule on an optional field is bypassed by removing the
/// field first.
/// </summary>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class ImmutableAttribute : Attribute
{
    /// <summary>What to do instead.</summary>
    public string? Instead { get; init; }
}

/// <summary>Changing the field has a meaning, which this version does not implement: until then it is refused as <see cref="ImmutableAttribute"/> is.</summary>
/// <param name="what">What the change would be, for instance <c>resize</c>.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class ChangeNotImplementedAttribute(string what) : Attribute
{
    /// <summary>What the change would be.</summary>
    public string What { get; } = what;
}

/// <summary>
/// This version does not implement the field, enum member or kind: using it is refused. The attribute goes in the commit that makes it work.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Class, Inherited = false)]
public sealed class NotImplementedAttribute : Attribute;

/// <summary>A rule in CEL; <c>self</c> is the annotated field, or on a type the object (for a kind: the whole object).</summary>
/// <param name="expression">Holds for what is accepted.</param>
/// <param name="message">What must hold, naming the field.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
public sealed class RuleAttribute(string expression, string message) : Attribute
{
    /// <summary>Holds for what is accepted.</summary>
    public string Expression { get; } = expression;

    /// <summary>What must hold, naming the field.</summary>
    public string Message { get; } = message;

    /// <summary>Field that the refusal points to, relative to the annotated one, for instance <c>.bridge</c>.</summary>
    public string? FieldPath { get; init; }
}
