using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Kilonova.Cli.Manifests;

/// <summary>Reads YAML as kubectl does: what is not quoted and looks like a number, a truth value or nothing is one.</summary>
internal static class YamlText
{
    /// <summary>Deeper than any manifest; an alias that contains itself has no end.</summary>
    private const int MaxDepth = 64;

    /// <summary>Reads all documents of a text.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="BadInputException">It is no YAML.</exception>
    public static IEnumerable<ManifestDocument> Read(string file, string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new MergingParser(new Parser(new StringReader(text))));
        }
        catch (YamlException e)
        {
            throw new BadInputException($"{file}:{e.Start.Line}: is no YAML: {e.InnerException?.Message ?? e.Message}", e);
        }

        foreach (var document in stream.Documents)
        {
            var lines = new Dictionary<string, int>(StringComparer.Ordinal);
            var json = Convert(file, document.RootNode, "", lines, 0);
            yield return new ManifestDocument(file, (int)document.RootNode.Start.Line, json, lines);
        }
    }

    private static JsonNode? Convert(string file, YamlNode node, string path, Dictionary<string, int> lines, int depth)
    {
        if (depth > MaxDepth) throw new BadInputException($"{file}:{node.Start.Line}: {path}: is nested more than {MaxDepth} deep");
        switch (node)
        {
            case YamlMappingNode mapping:
                var fields = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    if (key is not YamlScalarNode { Value: { } name })
                        throw new BadInputException($"{file}:{key.Start.Line}: {path}: keys must be text");
                    var below = path.Length == 0 ? name : $"{path}.{name}";
                    lines[below] = (int)key.Start.Line;
                    fields[name] = Convert(file, value, below, lines, depth + 1);
                }

                return fields;
            case YamlSequenceNode sequence:
                var items = new JsonArray();
                foreach (var item in sequence.Children)
                {
                    var below = $"{path}[{items.Count}]";
                    lines[below] = (int)item.Start.Line;
                    items.Add(Convert(file, item, below, lines, depth + 1));
                }

                return items;
            default:
                return Scalar((YamlScalarNode)node);
        }
    }

    private static JsonValue? Scalar(YamlScalarNode node)
    {
        var text = node.Value ?? "";
        if (node.Style is not (ScalarStyle.Plain or ScalarStyle.Any) || (!node.Tag.IsEmpty && node.Tag.Value == "tag:yaml.org,2002:str")) return JsonValue.Create(text);
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE":
                return JsonValue.Create(true);
            case "false" or "False" or "FALSE":
                return JsonValue.Create(false);
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        var digit = text.AsSpan().TrimStart("+-.");
        return digit.Length > 0 && char.IsAsciiDigit(digit[0]) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : JsonValue.Create(text);
    }
}
