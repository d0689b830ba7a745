using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kilonova.Crds;

/// <summary>Serialisation of every kind, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Server))]
[JsonSerializable(typeof(Instance))]
[JsonSerializable(typeof(Hypervisor))]
[JsonSerializable(typeof(ResourceProvider))]
[JsonSerializable(typeof(Flavor))]
[JsonSerializable(typeof(Image))]
[JsonSerializable(typeof(KeyPair))]
[JsonSerializable(typeof(Network))]
[JsonSerializable(typeof(Aggregate))]
[JsonSerializable(typeof(Cell))]
[JsonSerializable(typeof(ServerGroup))]
[JsonSerializable(typeof(AddressClaim))]
[JsonSerializable(typeof(Fence))]
[JsonSerializable(typeof(Migration))]
[JsonSerializable(typeof(ServerAction))]
[JsonSerializable(typeof(ComputeQuota))]
public sealed partial class CrdsJsonContext : JsonSerializerContext;
