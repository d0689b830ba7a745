using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kilonova.Scheduling.Expressions;

/// <summary>Kind of a value.</summary>
internal enum HostValueKind
{
    /// <summary>No value.</summary>
    None,

    /// <summary>True or false.</summary>
    Truth,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A list or a map, from JSON.</summary>
    Document,

    /// <summary>A list of values.</summary>
    List,
}

/// <summary>A value that an expression of an extra spec or of the hint <c>query</c> speaks of.</summary>
internal readonly struct HostValue
{
    private readonly double number;
    private readonly long whole;
    private readonly object? reference;
    private readonly JsonElement document;

    private HostValue(HostValueKind kind, long whole = 0, double number = 0, object? reference = null, JsonElement document = default)
    {
        Kind = kind;
        this.whole = whole;
        this.number = number;
        this.reference = reference;
        this.document = document;
    }

    public HostValueKind Kind { get; }

    public bool IsNone => Kind == HostValueKind.None;

    public bool IsNumeric => Kind is HostValueKind.Truth or HostValueKind.Whole or HostValueKind.Number;

    public double AsNumber => Kind == HostValueKind.Number ? number : whole;

    public string AsText => (string)reference!;

    public IReadOnlyList<HostValue> Items => (IReadOnlyList<HostValue>)reference!;

    public JsonElement Document => document;

    /// <summary>Whether it counts as true: not 0, not empty.</summary>
    public bool IsTrue => Kind switch
    {
        HostValueKind.Truth or HostValueKind.Whole => whole != 0,
        HostValueKind.Number => number != 0,
        HostValueKind.Text => AsText.Length > 0,
        HostValueKind.List => Items.Count > 0,
        HostValueKind.Document => document.ValueKind == JsonValueKind.Array ? document.GetArrayLength() > 0 : document.EnumerateObject().Any(),
        _ => false,
    };

    public static HostValue Of(bool value) => new(HostValueKind.Truth, whole: value ? 1 : 0);

    public static HostValue Of(long value) => new(HostValueKind.Whole, whole: value);

    public static HostValue Of(double value) => new(HostValueKind.Number, number: value);

    public static HostValue Of(string? value) => value is null ? default : new(HostValueKind.Text, reference: value);

    public static HostValue Of(IReadOnlyList<HostValue> values) => new(HostValueKind.List, reference: values);

    public static HostValue Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True => Of(true),
        JsonValueKind.False => Of(false),
        JsonValueKind.Number => element.TryGetInt64(out var whole) ? Of(whole) : Of(element.GetDouble()),
        JsonValueKind.String => Of(element.GetString()),
        JsonValueKind.Object or JsonValueKind.Array => new(HostValueKind.Document, document: element),
        _ => default,
    };

    /// <summary>Whether two values are equal: numbers by value, texts by text; a number never equals a text.</summary>
    public bool Is(in HostValue other)
    {
        if (IsNumeric && other.IsNumeric) return Kind != HostValueKind.Number && other.Kind != HostValueKind.Number ? whole == other.whole : AsNumber == other.AsNumber;
        if (Kind == HostValueKind.Text && other.Kind == HostValueKind.Text) return AsText == other.AsText;
        return Kind == other.Kind && Kind is HostValueKind.Document or HostValueKind.List && ToString() == other.ToString();
    }

    /// <summary>Order of two values of like kind.</summary>
    /// <returns>Below 0, 0 or above 0; null when neither is less, as with <c>nan</c>.</returns>
    /// <exception cref="InvalidOperationException">They cannot be ordered.</exception>
    public int? Order(in HostValue other)
    {
        if (IsNumeric && other.IsNumeric)
        {
            if (Kind != HostValueKind.Number && other.Kind != HostValueKind.Number) return whole.CompareTo(other.whole);
            return double.IsNaN(AsNumber) || double.IsNaN(other.AsNumber) ? null : AsNumber.CompareTo(other.AsNumber);
        }

        if (Kind == HostValueKind.Text && other.Kind == HostValueKind.Text) return string.CompareOrdinal(AsText, other.AsText);
        throw new InvalidOperationException($"{this} and {other} cannot be ordered");
    }

    /// <summary>The value as Nova writes it when it compares texts: <c>['a', 'b']</c>, <c>True</c>, <c>2.0</c>.</summary>
    public override string ToString() => Kind switch
    {
        HostValueKind.Truth => whole != 0 ? "True" : "False",
        HostValueKind.Whole => whole.ToString(CultureInfo.InvariantCulture),
        HostValueKind.Number => Format(number),
        HostValueKind.Text => AsText,
        HostValueKind.Document => Write(new StringBuilder(), document).ToString(),
        HostValueKind.List => $"[{string.Join(", ", Items.Select(i => i.Kind == HostValueKind.Text ? Quoted(i.AsText) : i.ToString()))}]",
        _ => "None",
    };

    private static StringBuilder Write(StringBuilder text, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Array:
                text.Append('[');
                var first = true;
                foreach (var item in element.EnumerateArray())
                {
                    Write(first ? text : text.Append(", "), item);
                    first = false;
                }

                return text.Append(']');
            case JsonValueKind.Object:
                text.Append('{');
                first = true;
                foreach (var property in element.EnumerateObject())
                {
                    Write((first ? text : text.Append(", ")).Append(Quoted(property.Name)).Append(": "), property.Value);
                    first = false;
                }

                return text.Append('}');
            case JsonValueKind.String:
                return text.Append(Quoted(element.GetString()!));
            default:
                return text.Append(Of(element).ToString());
        }
    }

    private static string Quoted(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal);
        if (quote == '\'') escaped = escaped.Replace("'", "\\'", StringComparison.Ordinal);
        return $"{quote}{escaped}{quote}";
    }

    private static string Format(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        var size = Math.Abs(value);
        if (size is not 0 and (< 1e-4 or >= 1e16)) return value.ToString("0.################e+00", CultureInfo.InvariantCulture);
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        if (text.Contains('E', StringComparison.Ordinal)) text = ((decimal)value).ToString(CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }
}
