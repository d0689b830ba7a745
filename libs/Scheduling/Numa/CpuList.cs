using System.Globalization;

namespace Kilonova.Scheduling.Numa;

/// <summary>Lists of CPUs as text whose order means something: <c>0-3,8</c>, <c>4,20,5,21</c>.</summary>
public static class CpuList
{
    /// <summary>Reads a list, in its order.</summary>
    /// <param name="text">The list.</param>
    /// <param name="cpus">Takes the CPUs.</param>
    /// <returns>False where the text is no list; then only the part before has been taken.</returns>
    public static bool Read(ReadOnlySpan<char> text, List<int> cpus)
    {
        ArgumentNullException.ThrowIfNull(cpus);
        foreach (var part in text.Split(','))
        {
            var range = text[part];
            var dash = range.IndexOf('-');
            if (!TryNumber(dash < 0 ? range : range[..dash], out var first)) return false;
            var last = first;
            if (dash >= 0 && (!TryNumber(range[(dash + 1)..], out last) || last < first)) return false;
            for (var cpu = first; cpu <= last; cpu++) cpus.Add(cpu);
        }

        return true;
    }

    /// <summary>Writes a list, in its order; neighbours that ascend become ranges.</summary>
    /// <param name="cpus">The CPUs.</param>
    /// <returns>The text.</returns>
    public static string Write(IReadOnlyList<int> cpus)
    {
        ArgumentNullException.ThrowIfNull(cpus);
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < cpus.Count; i++)
        {
            var start = i;
            while (i + 1 < cpus.Count && cpus[i + 1] == cpus[i] + 1) i++;
            if (start > 0) text.Append(',');
            text.Append(cpus[start]);
            if (i > start) text.Append('-').Append(cpus[i]);
        }

        return text.ToString();
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= CpuSet.MaxCpu;
}
