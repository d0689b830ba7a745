using System.Globalization;

namespace Kilonova.Scheduling.Expressions;

/// <summary>Reads numbers as Nova does, so that metadata and extra specs mean what they mean there: blanks around are allowed, and single underscores between digits.</summary>
internal static class PythonNumber
{
    /// <summary>Reads a whole number.</summary>
    public static bool TryInteger(ReadOnlySpan<char> text, out long value) =>
        long.TryParse(Digits(text), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    /// <summary>Reads a number; <c>inf</c> and <c>nan</c> are numbers too.</summary>
    public static bool TryFloat(ReadOnlySpan<char> text, out double value)
    {
        var digits = Digits(text);
        if (double.TryParse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
            && (digits.IndexOfAnyInRange('0', '9') >= 0)) return true;
        var negative = digits.StartsWith("-", StringComparison.Ordinal);
        var name = negative || digits.StartsWith("+", StringComparison.Ordinal) ? digits[1..] : digits;
        value = name.Equals("nan", StringComparison.OrdinalIgnoreCase) ? double.NaN
            : name.Equals("inf", StringComparison.OrdinalIgnoreCase) || name.Equals("infinity", StringComparison.OrdinalIgnoreCase) ? (negative ? double.NegativeInfinity : double.PositiveInfinity)
            : 0;
        return value != 0;
    }

    /// <summary>Reads a number.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static double Float(string text) => TryFloat(text, out var value) ? value : throw new FormatException($"could not convert string to float: '{text}'");

    private static ReadOnlySpan<char> Digits(ReadOnlySpan<char> text)
    {
        var trimmed = text.Trim();
        if (trimmed.IndexOf('_') < 0) return trimmed;
        for (var i = 0; i < trimmed.Length; i++)
        {
            if (trimmed[i] != '_') continue;
            if (i == 0 || i == trimmed.Length - 1 || !char.IsAsciiDigit(trimmed[i - 1]) || !char.IsAsciiDigit(trimmed[i + 1])) return "_";
        }

        return trimmed.ToString().Replace("_", "", StringComparison.Ordinal);
    }
}
