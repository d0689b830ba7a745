using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

/// <summary>Writes request bodies.</summary>
internal static class JsonBody
{
    public static ReadOnlyMemory<byte> Of<T>(ResourceType<T> type, T obj)
        where T : KubernetesObject => JsonSerializer.SerializeToUtf8Bytes(type.Typed(obj), type.Json);

    /// <summary>The patch with the guard in its metadata; the caller's tree is left as it is.</summary>
    public static ReadOnlyMemory<byte> OfPatch(JsonObject patch, Guard guard)
    {
        if (guard != Guard.None)
        {
            patch = (JsonObject)patch.DeepClone();
            if (patch["metadata"] is not JsonObject metadata)
                patch["metadata"] = metadata = [];
            if (guard.Uid is not null)
                metadata["uid"] = guard.Uid;
            if (guard.ResourceVersion is not null)
                metadata["resourceVersion"] = guard.ResourceVersion;
        }

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
            patch.WriteTo(writer);
        return buffer.WrittenMemory;
    }

    public static ReadOnlyMemory<byte> OfDelete(string uid, string? resourceVersion, Propagation propagation)
    {
        var buffer = new ArrayBufferWriter<byte>(192);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("apiVersion"u8, "v1"u8);
            writer.WriteString("kind"u8, "DeleteOptions"u8);
            writer.WriteString("propagationPolicy"u8, propagation.ToString());
            writer.WriteStartObject("preconditions"u8);
            writer.WriteString("uid"u8, uid);
            if (resourceVersion is not null)
                writer.WriteString("resourceVersion"u8, resourceVersion);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
