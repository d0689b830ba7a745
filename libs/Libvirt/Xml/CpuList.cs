using System.Globalization;
using System.Text;

namespace Kilonova.Libvirt.Xml;

/// <summary>libvirt's syntax of CPU and node sets: <c>0-3,^2,8</c>.</summary>
public static class CpuList
{
    /// <summary>Largest number that is taken for a CPU; libvirt's own bitmaps end there.</summary>
    private const int MaxCpu = 16_383;

    /// <summary>Reads a set: ascending, without duplicates.</summary>
    /// <exception cref="FormatException">It is not of that syntax.</exception>
    public static IReadOnlyList<int> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var set = new SortedSet<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var excluded = part[0] == '^';
            var bounds = (excluded ? part[1..] : part).Split('-');
            if (bounds.Length > 2)
                throw Bad(text);
            var first = Number(bounds[0], text);
            var last = Number(bounds[^1], text);
            if (last < first)
                throw Bad(text);
            var range = Enumerable.Range(first, last - first + 1);
            if (excluded)
                set.ExceptWith(range);
            else
                set.UnionWith(range);
        }

        return [.. set];
    }

    /// <summary>Writes a set in its shortest form, ascending.</summary>
    public static string Format(IEnumerable<int> cpus)
    {
        var text = new StringBuilder();
        var ordered = cpus.Distinct().Order().ToArray();
        for (var i = 0; i < ordered.Length;)
        {
            var end = i;
            while (end + 1 < ordered.Length && ordered[end + 1] == ordered[end] + 1)
                end++;
            if (text.Length > 0)
                text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{ordered[i]}");
            if (end > i)
                text.Append(CultureInfo.InvariantCulture, $"-{ordered[end]}");
            i = end + 1;
        }

        return text.ToString();
    }

    private static int Number(string text, string whole)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MaxCpu
            ? number
            : throw Bad(whole);

    private static FormatException Bad(string text) => new($"'{text}' is not a list of CPUs");
}
