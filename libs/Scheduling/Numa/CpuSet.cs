using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Kilonova.Scheduling.Numa;

/// <summary>A set of CPUs by number, of a host or of a guest. Never changes.</summary>
public sealed class CpuSet : IEquatable<CpuSet>, IEnumerable<int>
{
    /// <summary>No CPU.</summary>
    public static readonly CpuSet Empty = new([]);

    /// <summary>Largest number that is understood.</summary>
    public const int MaxCpu = 65535;

    private readonly ulong[] words;

    private CpuSet(ulong[] words)
    {
        var length = words.Length;
        while (length > 0 && words[length - 1] == 0) length--;
        this.words = length == words.Length ? words : words[..length];
        foreach (var word in this.words) Count += BitOperations.PopCount(word);
    }

    /// <summary>How many CPUs.</summary>
    public int Count { get; }

    /// <summary>Largest number; -1 when empty.</summary>
    public int Max => words.Length == 0 ? -1 : (words.Length << 6) - 1 - BitOperations.LeadingZeroCount(words[^1]);

    /// <summary>Gathers CPUs.</summary>
    /// <param name="cpus">Their numbers.</param>
    /// <returns>The set.</returns>
    public static CpuSet Of(params IEnumerable<int> cpus)
    {
        ArgumentNullException.ThrowIfNull(cpus);
        var words = new ulong[4];
        foreach (var cpu in cpus)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(cpu, nameof(cpus));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(cpu, MaxCpu, nameof(cpus));
            if (cpu >> 6 >= words.Length) Array.Resize(ref words, (cpu >> 6) + 4);
            words[cpu >> 6] |= 1UL << cpu;
        }

        return new CpuSet(words);
    }

    /// <summary>The CPUs of a range.</summary>
    /// <param name="start">First.</param>
    /// <param name="count">How many.</param>
    /// <returns>The set.</returns>
    public static CpuSet Range(int start, int count) => Of(Enumerable.Range(start, count));

    /// <summary>Reads a list such as <c>0-3,8,^2</c>: what is included less what is excluded, whatever the order (spec: S8, CPU set syntax).</summary>
    /// <param name="text">The list.</param>
    /// <returns>The set, perhaps empty; or the error <c>Invalid</c>.</returns>
    public static Checked<CpuSet> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (included, excluded) = (new List<int>(), new List<int>());
        foreach (var part in text.Split(','))
        {
            var rule = part.Trim();
            if (rule.Length == 0) continue;
            var dash = rule.IndexOf('-', StringComparison.Ordinal);
            var rejects = rule[0] == '^';
            var kind = dash >= 0 ? "range" : rejects ? "exclusion" : "inclusion";
            var first = dash >= 0 ? rule[(rejects ? 1 : 0)..dash] : rule[(rejects ? 1 : 0)..];
            if (!TryNumber(first, out var start) || !TryNumber(dash >= 0 ? rule[(dash + 1)..] : first, out var end) || start > end)
                return new RequestError("Invalid", $"Invalid {kind} expression '{rule}'");
            for (var cpu = start; cpu <= end; cpu++) (rejects ? excluded : included).Add(cpu);
        }

        return Of(included).Except(Of(excluded));
    }

    /// <summary>Whether a CPU is in the set.</summary>
    /// <param name="cpu">Its number.</param>
    /// <returns>True when it is.</returns>
    public bool Contains(int cpu) => cpu >= 0 && cpu >> 6 < words.Length && (words[cpu >> 6] >> cpu & 1) != 0;

    /// <summary>CPUs that are in either set.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The union.</returns>
    public CpuSet Union(CpuSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var (longer, shorter) = words.Length >= other.words.Length ? (words, other.words) : (other.words, words);
        var result = (ulong[])longer.Clone();
        for (var i = 0; i < shorter.Length; i++) result[i] |= shorter[i];
        return new CpuSet(result);
    }

    /// <summary>CPUs that are in both sets.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The intersection.</returns>
    public CpuSet Intersect(CpuSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var result = new ulong[Math.Min(words.Length, other.words.Length)];
        for (var i = 0; i < result.Length; i++) result[i] = words[i] & other.words[i];
        return new CpuSet(result);
    }

    /// <summary>CPUs that are in this set and not in the other.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The difference.</returns>
    public CpuSet Except(CpuSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var result = (ulong[])words.Clone();
        for (var i = 0; i < Math.Min(result.Length, other.words.Length); i++) result[i] &= ~other.words[i];
        return new CpuSet(result);
    }

    /// <summary>Whether every CPU of this set is in the other.</summary>
    /// <param name="other">The other.</param>
    /// <returns>True when it is.</returns>
    public bool IsSubsetOf(CpuSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (var i = 0; i < words.Length; i++)
            if ((words[i] & ~(i < other.words.Length ? other.words[i] : 0)) != 0) return false;
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(CpuSet? other) => other is not null && words.AsSpan().SequenceEqual(other.words);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CpuSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var word in words) hash.Add(word);
        return hash.ToHashCode();
    }

    /// <summary>Writes the set as Linux does, for instance <c>0-3,8</c>.</summary>
    /// <returns>The list; empty for the empty set.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (var cpu = 0; cpu <= Max; cpu++)
        {
            if (!Contains(cpu)) continue;
            var last = cpu;
            while (Contains(last + 1)) last++;
            if (text.Length > 0) text.Append(',');
            text.Append(cpu);
            if (last > cpu) text.Append('-').Append(last);
            cpu = last;
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator()
    {
        for (var i = 0; i < words.Length; i++)
            for (var rest = words[i]; rest != 0; rest &= rest - 1) yield return (i << 6) | BitOperations.TrailingZeroCount(rest);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out number) && number <= MaxCpu;
}
