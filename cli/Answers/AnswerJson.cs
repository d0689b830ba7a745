using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kilonova.Cli.Answers;

/// <summary>Serialisation of what is printed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    WriteIndented = true,
    NewLine = "\n")]
[JsonSerializable(typeof(SimulationAnswer))]
[JsonSerializable(typeof(WhyAnswer))]
[JsonSerializable(typeof(CapacityAnswer))]
internal sealed partial class AnswerJson : JsonSerializerContext
{
    /// <summary>For people and files: only what JSON itself asks for is escaped.</summary>
    public static AnswerJson Plain() => new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
