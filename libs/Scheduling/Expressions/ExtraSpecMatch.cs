namespace Kilonova.Scheduling.Expressions;

/// <summary>
/// Compares a value with what an extra spec requires of it, with Nova's operators (spec: SCH-19). <c>= == != &gt;= &lt;=</c> compare numbers, and <c>=</c> means "at least";
/// <c>s== s!= s&gt;= s&gt; s&lt;= s&lt;</c> compare texts; <c>&lt;in&gt;</c> is a part of the text, <c>&lt;all-in&gt;</c> several, <c>&lt;or&gt;</c> one of some. Without an
/// operator the whole text must be equal.
/// </summary>
internal static class ExtraSpecMatch
{
    /// <summary>Compares.</summary>
    /// <param name="value">The value.</param>
    /// <param name="required">What is required of it.</param>
    /// <returns>Whether it is met.</returns>
    /// <exception cref="FormatException">Numbers are to be compared, and one is none; or <c>&lt;or&gt;</c> has nothing after it.</exception>
    public static bool Matches(string value, string required)
    {
        var words = required.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0) return value == required;
        var operands = words.AsSpan(1);
        return words[0] switch
        {
            "<or>" => OneOf(value, operands),
            "=" or ">=" => operands.Length > 0 && PythonNumber.Float(value) >= PythonNumber.Float(operands[0]),
            "<=" => operands.Length > 0 && PythonNumber.Float(value) <= PythonNumber.Float(operands[0]),
            "==" => operands.Length > 0 && PythonNumber.Float(value) == PythonNumber.Float(operands[0]),
            "!=" => operands.Length > 0 && PythonNumber.Float(value) != PythonNumber.Float(operands[0]),
            "s==" => operands.Length > 0 && value == operands[0],
            "s!=" => operands.Length > 0 && value != operands[0],
            "s<" => operands.Length > 0 && string.CompareOrdinal(value, operands[0]) < 0,
            "s<=" => operands.Length > 0 && string.CompareOrdinal(value, operands[0]) <= 0,
            "s>" => operands.Length > 0 && string.CompareOrdinal(value, operands[0]) > 0,
            "s>=" => operands.Length > 0 && string.CompareOrdinal(value, operands[0]) >= 0,
            "<in>" => operands.Length > 0 && value.Contains(operands[0], StringComparison.Ordinal),
            "<all-in>" => operands.Length > 0 && AllIn(value, operands),
            _ => value == required,
        };
    }

    private static bool AllIn(string value, ReadOnlySpan<string> operands)
    {
        foreach (var operand in operands)
            if (!value.Contains(operand, StringComparison.Ordinal)) return false;
        return true;
    }

    /// <summary>Every other word is a value; those between are taken for operators, whatever they are.</summary>
    private static bool OneOf(string value, ReadOnlySpan<string> operands)
    {
        if (operands.Length == 0) throw new FormatException("<or> has nothing after it");
        for (var i = 0; i < operands.Length; i += 2)
            if (operands[i] == value) return true;
        return false;
    }
}
