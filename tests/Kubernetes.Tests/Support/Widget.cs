using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Tests.Support;

[Kind("test.kilonova.dev", "v1", "Widget", "widgets")]
internal sealed record Widget : KubernetesObject<WidgetSpec, WidgetStatus>
{
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
