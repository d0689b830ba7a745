using System.Numerics;

namespace Kilonova.Scheduling.Hosts;

/// <summary>One bit for each row of the snapshot, for its owner to change.</summary>
internal sealed class HostBitmap
{
    private ulong[] words;

    public HostBitmap(int rows) => words = new ulong[WordsFor(rows)];

    /// <summary>Bits that are set.</summary>
    public int Count { get; private set; }

    public HostBits Bits => new(words);

    public Span<ulong> Words => words;

    public static int WordsFor(int rows) => (rows + 63) >> 6;

    public void Resize(int rows) => Array.Resize(ref words, WordsFor(rows));

    public bool this[int row]
    {
        get => (words[row >> 6] >> row & 1) != 0;
        set
        {
            if (this[row] == value) return;
            words[row >> 6] ^= 1UL << row;
            Count += value ? 1 : -1;
        }
    }
}

/// <summary>A set of hosts that can be read.</summary>
public readonly ref struct HostBits
{
    internal HostBits(ReadOnlySpan<ulong> words) => Words = words;

    /// <summary>The bits: row r is bit <c>r &amp; 63</c> of word <c>r &gt;&gt; 6</c>. May be shorter than the snapshot; what is missing is 0.</summary>
    public ReadOnlySpan<ulong> Words { get; }

    /// <summary>Hosts in the set.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var word in Words) count += BitOperations.PopCount(word);
            return count;
        }
    }

    /// <summary>Whether a host is in the set.</summary>
    /// <param name="row">Row of the host.</param>
    /// <returns>True when it is.</returns>
    public bool Contains(int row) => row >> 6 < Words.Length && (Words[row >> 6] >> row & 1) != 0;
}
