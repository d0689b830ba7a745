using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Client;

/// <summary>What is written and read, without reflection and without loss.</summary>
public sealed class WireTests
{
    [Fact]
    public void Kinds_are_serialised_by_generated_code_only()
    {
        JsonTypeInfo[] types = [CoreResources.Namespaces.Json, CoreResources.Secrets.Json, CoreResources.ConfigMaps.Json, CoreResources.Leases.Json, CoreResources.Events.Json, CoreResources.Nodes.Json, CoreResources.CustomResourceDefinitions.Json, ResourceType.MetadataOf(Widget.Type).Json];
        Assert.All(types, t => Assert.IsAssignableFrom<JsonSerializerContext>(t.OriginatingResolver));
        Assert.IsAssignableFrom<JsonSerializerContext>(ClientJson.Default.KubernetesStatus.OriginatingResolver);
    }

    [Fact]
    public void A_context_that_would_write_nulls_or_other_names_is_refused()
    {
        Assert.Contains("ignore nulls", Assert.Throws<ArgumentException>(() => ResourceType.Of(NullsJson.Default.Widget)).Message, StringComparison.Ordinal);
        Assert.Contains("camelCase", Assert.Throws<ArgumentException>(() => ResourceType.Of(NamesJson.Default.Widget)).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("null", JsonSerializer.Serialize(Widget.Named("ns", "a"), Widget.Type.Json), StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_fields_large_integers_and_micro_times_survive_the_round_trip()
    {
        const string text = """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l","generation":9007199254740993,"later":{"a":[1,2.50]}},"spec":{"renewTime":"2030-01-02T03:04:05.000006Z","preferredHolder":"x","big":9223372036854775807}}""";
        var lease = JsonSerializer.Deserialize(text, CoreResources.Leases.Json)!;
        Assert.Equal(DateTimeOffset.Parse("2030-01-02T03:04:05.000006Z", CultureInfo.InvariantCulture), lease.Spec!.RenewTime);
        Assert.Equal(9007199254740993, lease.Metadata.Generation);
        var written = JsonSerializer.Serialize(lease with { Spec = lease.Spec with { HolderIdentity = "me" } }, CoreResources.Leases.Json);
        using var read = JsonDocument.Parse(written);
        var spec = read.RootElement.GetProperty("spec");
        Assert.Equal(("x", 9223372036854775807, "2030-01-02T03:04:05.000006Z"), (spec.GetProperty("preferredHolder").GetString(), spec.GetProperty("big").GetInt64(), spec.GetProperty("renewTime").GetString()));
        Assert.Equal("{\"a\":[1,2.50]}", read.RootElement.GetProperty("metadata").GetProperty("later").GetRawText());
    }

    [Fact]
    public async Task A_list_holds_repeated_words_once()
    {
        await using var server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, $$"""{"metadata":{"resourceVersion":"1"},"items":[{{string.Join(',', Enumerable.Range(0, 3).Select(i => $$"""{"apiVersion":"test.kilonova.dev/v1","kind":"Widget","metadata":{"namespace":"ns","name":"w{{i}}"},"spec":{"color":"red"} }"""))}}]}"""));
        using var client = server.Client();
        var list = await client.Resource(Widget.Type).ListAsync(WatchScope.InNamespace("ns"));
        Assert.All(list.Items, w => Assert.Same(Widget.Type.Kind, w.Kind));
        Assert.All(list.Items, w => Assert.Same(Widget.Type.ApiVersion, w.ApiVersion));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Widget))]
internal sealed partial class NullsJson : JsonSerializerContext;

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Widget))]
internal sealed partial class NamesJson : JsonSerializerContext;
