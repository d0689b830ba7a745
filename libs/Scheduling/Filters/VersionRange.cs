namespace Kilonova.Scheduling.Filters;

/// <summary>A range of versions as images state it, for instance <c>&gt;=6.0,&lt;8.0</c>: every part must hold.</summary>
internal static class VersionRange
{
    private static readonly string[] Operators = ["<=", ">=", "!=", "==", "<", ">"];

    /// <summary>Whether a range includes a version.</summary>
    /// <param name="range">The range.</param>
    /// <param name="version">The version: major × 1,000,000 + minor × 1,000 + release.</param>
    /// <exception cref="FormatException">It is no range.</exception>
    public static bool Includes(string range, long version)
    {
        foreach (var part in range.Split(','))
        {
            var text = part.Trim();
            var comparison = Operators.FirstOrDefault(o => text.StartsWith(o, StringComparison.Ordinal)) ?? throw Bad(range);
            var order = Compare(version, text[comparison.Length..].Trim(), range);
            var holds = comparison switch { "<=" => order <= 0, ">=" => order >= 0, "!=" => order != 0, "==" => order == 0, "<" => order < 0, _ => order > 0 };
            if (!holds) return false;
        }

        return true;
    }

    /// <summary>A version for people.</summary>
    public static string Format(long version) => version == 0 ? "not known" : $"{version / 1_000_000}.{version / 1_000 % 1_000}.{version % 1_000}";

    /// <summary>Parts that are not stated are 0.</summary>
    private static int Compare(long version, string text, string range)
    {
        Span<long> have = [version / 1_000_000, version / 1_000 % 1_000, version % 1_000];
        var parts = text.Split('.');
        for (var i = 0; i < Math.Max(have.Length, parts.Length); i++)
        {
            var wanted = 0L;
            if (i < parts.Length && !long.TryParse(parts[i], out wanted)) throw Bad(range);
            var order = (i < have.Length ? have[i] : 0).CompareTo(wanted);
            if (order != 0) return order;
        }

        return 0;
    }

    private static FormatException Bad(string range) => new($"img_hv_requested_version: {range} is no range of versions");
}
