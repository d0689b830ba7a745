using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Tests.Support;

[Kind("test.kilonova.dev", "v1", "Widget", "widgets")]
internal sealed record Widget : KubernetesObject<WidgetSpec, WidgetStatus>
{
    /// <summary>The kind's definition; <c>shape</c> is known to the server and not to the record.</summary>
    public const string Definition = """
        {
          "apiVersion": "apiextensions.k8s.io/v1",
          "kind": "CustomResourceDefinition",
          "metadata": { "name": "widgets.test.kilonova.dev" },
          "spec": {
            "group": "test.kilonova.dev",
            "scope": "Namespaced",
            "names": { "kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget" },
            "versions": [{
              "name": "v1", "served": true, "storage": true,
              "subresources": { "status": {} },
              "selectableFields": [{ "jsonPath": ".spec.color" }],
              "schema": { "openAPIV3Schema": {
                "type": "object",
                "properties": {
                  "spec": { "type": "object", "properties": {
                    "color": { "type": "string", "maxLength": 100000 },
                    "shape": { "type": "string" },
                    "size": { "type": "integer", "maximum": 10 },
                    "parts": { "type": "array", "items": { "type": "string" } }
                  } },
                  "status": { "type": "object", "properties": {
                    "phase": { "type": "string" },
                    "count": { "type": "integer" }
                  } }
                }
              } }
            }]
          }
        }
        """;

    public static ResourceType<Widget> Type { get; } = ResourceType.Of(WidgetJson.Default.Widget);

    public static Widget Named(string ns, string name, string color = "red") =>
        new() { Metadata = new ObjectMeta { Namespace = ns, Name = name }, Spec = new WidgetSpec { Color = color } };
}

internal sealed record WidgetSpec : WireObject
{
    public required string Color { get; init; }

    public IReadOnlyList<string>? Parts { get; init; }
}

internal sealed record WidgetStatus : WireObject
{
    public string? Phase { get; init; }

    public int? Count { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Widget))]
internal sealed partial class WidgetJson : JsonSerializerContext;
