using System.Numerics;

namespace Kilonova.Scheduling.Hosts;

/// <summary>The hosts that no step has rejected so far. A filter can take hosts out and can put none back.</summary>
public readonly ref struct Survivors
{
    private readonly Span<ulong> words;

    internal Survivors(Span<ulong> words) => this.words = words;

    /// <summary>Words of 64 rows each.</summary>
    public int WordCount => words.Length;

    /// <summary>Hosts that are left.</summary>
    public int Count => new HostBits(words).Count;

    /// <summary>Rows of a word that are left, as bits.</summary>
    /// <param name="index">Index of the word.</param>
    /// <returns>Bit b stands for row <c>64 * index + b</c>.</returns>
    public ulong Word(int index) => words[index];

    /// <summary>Keeps those rows of a word whose bit is set.</summary>
    /// <param name="index">Index of the word.</param>
    /// <param name="keep">Bits to keep.</param>
    public void KeepOnly(int index, ulong keep) => words[index] &= keep;

    /// <summary>Keeps those hosts that are in a set.</summary>
    /// <param name="keep">The set.</param>
    public void KeepOnly(HostBits keep)
    {
        var common = Math.Min(words.Length, keep.Words.Length);
        for (var i = 0; i < common; i++) words[i] &= keep.Words[i];
        words[common..].Clear();
    }

    /// <summary>Takes out those hosts that are in a set.</summary>
    /// <param name="removed">The set.</param>
    public void Remove(HostBits removed)
    {
        var common = Math.Min(words.Length, removed.Words.Length);
        for (var i = 0; i < common; i++) words[i] &= ~removed.Words[i];
    }

    /// <summary>Takes a host out.</summary>
    /// <param name="row">Row of the host.</param>
    public void Remove(int row) => words[row >> 6] &= ~(1UL << row);

    /// <summary>Takes every host out.</summary>
    public void Clear() => words.Clear();

    /// <summary>Goes through the rows that are left, in order. The current row may be taken out meanwhile.</summary>
    /// <returns>The enumerator.</returns>
    public Enumerator GetEnumerator() => new(words);

    /// <summary>Goes through rows.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<ulong> words;
        private int index = -1;
        private ulong rest;

        internal Enumerator(ReadOnlySpan<ulong> words) => this.words = words;

        /// <summary>Current row.</summary>
        public int Current { get; private set; }

        /// <summary>Goes on.</summary>
        /// <returns>False at the end.</returns>
        public bool MoveNext()
        {
            while (rest == 0)
            {
                if (++index >= words.Length) return false;
                rest = words[index];
            }

            Current = (index << 6) | BitOperations.TrailingZeroCount(rest);
            rest &= rest - 1;
            return true;
        }
    }
}
