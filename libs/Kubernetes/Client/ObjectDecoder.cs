using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

/// <summary>Turns the JSON of one object into its record, or into a <see cref="DecodeFailure"/>.</summary>
internal static class ObjectDecoder
{
    public static bool TryDecode<T>(ResourceType<T> type, ReadOnlySpan<byte> json, [NotNullWhen(true)] out T? obj, [NotNullWhen(false)] out DecodeFailure? failure)
        where T : KubernetesObject
    {
        try
        {
            obj = JsonSerializer.Deserialize(json, type.Json) ?? throw new JsonException("null in place of an object");
            if (obj.Metadata is null)
                throw new JsonException("no metadata");
            obj = type.Typed(obj);
            failure = null;
            return true;
        }
        catch (JsonException e)
        {
            obj = null;
            var meta = Metadata(json);
            failure = new DecodeFailure(new NamespacedName(meta?.Namespace, meta?.Name ?? ""), meta?.Uid, meta?.ResourceVersion, e.Message);
            return false;
        }
    }

    public static ObjectMeta? Metadata(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ClientJson.Default.PartialObject)?.Metadata;
        }
        catch (JsonException)
        {
            // Even the metadata is unreadable: the failure is reported without a name.
            return null;
        }
    }
}
