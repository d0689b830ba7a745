using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Kilonova.Crds.Generator;

namespace Kilonova.Crds.Tests;

/// <summary>Records carry every document through unchanged, whatever a newer version put into it.</summary>
public sealed class RecordTests
{
    public static TheoryData<Type> Kinds => [.. WireDocuments.Kinds];

    public static TheoryData<Type> Records => [.. WireDocuments.Records];

    public static TheoryData<Type> Enums => [.. typeof(ApiGroup).Assembly.GetExportedTypes()
        .Where(type => type.IsEnum && type.IsDefined(typeof(JsonConverterAttribute)))];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Unknown_fields_survive_at_every_node(Type kind)
    {
        var document = new WireDocuments(() => true).Of(kind);
        var objects = document.ToJsonString().Split(WireDocuments.Unknown).Length - 1;
        Assert.True(objects >= 3, $"only {objects} objects");
        AssertSurvives(kind, document);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Documents_with_any_fields_left_out_survive(Type kind)
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            AssertSurvives(kind, new WireDocuments(() => random.Next(2) == 0).Of(kind));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_changed_record_keeps_what_it_does_not_know(Type kind)
    {
        var info = CrdsJsonContext.Default.GetTypeInfo(kind)!;
        var read = (Meta.KubernetesObject)JsonSerializer.Deserialize(new WireDocuments(() => true).Of(kind), info)!;
        var changed = read with { Metadata = read.Metadata with { ResourceVersion = "42" } };
        var written = JsonSerializer.SerializeToNode(changed, info)!;
        Assert.NotNull(written[WireDocuments.Unknown]);
        Assert.NotNull(written["metadata"]![WireDocuments.Unknown]);
        Assert.NotNull(written["spec"]![WireDocuments.Unknown]);
        Assert.Equal("42", written["metadata"]!["resourceVersion"]!.GetValue<string>());
    }

    [Theory]
    [MemberData(nameof(Records))]
    public void No_property_has_an_initialiser(Type record)
    {
        // Source-generated deserialisation assigns every init property, so an initialiser would hold in tests and be lost on the wire.
        var made = Activator.CreateInstance(record);
        Assert.All(
            WireProperty.Of(record).Select(property => property.Member),
            property => Assert.Equal(property.PropertyType.IsValueType ? Activator.CreateInstance(property.PropertyType) : null, property.GetValue(made)));
    }

    [Theory]
    [MemberData(nameof(Records))]
    public void What_is_not_required_can_be_null(Type record)
    {
        var nullability = new NullabilityInfoContext();
        var wrong = WireProperty.Of(record)
            .Select(property => property.Member)
            .Where(property => !property.PropertyType.IsValueType && !property.IsDefined(typeof(RequiredMemberAttribute)))
            .Where(property => nullability.Create(property).ReadState != NullabilityState.Nullable);
        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(Enums))]
    public void The_first_member_of_an_enum_is_its_default(Type type)
    {
        Assert.Equal(typeof(JsonStringEnumConverter<>).MakeGenericType(type), type.GetCustomAttribute<JsonConverterAttribute>()!.ConverterType);
        Assert.Equal(EnumValue.Of(type)[0].Field.Name, Activator.CreateInstance(type)!.ToString());
    }

    [Fact]
    public void Absent_enums_read_as_the_API_server_would_have_filled_them_in()
    {
        var wrong = WireDocuments.Records.SelectMany(WireProperty.Of)
            .Where(property => property.Type.IsEnum && property.Default is not null && !property.Default.Equals(EnumValue.Of(property.Type)[0].Name));
        Assert.Empty(wrong);
    }

    private static void AssertSurvives(Type kind, JsonObject document)
    {
        var info = CrdsJsonContext.Default.GetTypeInfo(kind) ?? throw new InvalidOperationException($"{kind.Name} is not in the JSON context");
        var written = JsonSerializer.SerializeToNode(JsonSerializer.Deserialize(document, info), info);
        if (!JsonNode.DeepEquals(document, written))
            Assert.Equal(document.ToJsonString(), written!.ToJsonString());
    }
}
