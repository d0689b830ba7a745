namespace Kilonova.Scheduling.Expressions;

/// <summary>
/// What an extra spec requires of a value, with Nova's operators (spec: SCH-19). <c>= == != &gt;= &lt;=</c> compare numbers, and <c>=</c> means "at least";
/// <c>s== s!= s&gt;= s&gt; s&lt;= s&lt;</c> compare texts; <c>&lt;in&gt;</c> is a part of the text, <c>&lt;all-in&gt;</c> several, <c>&lt;or&gt;</c> one of some. Without an
/// operator the whole text must be equal. Read once, compared with many hosts.
/// </summary>
internal sealed class ExtraSpecMatch
{
    private static readonly string[] Operators = ["<or>", "=", ">=", "<=", "==", "!=", "s==", "s!=", "s<", "s<=", "s>", "s>=", "<in>", "<all-in>"];
    private readonly string required;
    private readonly string? comparison;
    private readonly string[] operands;

    /// <summary>Reads what is required.</summary>
    public ExtraSpecMatch(string required)
    {
        this.required = required;
        var words = required.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        comparison = words.Length > 0 && Operators.Contains(words[0]) ? words[0] : null;
        operands = comparison is null ? [] : words[1..];
    }

    /// <summary>Compares once.</summary>
    public static bool Matches(string value, string required) => new ExtraSpecMatch(required).Matches(value);

    /// <summary>Compares.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether it is met. An operator without operands is met by nothing.</returns>
    /// <exception cref="FormatException">Numbers are to be compared, and one is none; or <c>&lt;or&gt;</c> has nothing after it.</exception>
    public bool Matches(string value)
    {
        if (comparison is null) return value == required;
        if (operands.Length == 0) return comparison == "<or>" ? throw new FormatException("<or> has nothing after it") : false;
        return comparison switch
        {
            "<or>" => IsOneOf(value),
            "=" or ">=" => Number(value) >= Number(operands[0]),
            "<=" => Number(value) <= Number(operands[0]),
            "==" => Number(value) == Number(operands[0]),
            "!=" => Number(value) != Number(operands[0]),
            "<in>" => value.Contains(operands[0], StringComparison.Ordinal),
            "<all-in>" => Array.TrueForAll(operands, o => value.Contains(o, StringComparison.Ordinal)),
            _ => HasOrder(string.CompareOrdinal(value, operands[0])),
        };
    }

    private static double Number(string text) => PythonNumber.Float(text);

    /// <summary>Every other word is a value; those between are taken for operators, whatever they are.</summary>
    private bool IsOneOf(string value)
    {
        for (var i = 0; i < operands.Length; i += 2)
            if (operands[i] == value) return true;
        return false;
    }

    private bool HasOrder(int order) => comparison switch
    {
        "s==" => order == 0,
        "s!=" => order != 0,
        "s<" => order < 0,
        "s<=" => order <= 0,
        "s>" => order > 0,
        _ => order >= 0,
    };
}
