using System.Text.Json;
using System.Text.Json.Serialization;
using Kilonova.NodeAgent.Images;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.Registration;

namespace Kilonova.NodeAgent.State;

/// <summary>Serialisation of the files that the agent keeps, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
[JsonSerializable(typeof(InstanceRecord))]
[JsonSerializable(typeof(Tombstone))]
[JsonSerializable(typeof(CachedImage))]
[JsonSerializable(typeof(ImageReference))]
[JsonSerializable(typeof(QemuImageInfo))]
[JsonSerializable(typeof(KvmVerdict))]
internal sealed partial class AgentJsonContext : JsonSerializerContext;
