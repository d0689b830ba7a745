using System.Globalization;

namespace Kilonova.Benchmarks;

/// <summary>Options of a lane, <c>--name value</c>.</summary>
internal sealed class LaneOptions
{
    private readonly Dictionary<string, string> given = new(StringComparer.Ordinal);

    public LaneOptions(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i += 2)
            given[arguments[i]] = i + 1 < arguments.Count ? arguments[i + 1] : throw new ArgumentException($"{arguments[i]} needs a value");
    }

    /// <summary>A number that may be given.</summary>
    public int Number(string name, int fallback) => given.Remove(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

    /// <summary>Refuses what nobody asked for.</summary>
    public void End()
    {
        if (given.Count > 0)
            throw new ArgumentException($"this lane has no option {string.Join(", ", given.Keys)}");
    }
}
