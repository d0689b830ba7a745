using System.Text.Json;

namespace Kilonova.Crds.Generator;

/// <summary>JSON as the document builder has it.</summary>
public static class JsonValues
{
    /// <summary>Parses a default.</summary>
    public static object Parse(string json) => Convert(JsonDocument.Parse(json).RootElement);

    private static object Convert(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String: return element.GetString()!;
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            case JsonValueKind.Number: return element.TryGetInt64(out var whole) ? whole : element.GetDouble();
            case JsonValueKind.Array: return element.EnumerateArray().Select(Convert).ToList();
            case JsonValueKind.Object:
                var node = new Node();
                foreach (var member in element.EnumerateObject())
                    node.Add(member.Name, Convert(member.Value));
                return node;
            default: throw new ArgumentException($"no default can be {element.ValueKind}", nameof(element));
        }
    }
}
