using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Kilonova.Crds.Generator;

namespace Kilonova.Crds.Tests;

/// <summary>The examples are documents that our records know wholly.</summary>
public sealed class ExampleTests
{
    public static TheoryData<string> Examples => [.. Repository.Files("examples", "*.yaml")];

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_holds_no_unknown_field(string path)
    {
        foreach (var (_, document) in Repository.Documents(path))
        {
            if (document["apiVersion"]!.GetValue<string>() != ApiGroup.ApiVersion)
                continue;
            var type = WireDocuments.Kinds.Single(kind => kind.Name == document["kind"]!.GetValue<string>());
            Assert.Empty(UnknownFields(document.AsObject(), type, type.Name));
            Assert.NotNull(JsonSerializer.Deserialize(document, CrdsJsonContext.Default.GetTypeInfo(type)!));
        }
    }

    [Fact]
    public void Examples_show_every_kind_that_users_begin_with()
    {
        var shown = Examples.SelectMany(row => Repository.Documents(row.Data)).Select(document => document.Document["kind"]!.GetValue<string>()).Distinct();
        Assert.Superset(new HashSet<string> { "Namespace", "Flavor", "Image", "KeyPair", "Network", "Server" }, shown.ToHashSet());
    }

    private static IEnumerable<string> UnknownFields(JsonObject document, Type type, string path)
    {
        var properties = WireProperty.Of(type).ToDictionary(property => property.Name);
        foreach (var (name, value) in document)
        {
            if (!properties.TryGetValue(name, out var property))
            {
                yield return $"{path}.{name}";
                continue;
            }

            var inner = SchemaBuilder.ListItem(property.Type) ?? property.Type;
            var objects = value is JsonArray list ? list.OfType<JsonObject>() : value is JsonObject single ? [single] : [];
            if (typeof(Meta.WireObject).IsAssignableFrom(inner))
                foreach (var unknown in objects.SelectMany(item => UnknownFields(item, inner, $"{path}.{name}")))
                    yield return unknown;
        }
    }
}
