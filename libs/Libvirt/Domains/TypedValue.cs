using System.Globalization;
using System.Runtime.InteropServices;
using Kilonova.Libvirt.Native;

namespace Kilonova.Libvirt.Domains;

/// <summary>A value of libvirt's typed parameters: a whole number, a fraction, a truth value or a text.</summary>
public readonly record struct TypedValue
{
    private readonly long bits;
    private readonly string? text;
    private readonly byte type;

    private TypedValue(byte type, long bits, string? text)
    {
        this.type = type;
        this.bits = bits;
        this.text = text;
    }

    /// <summary>The number; a fraction is cut, a truth value is 0 or 1, a text is 0.</summary>
    public long AsInt64 => type == Double ? (long)BitConverter.Int64BitsToDouble(bits) : bits;

    /// <summary>The number without sign.</summary>
    public ulong AsUInt64 => unchecked((ulong)AsInt64);

    /// <summary>The number as a fraction.</summary>
    public double AsDouble => type switch
    {
        Double => BitConverter.Int64BitsToDouble(bits),
        UnsignedLong => unchecked((ulong)bits),
        _ => bits,
    };

    /// <summary>Whether the value is true (or a number other than 0).</summary>
    public bool AsBoolean => bits != 0;

    /// <summary>The text; null for any other kind.</summary>
    public string? AsString => text;

    private const byte Int = 1;
    private const byte UnsignedInt = 2;
    private const byte Long = 3;
    private const byte UnsignedLong = 4;
    private const byte Double = 5;
    private const byte Boolean = 6;
    private const byte String = 7;

    /// <inheritdoc/>
    public override string ToString() => type switch
    {
        Double => AsDouble.ToString(CultureInfo.InvariantCulture),
        UnsignedLong => AsUInt64.ToString(CultureInfo.InvariantCulture),
        Boolean => AsBoolean ? "true" : "false",
        String => text ?? "",
        _ => bits.ToString(CultureInfo.InvariantCulture),
    };

    internal static unsafe Dictionary<string, TypedValue> Read(LibvirtNative.TypedParameterLayout* parameters, int count)
    {
        var values = new Dictionary<string, TypedValue>(count, StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var name = Marshal.PtrToStringUTF8((nint)parameters[i].Field)!;
            var raw = parameters[i].Value;
            values[name] = parameters[i].Type switch
            {
                Int => new TypedValue(Int, (int)raw, null),
                UnsignedInt => new TypedValue(UnsignedInt, (uint)raw, null),
                Boolean => new TypedValue(Boolean, (raw & 0xff) != 0 ? 1 : 0, null),
                String => new TypedValue(String, 0, Marshal.PtrToStringUTF8((nint)raw)),
                var other => new TypedValue((byte)other, (long)raw, null),
            };
        }

        return values;
    }
}
