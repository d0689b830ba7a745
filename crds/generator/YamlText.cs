using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kilonova.Crds.Generator;

/// <summary>Writes a <see cref="Node"/> as YAML that YAML 1.1 and 1.2 readers understand alike.</summary>
public static partial class YamlText
{
    private static readonly HashSet<string> Words = new(["true", "false", "yes", "no", "on", "off", "y", "n", "null"], StringComparer.OrdinalIgnoreCase);

    /// <summary>The document, with line feeds, ending in one.</summary>
    public static string Of(Node document)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, EmitterSettings.Default.WithBestWidth(int.MaxValue).WithNewLine("\n"));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Write(emitter, document);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Write(Emitter emitter, object value)
    {
        switch (value)
        {
            case Node node:
                emitter.Emit(new MappingStart(null, null, isImplicit: true, node.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (key, item) in node)
                {
                    Write(emitter, key);
                    Write(emitter, item);
                }

                emitter.Emit(new MappingEnd());
                break;
            case List<object> list:
                emitter.Emit(new SequenceStart(null, null, isImplicit: true, list.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in list)
                    Write(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case string text:
                emitter.Emit(new Scalar(null, null, text, Style(text), isPlainImplicit: true, isQuotedImplicit: true));
                break;
            case bool flag:
                emitter.Emit(new Scalar(flag ? "true" : "false"));
                break;
            case IFormattable number:
                emitter.Emit(new Scalar(number.ToString(null, CultureInfo.InvariantCulture)));
                break;
            default:
                throw new ArgumentException($"{value.GetType()} has no place in a document", nameof(value));
        }
    }

    private static ScalarStyle Style(string text) =>
        text.Contains('\n', StringComparison.Ordinal) ? ScalarStyle.Literal
        : Plain().IsMatch(text) && !Words.Contains(text) ? ScalarStyle.Plain
        : ScalarStyle.SingleQuoted;

    [GeneratedRegex("^[A-Za-z]([-A-Za-z0-9 _/.,;()<>=+']*[-A-Za-z0-9_/.)])?$")]
    private static partial Regex Plain();
}
