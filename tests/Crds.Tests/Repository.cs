using System.Reflection;
using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace Kilonova.Crds.Tests;

/// <summary>Files of the repository.</summary>
internal static class Repository
{
    /// <summary>Its root.</summary>
    public static string Root { get; } = typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>Text of a file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Names of the files of a folder, in order.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern) =>
        [.. Directory.EnumerateFiles(Path.Combine(Root, folder), pattern).Select(file => $"{folder}/{Path.GetFileName(file)}").Order(StringComparer.Ordinal)];

    /// <summary>Documents of a YAML file, each with its text.</summary>
    public static IReadOnlyList<(string Text, JsonNode Document)> Documents(string path) =>
        [.. Read(path).Split("\n---\n").Select(text => (text, Parse(text)))];

    /// <summary>A YAML document as JSON.</summary>
    public static JsonNode Parse(string yaml)
    {
        var graph = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize(yaml);
        return JsonNode.Parse(new SerializerBuilder().JsonCompatible().Build().Serialize(graph))!;
    }
}
