using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

/// <summary>JSON merge patches (RFC 7386): objects merge, null removes, anything else replaces.</summary>
public static class MergePatch
{
    /// <summary>The patch that turns <paramref name="from"/> into <paramref name="to"/>; null when they are equal.</summary>
    /// <remarks>
    /// Fields that both leave alone, unknown ones included, are not in it, and neither is what the server owns:
    /// identity, version, generation, timestamps.
    /// </remarks>
    public static JsonObject? Between<T>(ResourceType<T> type, T from, T to)
        where T : KubernetesObject
    {
        ArgumentNullException.ThrowIfNull(type);
        var before = JsonSerializer.SerializeToElement(type.Typed(from), type.Json);
        var after = JsonSerializer.SerializeToElement(type.Typed(to), type.Json);
        var patch = Between(before, after);
        if (patch?["metadata"] is JsonObject metadata)
        {
            foreach (var owned in (string[])["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp"])
                metadata.Remove(owned);
            if (metadata.Count == 0)
                patch.Remove("metadata");
        }

        return patch is { Count: > 0 } ? patch : null;
    }

    /// <summary>The patch that turns one JSON object into another; null when they are equal.</summary>
    public static JsonObject? Between(JsonElement from, JsonElement to)
    {
        JsonObject? patch = null;
        foreach (var property in to.EnumerateObject())
        {
            if (!from.TryGetProperty(property.Name, out var old))
            {
                Set(property.Name, Node(property.Value));
            }
            else if (old.ValueKind == JsonValueKind.Object && property.Value.ValueKind == JsonValueKind.Object)
            {
                if (Between(old, property.Value) is { } inner)
                    Set(property.Name, inner);
            }
            else if (!JsonElement.DeepEquals(old, property.Value))
            {
                Set(property.Name, Node(property.Value));
            }
        }

        foreach (var property in from.EnumerateObject())
        {
            if (!to.TryGetProperty(property.Name, out _))
                Set(property.Name, null);
        }

        return patch;

        void Set(string name, JsonNode? value) => (patch ??= [])[name] = value;
    }

    private static JsonNode? Node(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(element.Clone()),
        JsonValueKind.Array => JsonArray.Create(element.Clone()),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(element.Clone()),
    };
}
