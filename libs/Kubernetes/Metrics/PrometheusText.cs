using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kilonova.Kubernetes.Metrics;

/// <summary>Writes lines of Prometheus' text format.</summary>
internal sealed class PrometheusText(IBufferWriter<byte> output)
{
    private readonly StringBuilder _text = new(4096);

    /// <summary>Name of an instrument in Prometheus: valid characters, unit, <c>_total</c>.</summary>
    public static string Name(string name, string? unit, bool counter)
    {
        var result = new StringBuilder(name.Length + 16);
        foreach (var c in name)
            result.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        if (result.Length > 0 && char.IsAsciiDigit(result[0]))
            result.Insert(0, '_');
        var suffix = unit switch
        {
            null or "" or "1" => "",
            "s" => "seconds",
            "ms" => "milliseconds",
            "By" => "bytes",
            "MiBy" => "mebibytes",
            "%" => "percent",
            _ when unit.StartsWith('{') => "",
            _ => unit,
        };
        if (suffix.Length > 0 && !name.EndsWith(suffix, StringComparison.Ordinal))
            result.Append('_').Append(suffix);
        return counter && !name.EndsWith("total", StringComparison.Ordinal) ? result.Append("_total").ToString() : result.ToString();
    }

    public void Head(string name, string help, string type)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    public void Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
            _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
        if (_text.Length > 32 * 1024)
            Flush();
    }

    public void Flush()
    {
        foreach (var chunk in _text.GetChunks())
            Encoding.UTF8.GetBytes(chunk.Span, output);
        _text.Clear();
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
