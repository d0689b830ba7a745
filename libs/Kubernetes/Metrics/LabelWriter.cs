using System.Buffers;
using System.Globalization;

namespace Kilonova.Kubernetes.Metrics;

/// <summary>Writes labels as Prometheus has them, sorted by name, into a buffer that starts on the stack.</summary>
internal ref struct LabelWriter(Span<char> initial)
{
    private Span<char> _buffer = initial;
    private char[]? _rented;
    private int _length;

    public readonly ReadOnlySpan<char> Text => _buffer[.._length];

    public void Append(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // Few labels, most often in order already: picking the next name each time beats sorting a copy.
        string? previous = null;
        for (var n = 0; n < tags.Length; n++)
        {
            var next = -1;
            for (var i = 0; i < tags.Length; i++)
            {
                if (previous is not null && string.CompareOrdinal(tags[i].Key, previous) <= 0)
                    continue;
                if (next < 0 || string.CompareOrdinal(tags[i].Key, tags[next].Key) < 0)
                    next = i;
            }

            if (next < 0)
                return;
            previous = tags[next].Key;
            if (_length > 0)
                Append(',');
            foreach (var c in previous)
                Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
            Append('=');
            Append('"');
            AppendValue(tags[next].Value);
            Append('"');
        }
    }

    public readonly void Dispose()
    {
        if (_rented is not null)
            ArrayPool<char>.Shared.Return(_rented);
    }

    private void AppendValue(object? value)
    {
        if (value is bool flag)
            value = flag ? "true" : "false";
        foreach (var c in Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
        {
            switch (c)
            {
                case '\\':
                    Append('\\');
                    Append('\\');
                    break;
                case '"':
                    Append('\\');
                    Append('"');
                    break;
                case '\n':
                    Append('\\');
                    Append('n');
                    break;
                default:
                    Append(c);
                    break;
            }
        }
    }

    private void Append(char c)
    {
        if (_length == _buffer.Length)
        {
            var larger = ArrayPool<char>.Shared.Rent(_buffer.Length * 2);
            _buffer.CopyTo(larger);
            if (_rented is not null)
                ArrayPool<char>.Shared.Return(_rented);
            _buffer = _rented = larger;
        }

        _buffer[_length++] = c;
    }
}
