namespace Kilonova.Crds.Schema;

/// <summary>
/// Bounds of a string; on a list or map of strings, of each of its elements. Every string of every kind has them: an unbounded one
/// blows the API server's budget for rules.
/// </summary>
/// <param name="maxLength">Longest, in characters.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public class TextAttribute(int maxLength) : Attribute
{
    /// <summary>Longest, in characters.</summary>
    public int MaxLength { get; } = maxLength;

    /// <summary>Shortest, in characters.</summary>
    public int MinLength { get; init; }

    /// <summary>Regular expression (RE2) that the string must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>A CEL expression over <c>self</c> instead of a pattern.</summary>
    public string? Test { get; init; }

    /// <summary>
    /// What the pattern or test asks for, completing "must be …". With it a pattern becomes a rule that says so; without it a plain
    /// <c>pattern</c>, whose refusal shows the expression.
    /// </summary>
    public string? Must { get; init; }
}
