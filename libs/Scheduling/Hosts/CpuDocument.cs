using System.Text.Json;

namespace Kilonova.Scheduling.Hosts;

/// <summary>A description of a CPU, in JSON. Clouds have few kinds of CPUs: what is found out of one counts for all hosts that have it.</summary>
internal sealed class CpuDocument(string text)
{
    private JsonElement parsed;
    private bool tried;

    /// <summary>The description as it stands.</summary>
    public string Text { get; } = text;

    /// <summary>The description; undefined when it is no JSON.</summary>
    public JsonElement Parsed
    {
        get
        {
            if (tried) return parsed;
            tried = true;
            return parsed = CpuDescription.Parse(Text);
        }
    }
}
