using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Kilonova.Conformance;

/// <summary>Files of vectors: a JSON object on each line, compressed or not.</summary>
public static class VectorFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">Path; one that ends in <c>.gz</c> is compressed.</param>
    /// <returns>The vectors, one at a time.</returns>
    public static IEnumerable<JsonObject> Read(string path)
    {
        using var file = File.OpenRead(path);
        foreach (var vector in Read(file, path.EndsWith(".gz", StringComparison.Ordinal))) yield return vector;
    }

    /// <summary>Reads vectors that are kept with this program.</summary>
    /// <param name="name">Name, for instance <c>numa</c>.</param>
    /// <returns>The vectors, one at a time.</returns>
    /// <exception cref="FileNotFoundException">None are kept by that name.</exception>
    public static IEnumerable<JsonObject> Kept(string name)
    {
        using var resource = typeof(VectorFile).Assembly.GetManifestResourceStream(name + ".jsonl.gz") ?? throw new FileNotFoundException(name);
        foreach (var vector in Read(resource, true)) yield return vector;
    }

    private static IEnumerable<JsonObject> Read(Stream stream, bool compressed)
    {
        using var plain = compressed ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        using var reader = new StreamReader(plain);
        var number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            yield return JsonNode.Parse(line) as JsonObject ?? throw new InvalidDataException($"line {number} is no JSON object");
        }
    }
}
