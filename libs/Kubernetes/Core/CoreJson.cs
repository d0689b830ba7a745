using System.Text.Json.Serialization;

namespace Kilonova.Kubernetes.Core;

/// <summary>Source-generated serialisation of the kinds in this folder.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ObjectMetadata))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(CustomResourceDefinition))]
[JsonSerializable(typeof(CertificateSigningRequest))]
public sealed partial class CoreJson : JsonSerializerContext;
