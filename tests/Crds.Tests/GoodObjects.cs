using System.Text.Json.Nodes;

namespace Kilonova.Crds.Tests;

/// <summary>One object of every kind that is accepted, in <c>good.yaml</c>: what tests change to be refused.</summary>
internal static class GoodObjects
{
    private static readonly IReadOnlyDictionary<string, JsonNode> Objects = Repository.Documents("tests/Crds.Tests/good.yaml")
        .ToDictionary(document => document.Document["kind"]!.GetValue<string>(), document => document.Document);

    /// <summary>Kinds that have one.</summary>
    public static IEnumerable<string> Kinds => Objects.Keys;

    /// <summary>A copy of the object of a kind.</summary>
    public static JsonNode Of(string kind) => Objects[kind].DeepClone();

    /// <summary>A copy under another name.</summary>
    public static JsonNode Of(string kind, string name)
    {
        var copy = Of(kind);
        copy["metadata"]!["name"] = name;
        return copy;
    }
}
