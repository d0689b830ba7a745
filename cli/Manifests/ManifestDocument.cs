using System.Text.Json.Nodes;

namespace Kilonova.Cli.Manifests;

/// <summary>One document of a file, whichever way it was written.</summary>
/// <param name="File">File, as it was given.</param>
/// <param name="Line">Line on which it begins, from 1.</param>
/// <param name="Json">Its content; null for an empty document.</param>
/// <param name="Lines">Lines of its fields, by path, for instance <c>spec.networks[0].network</c>.</param>
internal sealed record ManifestDocument(string File, int Line, JsonNode? Json, IReadOnlyDictionary<string, int> Lines)
{
    /// <summary>Says that a field breaks a rule: <c>file:line: field: rule</c>.</summary>
    /// <param name="path">Path of the field; empty for the document.</param>
    /// <param name="rule">What it must be.</param>
    public string Mistake(string path, string rule) => $"{File}:{LineOf(path)}: {(path.Length == 0 ? "" : path + ": ")}{rule}";

    /// <summary>The line of a field, or of the nearest that it would be in.</summary>
    public int LineOf(string path)
    {
        while (path.Length > 0)
        {
            if (Lines.TryGetValue(path, out var line)) return line;
            path = path[..Math.Max(path.LastIndexOfAny(['.', '[']), 0)];
        }

        return Line;
    }
}
